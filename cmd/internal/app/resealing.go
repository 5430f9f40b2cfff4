package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/watch"
	"github.com/assumebot/assumebot/store"
)

const (
	// unwrapAgain is how soon KMS is asked again for a ring that could not be opened.
	unwrapAgain = 30 * time.Second
	// sealedFor is how long after a key has sealed last something may need it: MFA sessions last 36 hours, the record
	// is read 72 hours back, and so are approvals and answers that are owed. What is read for longer, such as registered
	// public keys, operations.md tells of.
	sealedFor = 72 * time.Hour
)

// resealing has the store go by the file of ASSUMEBOT_SEAL_KEYS_FILE when it says something else, without a
// restart. What cannot be used is refused whole, and the ring that the bot had stays. So is a key in clear where KMS had
// wrapped all: whoever can write the file, and has no key of KMS, gives the bot no key to seal with. A new key of the
// record counts from the next start, since every replica must know it before it signs.
//
// A key that leaves the file seals nothing from then on, and opens until nothing is left that could need it; then it is
// forgotten. Until then it opens as well what somebody else seals with it. A start knows no key but those of the file:
// of one that leaked, stop all replicas before the first starts again.
type resealing struct {
	file func() (entries []secret.Text, d digest, err error) // what it says now
	open func(ctx context.Context, entries []secret.Text) ([]secret.Text, error)
	keep func(entries []secret.Text) // forgets what was opened of others
	use  func(ring, former []secret.Text) (store.Ring, error)
	now  func() time.Time
	log  *slog.Logger
	look chan struct{}

	used, seen digest        // of what the store goes by, and of the last look
	entries    []secret.Text // that the store goes by, as they are written
	ring       []heldKey     // of entries, newest first
	former     []heldKey     // that left the file, and still open
	tried      time.Time     // when seen was last refused; zero: it was not
	said       string        // why, which was logged

	stands atomic.Pointer[watch.SealKeys]
}

// A digest is of a text that is secret.
type digest [sha256.Size]byte

// A heldKey is a key in clear.
type heldKey struct {
	key    secret.Text
	sealed time.Time // when it has sealed last, here or in another replica, as far as this one can know
	id     string    // once it has left the file
}

// newResealing is nil where the keys are in no file. The keys of s are in clear.
func newResealing(s Settings, u *unwrapper, use func(ring, former []secret.Text) (store.Ring, error), env Environment) *resealing {
	const name = "ASSUMEBOT_SEAL_KEYS"
	if env.Getenv == nil || env.Getenv(name+"_FILE") == "" || len(s.SealKeys) == 0 {
		return nil
	}
	r := &resealing{use: use, keep: u.keep, now: env.Now, log: env.Log, look: make(chan struct{}, 1)}
	r.used = digestOf(s.sealFile)
	r.entries = (&settingsReader{}).sealKeys(s.sealFile.Reveal())
	for _, key := range s.SealKeys {
		r.ring = append(r.ring, heldKey{key: key, sealed: r.now()})
	}
	r.stands.Store(&watch.SealKeys{Read: r.now()})
	r.file = func() ([]secret.Text, digest, error) {
		reader := settingsReader{getenv: env.Getenv}
		text, failed := reader.secret(name)
		var entries []secret.Text
		if !failed {
			entries = reader.sealKeys(text.Reveal())
		}
		return entries, digestOf(text), errors.Join(reader.problems...)
	}
	origin := s.origin()
	r.open = func(ctx context.Context, entries []secret.Text) ([]secret.Text, error) {
		return u.sealKeys(ctx, entries, origin)
	}
	return r
}

func digestOf(text secret.Text) digest { return sha256.Sum256([]byte(text.Reveal())) }

// nudge has run look at the file; it does not wait.
func (r *resealing) nudge() {
	if r == nil {
		return
	}
	select {
	case r.look <- struct{}{}:
	default:
	}
}

// run looks at each nudge until ctx ends.
func (r *resealing) run(ctx context.Context) {
	if r == nil {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.look:
			r.poll(ctx)
		}
	}
}

// poll takes what was the same twice in a row: a file that is being written is not read half.
func (r *resealing) poll(ctx context.Context) {
	r.expire(ctx)
	entries, is, err := r.file()
	again := is == r.seen
	r.seen = is
	r.keep(slices.Concat(r.entries, entries))
	switch {
	case is == r.used && err == nil:
		r.tried, r.said = time.Time{}, ""
		r.stand(false)
		return
	case !again:
		r.tried = time.Time{}
		return
	case !r.tried.IsZero() && r.now().Sub(r.tried) < unwrapAgain:
		return
	}
	if err == nil && wrapsAll(r.entries) && !wrapsAll(entries) {
		err = errors.New("a key stands in clear, and until now KMS had wrapped all: wrap it, with `assumebot keygen --kms KEY --wrap`, " +
			"or restart the bot if you mean it")
	}
	var ring []secret.Text
	if err == nil {
		ring, err = r.open(ctx, entries)
	}
	var newest string
	if err == nil {
		newest, err = r.take(ctx, ring)
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		r.tried = r.now()
		r.stand(true)
		if r.said != err.Error() {
			r.said = err.Error()
			kms := (*awsapi.KMSError)(nil)
			r.log.ErrorContext(ctx, "the seal keys of the file are not used; the bot keeps those that it had", "error", err,
				"tried_again", errors.As(err, &kms))
		}
	default:
		r.used, r.entries, r.tried, r.said = is, entries, time.Time{}, ""
		r.stands.Store(&watch.SealKeys{Read: r.now()})
		r.keep(r.entries)
		r.log.InfoContext(ctx, "seal keys read from their file", "seal_keys", len(ring), "newest_seal_key", newest)
	}
}

// take has the store go by ring. A key that is not in it any more opens for as long as something may need it.
func (r *resealing) take(ctx context.Context, ring []secret.Text) (newest string, err error) {
	now := r.now()
	held := slices.Concat(r.ring, r.former)
	held[0].sealed = now
	var next, former []heldKey
	for _, key := range ring {
		if i := slices.IndexFunc(held, same(key)); i >= 0 {
			next = append(next, heldKey{key: key, sealed: held[i].sealed})
			continue
		}
		next = append(next, heldKey{key: key, sealed: now})
	}
	for _, k := range held {
		if !slices.ContainsFunc(next, same(k.key)) && now.Sub(k.sealed) < sealedFor {
			former = append(former, k)
		}
	}
	uses, err := r.use(inClear(next), inClear(former))
	if err != nil {
		return "", err
	}
	for i := range former {
		if former[i].id == "" {
			former[i].id = uses.Former[i]
			r.log.WarnContext(ctx, "a seal key has left its file: it seals nothing any more, and opens what it sealed until then. "+
				"A bot that starts before then does not have it, and may issue nothing: put it back; if it leaked, stop all replicas now and start them with the new file",
				"seal_key", former[i].id, "until", former[i].sealed.Add(sealedFor))
		}
	}
	r.ring, r.former = next, former
	return uses.Newest, nil
}

// expire forgets keys that left the file once nothing can need them.
func (r *resealing) expire(ctx context.Context) {
	for _, k := range r.former {
		if r.now().Sub(k.sealed) < sealedFor {
			continue
		}
		if _, err := r.take(ctx, inClear(r.ring)); err != nil {
			r.log.ErrorContext(ctx, "a seal key that has left its file still opens: restart the bot to forget it", "seal_key", k.id, "error", err)
			return
		}
		r.log.InfoContext(ctx, "a seal key that had left its file opens nothing any more", "seal_key", k.id)
	}
}

// stand notes whether what the file says now is refused.
func (r *resealing) stand(refused bool) {
	now := *r.stands.Load()
	now.Refused = refused
	r.stands.Store(&now)
}

// told is how it stands with the file; nil where the keys are in none.
func (r *resealing) told() *watch.SealKeys {
	if r == nil {
		return nil
	}
	return r.stands.Load()
}

// same finds a key among those that are held.
func same(key secret.Text) func(heldKey) bool {
	return func(k heldKey) bool { return k.key.Reveal() == key.Reveal() }
}

func inClear(held []heldKey) []secret.Text {
	var keys []secret.Text
	for _, k := range held {
		keys = append(keys, k.key)
	}
	return keys
}

// wrapsAll reports whether KMS has wrapped each entry.
func wrapsAll(entries []secret.Text) bool {
	return !slices.ContainsFunc(entries, inClearText)
}

func inClearText(entry secret.Text) bool { return !awsapi.IsWrappedKey(entry.Reveal()) }
