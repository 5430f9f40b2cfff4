package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/secret"
)

// unwrapAgain is how soon KMS is asked again for a ring that could not be opened.
const unwrapAgain = 30 * time.Second

// resealing has the store go by the file of ASSUMEBOT_SEAL_KEYS_FILE when it says something else, without a
// restart. What cannot be used is refused whole, and the ring that the bot had stays. So is a key in clear where KMS had
// wrapped all: whoever can write the file, and has no key of KMS, gives the bot no key to seal with. A new key of the
// record counts from the next start, since every replica must know it before it signs.
type resealing struct {
	file   func() (ring []secret.Text, text string, err error) // what it says now
	open   func(ctx context.Context, ring []secret.Text) ([]secret.Text, error)
	use    func([]secret.Text) (newest string, err error)
	origin string
	now    func() time.Time
	log    *slog.Logger
	look   chan struct{}

	used, seen string    // the text that the store goes by, and that of the last look
	tried      time.Time // when seen was last refused; zero: it was not
	said       string    // why, which was logged
}

// newResealing is nil where the keys are in no file.
func newResealing(s Settings, u *unwrapper, use func([]secret.Text) (string, error), env Environment) *resealing {
	const name = "ASSUMEBOT_SEAL_KEYS"
	if env.Getenv == nil || env.Getenv(name+"_FILE") == "" || len(s.SealKeys) == 0 {
		return nil
	}
	r := &resealing{use: use, origin: s.origin(), now: env.Now, log: env.Log, look: make(chan struct{}, 1), used: s.sealFile.Reveal()}
	r.file = func() ([]secret.Text, string, error) {
		reader := settingsReader{getenv: env.Getenv}
		text, failed := reader.secret(name)
		var ring []secret.Text
		if !failed {
			ring = reader.sealKeys(text.Reveal())
		}
		return ring, text.Reveal(), errors.Join(reader.problems...)
	}
	r.open = func(ctx context.Context, ring []secret.Text) ([]secret.Text, error) {
		return u.sealKeys(ctx, ring, r.origin)
	}
	return r
}

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
	ring, text, err := r.file()
	again := text == r.seen
	r.seen = text
	switch {
	case text == r.used && err == nil:
		r.tried, r.said = time.Time{}, ""
		return
	case !again:
		r.tried = time.Time{}
		return
	case !r.tried.IsZero() && r.now().Sub(r.tried) < unwrapAgain:
		return
	}
	if err == nil && wrapsAll(r.used) && !wrapsAll(text) {
		err = errors.New("a key stands in clear, and until now KMS had wrapped all: wrap it, with `assumebot keygen --kms KEY --wrap`, " +
			"or restart the bot if you mean it")
	}
	if err == nil {
		ring, err = r.open(ctx, ring)
	}
	newest := ""
	if err == nil {
		newest, err = r.use(ring)
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		r.tried = r.now()
		if r.said != err.Error() {
			r.said = err.Error()
			kms := (*awsapi.KMSError)(nil)
			r.log.ErrorContext(ctx, "the seal keys of the file are not used; the bot keeps those that it had", "error", err,
				"tried_again", errors.As(err, &kms))
		}
	default:
		r.used, r.tried, r.said = text, time.Time{}, ""
		r.log.InfoContext(ctx, "seal keys read from their file", "seal_keys", len(ring), "newest_seal_key", newest)
	}
}

// wrapsAll reports whether KMS has wrapped each key of a list.
func wrapsAll(list string) bool {
	return !slices.ContainsFunc(betweenKeys.Split(strings.TrimSpace(list), -1), func(key string) bool { return !awsapi.IsWrappedKey(key) })
}
