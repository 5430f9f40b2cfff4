package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

// A resealBench is a resealing over a file and a store.
type resealBench struct {
	*resealing
	t      *testing.T
	log    *strings.Builder
	store  *store.Store
	kms    *unwrapper
	file   string
	now    time.Time
	newest string // how many keys the store uses, and the newest; "" until the first change
}

func newResealBench(t *testing.T, b *wrapBench, first string) *resealBench {
	t.Helper()
	r := &resealBench{t: t, log: b.log, file: filepath.Join(t.TempDir(), "seal_keys"), now: time.Now()}
	r.writes(first)
	getenv := func(name string) string { return map[string]string{"ASSUMEBOT_SEAL_KEYS_FILE": r.file}[name] }
	reader := settingsReader{getenv: getenv}
	s := Settings{RedisURL: secret.New("redis://x")}
	reader.keys(&s, true)
	s.RecordKeys = []secret.Text{secret.New(recordKey)}
	r.kms = newUnwrapper(b.client)
	s, err := s.unwrapped(t.Context(), r.kms)
	if err != nil {
		t.Fatal(err)
	}
	r.store, err = store.Open(t.Context(), store.Options{URL: secret.New(store.Embedded), SealKeys: s.SealKeys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.store.Close() })
	use := func(keys, former []secret.Text) (store.Ring, error) {
		ring, err := r.store.UseSealKeys(keys, former)
		if err == nil {
			r.newest = fmt.Sprint(len(keys), " ", ring.Newest)
		}
		return ring, err
	}
	env := Environment{Getenv: getenv, Now: func() time.Time { return r.now }, Log: slog.New(slog.NewTextHandler(b.log, nil))}
	r.resealing = newResealing(s, r.kms, use, env)
	return r
}

func (r *resealBench) writes(keys ...string) {
	r.t.Helper()
	if err := os.WriteFile(r.file, []byte(strings.Join(keys, "\n")), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *resealBench) looks() { r.poll(context.WithoutCancel(r.t.Context())) }

// takes has the file say so, and the store go by it.
func (r *resealBench) takes(keys ...string) {
	r.t.Helper()
	r.writes(keys...)
	r.log.Reset()
	r.looks()
	r.looks()
	if !strings.Contains(r.log.String(), "seal keys read from their file") {
		r.t.Fatalf("got %q, want the keys read", r.log.String())
	}
}

// decrypts is how often KMS was asked to open something.
func (b *wrapBench) decrypts() (n int) {
	for _, c := range b.aws.Calls() {
		if c.Action == "Decrypt" {
			n++
		}
	}
	return n
}

func TestTheFileOfSealKeysCountsWithoutARestart(t *testing.T) {
	b := newWrapBench(t)
	first, second := b.sealKey(t, ourOrigin), b.sealKey(t, ourOrigin)
	r := newResealBench(t, b, first)
	look, write, used := r.looks, r.writes, func() string { return r.newest }
	asked := b.decrypts
	look()
	look()
	if used() != "" || asked() != 1 {
		t.Fatalf("got %q and %d calls, want nothing done about the same file", used(), asked())
	}
	write(first + "\n" + second + "\n")
	if look(); used() != "" {
		t.Error("a file is taken that was seen once, perhaps half")
	}
	if look(); !strings.HasPrefix(used(), "2 ") || asked() != 2 {
		t.Errorf("got %q and %d calls, want both keys, and KMS asked for the new one alone", used(), asked())
	}
	was := used()
	write(second + "\n" + first + "\n")
	look()
	if look(); !strings.HasPrefix(used(), "2 ") || used() == was || asked() != 2 {
		t.Errorf("got %q and %d calls, want that the second seals, and KMS not asked again", used(), asked())
	}
	was = used()
	for name, text := range map[string]string{
		"without the key that seals": b.sealKey(t, ourOrigin), "nothing": "", "no key": "canary",
		"a first key that other replicas lack": b.sealKey(t, ourOrigin) + "\n" + second + "\n" + first,
		"of another bot":                       b.sealKey(t, "example.com/other") + "\n" + second,
		"a key in clear":                       second + "\n" + first + "\n" + sealKey("clear"),
	} {
		b.log.Reset()
		write(text)
		look()
		look()
		look()
		if got := b.log.String(); used() != was || strings.Count(got, "are not used") != 1 || strings.Contains(got, "canary") {
			t.Errorf("%s: got %q and %q, want one line about it and the keys from before", name, used(), got)
		}
		if now := r.told(); !now.Refused || !now.Read.Equal(r.now) {
			t.Errorf("%s: got %+v, want it told that a file is refused", name, now)
		}
	}
	// KMS is away: it is asked again, not at each look.
	b.log.Reset()
	third := b.sealKey(t, ourOrigin)
	clear := b.aws.Inject(awstest.Fault{Action: "Decrypt", Error: &awstest.FaultError{Code: "ThrottlingException", Message: "Rate exceeded"}})
	write(second + "\n" + third + "\n" + first)
	look()
	look()
	n := asked()
	look()
	if used() != was || asked() != n || !strings.Contains(b.log.String(), "KMS has too many requests") {
		t.Errorf("got %q, %d calls more and %q, want the keys from before", used(), asked()-n, b.log.String())
	}
	clear()
	r.now = r.now.Add(unwrapAgain)
	if look(); !strings.HasPrefix(used(), "3 ") {
		t.Errorf("got %q, want all three once KMS answers", used())
	}
	if now := r.told(); now.Refused || !now.Read.Equal(r.now) {
		t.Errorf("got %+v, want it told that the file is used, and since when", now)
	}
	write("no key")
	look()
	look()
	write(second + "\n" + third + "\n" + first)
	was, r.now = used(), r.now.Add(time.Hour)
	if look(); r.told().Refused || r.told().Read.Equal(r.now) || used() != was {
		t.Errorf("got %+v, want that a file which is as it was is refused no more, and not read anew", r.told())
	}
}

// TestAKeyThatLeavesTheFileOpensUntilNothingNeedsIt: an operator who removes it too early loses nothing, and one who
// waited is rid of it at once.
func TestAKeyThatLeavesTheFileOpensUntilNothingNeedsIt(t *testing.T) {
	b := newWrapBench(t)
	first, second := b.sealKey(t, ourOrigin), b.sealKey(t, ourOrigin)
	r := newResealBench(t, b, first)
	written := r.store.LogKeys.MACs([]byte("entry"))
	reads := func() bool { return r.store.LogKeys.Check(written, []byte("entry")) }
	writesByOne := func() bool { return strings.Count(r.store.LogKeys.MACs(nil), "=") == 1 }
	r.takes(first, second)
	r.now = r.now.Add(1000 * time.Hour)
	r.takes(second, first) // from now on nothing is sealed by the first
	r.now = r.now.Add(time.Hour)
	r.takes(second)
	if got := r.log.String(); !reads() || !writesByOne() || strings.Count(got, "a seal key has left its file") != 1 ||
		!strings.Contains(got, "until="+r.now.Add(sealedFor-time.Hour).Format("2006-01-02T15:04:05.000Z07:00")) {
		t.Errorf("an hour after it sealed last: got %q, want that it opens, seals nothing, and until when", got)
	}

	// It comes back, to open or to seal again, but not at once to seal: another replica may not have it.
	r.writes(first, second)
	r.log.Reset()
	r.looks()
	r.looks()
	if got := r.log.String(); !strings.Contains(got, "another replica may not have it yet") {
		t.Errorf("got %q, want that it does not seal", got)
	}
	r.takes(second, first)
	if writesByOne() {
		t.Error("a key that came back is still a former one")
	}
	r.takes(second)

	// What the file says of others meanwhile changes nothing for it, nor does a file that is refused.
	r.now = r.now.Add(sealedFor - time.Hour - time.Second)
	third := b.sealKey(t, ourOrigin)
	r.takes(second, third)
	r.writes("no key")
	r.looks()
	r.looks()
	if !reads() {
		t.Error("it is forgotten too early")
	}
	r.now = r.now.Add(time.Second)
	r.log.Reset()
	r.looks()
	if got := r.log.String(); reads() || strings.Count(got, "opens nothing any more") != 1 {
		t.Errorf("got %q, want that it is forgotten once nothing needs it, though the file is refused", got)
	}

	// Who waited long enough is rid of a key with the file.
	written = r.store.LogKeys.MACs([]byte("entry"))
	r.takes(third, second)
	r.now = r.now.Add(sealedFor)
	r.takes(third)
	if got := r.log.String(); strings.Contains(got, "has left its file") || len(r.former) > 0 || !r.store.LogKeys.Check(written, []byte("entry")) {
		t.Errorf("got %q, want that it is gone at once, and that the third reads what both wrote", got)
	}
}

// TestNoKeyStaysInMemoryThatNothingNeeds, nor is any printed.
func TestNoKeyStaysInMemoryThatNothingNeeds(t *testing.T) {
	b := newWrapBench(t)
	first, second, third := b.sealKey(t, ourOrigin), b.sealKey(t, ourOrigin), b.sealKey(t, ourOrigin)
	r := newResealBench(t, b, first)
	holds := func(opened, ring, former int) {
		t.Helper()
		if len(r.kms.opened) != opened || len(r.ring) != ring || len(r.former) != former {
			t.Errorf("got %d opened, %d in the ring and %d former keys, want %d, %d and %d",
				len(r.kms.opened), len(r.ring), len(r.former), opened, ring, former)
		}
	}
	holds(1, 1, 0)
	r.takes(first, second)
	r.takes(second, first)
	holds(2, 2, 0)
	r.takes(second)
	holds(1, 1, 1)
	r.now = r.now.Add(sealedFor)
	r.looks()
	holds(1, 1, 0)

	// A ring that is refused is kept as long as the file has it, so that KMS is not asked again and again.
	r.writes(third, second)
	r.looks()
	r.looks()
	asked := b.decrypts()
	r.now = r.now.Add(unwrapAgain)
	r.looks()
	if holds(2, 1, 0); b.decrypts() != asked {
		t.Errorf("KMS was asked %d times more", b.decrypts()-asked)
	}
	r.writes(second)
	r.looks()
	holds(1, 1, 0)

	clear := newResealBench(t, b, sealKey("one")+"\n"+sealKey("two"))
	for _, what := range []any{clear.resealing, r.resealing, r.kms} {
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			printed := fmt.Sprintf(verb, what)
			if strings.Contains(printed, sealKey("one")) || strings.Contains(printed, "awskms:") {
				t.Errorf("%T prints a key with %s", what, verb)
			}
		}
	}
}
