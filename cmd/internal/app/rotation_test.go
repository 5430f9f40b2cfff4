package app

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/rotation"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

// rotatingBench is alice's key in the secret assumebot/alice, a day old, and a bob whose key stands elsewhere.
type rotatingBench struct {
	aws    *awstest.Server
	client *awsapi.Client
	st     *store.Store
	config policy.Config

	mu  sync.Mutex
	now time.Time
	did []string
}

const firstKey = "AKIAALICE00000000000"

func newRotatingBench(t *testing.T) *rotatingBench {
	t.Helper()
	aws, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	st, err := store.Open(t.Context(), store.Options{URL: secret.New(store.Embedded)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	b := &rotatingBench{aws: aws, st: st, now: time.Now().Truncate(time.Second)}
	aws.SetClock(b.clock)
	const account = "111111111111"
	aws.AddUser(awstest.User{Account: account, Name: "assumebot", AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: "bot-secret"})
	aws.AddUser(awstest.User{Account: account, Name: "alice", AccessKeyID: firstKey, SecretAccessKey: "alice-secret"})
	aws.SetKeyCreated(firstKey, b.now.Add(-25*time.Hour))
	aws.PutSecret(account, "assumebot/alice", `{"access_key_id":"`+firstKey+`","secret_access_key":"alice-secret"}`)
	key := secret.Credentials{AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: secret.New("bot-secret")}
	b.client = awsapi.NewAt(awsapi.Place{Endpoint: aws.URL(), Key: key}, "eu-west-1", func(string) string { return "" }, b.clock)
	b.config = policy.Config{RotateKeys: 24 * time.Hour, Users: policy.Users(
		policy.User{Slack: "U01ALICE", Name: "alice", Key: policy.KeySource{Secret: "assumebot/alice"}},
		policy.User{Slack: "U02BOB", Name: "bob", Key: policy.KeySource{Env: "BOB"}},
		policy.User{Slack: "U03CAROL", Name: "carol", Key: policy.KeySource{Secret: "assumebot/alice"}}, // the same one
	)}
	return b
}

func (b *rotatingBench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *rotatingBench) advance(_ context.Context, d time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
	return true
}

// Record implements [rotation.Recorder].
func (b *rotatingBench) Record(_ context.Context, events ...event.Event) (event.Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range events {
		if d := e.Data.(event.RotationData); d.State != event.RotationIntent {
			b.did = append(b.did, strings.TrimSpace(d.Target.Name+" "+d.Step+" "+d.State+" "+d.Code))
		}
	}
	return event.Receipt{}, nil
}

func (b *rotatingBench) replica() *rotating {
	r := newRotating(NewRotation(b.client, b.st, b, b.clock), b.st.Leases, func() *policy.Config { return &b.config }, b.clock, slog.New(slog.DiscardHandler))
	r.pause = b.advance
	return r
}

func held() error { return nil }

const wholeRotation = "alice create done, alice store done, alice test done, alice switch done, alice deactivate done, alice delete done"

func TestAReplicaReplacesEachKeyThatIsDueOnce(t *testing.T) {
	t.Parallel()
	b := newRotatingBench(t)
	r := b.replica()
	for range 200 { // hours of looks
		if due := r.due(); len(due) > 0 {
			r.round(t.Context(), due, held)
		}
		b.advance(t.Context(), time.Minute)
	}
	if got := strings.Join(b.did, ", "); got != wholeRotation {
		t.Errorf("got %s, want %s", got, wholeRotation)
	}
}

func TestNoKeyIsReplacedWithoutRotateKeys(t *testing.T) {
	t.Parallel()
	b := newRotatingBench(t)
	b.config.RotateKeys = 0
	if due := b.replica().due(); len(due) > 0 {
		t.Errorf("got %v due, want nobody", due)
	}
}

func TestAForeignKeyIsToldOnceAndNeverTouched(t *testing.T) {
	t.Parallel()
	b := newRotatingBench(t)
	b.aws.AddUser(awstest.User{Account: "111111111111", Name: "alice", AccessKeyID: "AKIASTRANGE000000000", SecretAccessKey: "x"})
	r := b.replica()
	for range 300 {
		if due := r.due(); len(due) > 0 {
			r.round(t.Context(), due, held)
		}
		b.advance(t.Context(), time.Minute)
	}
	if got := strings.Join(b.did, ", "); got != "alice  failed foreign_key" {
		t.Errorf("got %q, want it told once", got)
	}
	if active, _ := b.aws.KeyIDs("arn:aws:iam::111111111111:user/alice"); len(active) != 2 {
		t.Errorf("got %v, want both keys as they were", active)
	}
	b.aws.DeleteKey("AKIASTRANGE000000000")
	for range 200 {
		if due := r.due(); len(due) > 0 {
			r.round(t.Context(), due, held)
		}
		b.advance(t.Context(), time.Minute)
	}
	if got := strings.Join(b.did[1:], ", "); got != wholeRotation {
		t.Errorf("once it is deleted: got %s, want %s", got, wholeRotation)
	}
}

// TestFailedRotationsAreCountedByTheirCode, all others at zero from the start.
func TestFailedRotationsAreCountedByTheirCode(t *testing.T) {
	t.Parallel()
	b := newRotatingBench(t)
	r := b.replica()
	counted := func() (out map[string]int, zero int) {
		out = map[string]int{}
		for _, c := range r.told() {
			if c.Times == 0 {
				zero++
				continue
			}
			out[c.Code] = c.Times
		}
		return out, zero
	}
	if out, zero := counted(); len(out) > 0 || zero != len(rotation.Codes()) {
		t.Errorf("at the start: got %v and %d at zero, want all %d", out, zero, len(rotation.Codes()))
	}
	hours := func(n int) {
		for range 60 * n {
			if due := r.due(); len(due) > 0 {
				r.round(t.Context(), due, held)
			}
			b.advance(t.Context(), time.Minute)
		}
	}
	b.aws.AddUser(awstest.User{Account: "111111111111", Name: "alice", AccessKeyID: "AKIASTRANGE000000000", SecretAccessKey: "x"})
	hours(3) // after 0, 5, 15, 35, 75 and 135 minutes
	if got, _ := counted(); !maps.Equal(got, map[string]int{rotation.ForeignKey: 6}) {
		t.Errorf("with a foreign key: got %v, want it 6 times", got)
	}
	b.aws.DeleteKey("AKIASTRANGE000000000")
	hours(3)
	got, _ := counted()
	if !maps.Equal(got, map[string]int{rotation.ForeignKey: 6}) {
		t.Errorf("once it is deleted: got %v, want no more", got)
	}

	ended, end := context.WithCancel(t.Context())
	end()
	r.next = map[string]time.Time{}
	r.round(ended, r.due(), held)
	if after, _ := counted(); !maps.Equal(after, got) {
		t.Errorf("told to stop: got %v, want %v as before", after, got)
	}
}

// TestTheGuideSaysWhatToDoAboutEachCode of a Problem: alerts send people there.
func TestTheGuideSaysWhatToDoAboutEachCode(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../../deploy/docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range rotation.Codes() {
		if !regexp.MustCompile("(?m)^\\| [a-z_`, ]*`" + code + "`[a-z_`, ]* \\|").Match(guide) {
			t.Errorf("%s has no row", code)
		}
	}
}

func TestTwoReplicasNeverReplaceOneKeyAtOnce(t *testing.T) {
	t.Parallel()
	b := newRotatingBench(t)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			r := b.replica()
			for range 100 {
				due := r.due()
				err := r.lease.Do(t.Context(), func(ctx context.Context, h *lease.Hold) error {
					r.round(ctx, due, func() error { _, err := h.Fence(); return err })
					return nil
				})
				if err != nil && !errors.Is(err, lease.ErrTaken) {
					t.Error(err)
				}
				b.advance(t.Context(), 30*time.Second)
			}
		})
	}
	both.Wait()
	if got := strings.Join(b.did, ", "); got != wholeRotation {
		t.Errorf("got %s, want %s", got, wholeRotation)
	}
}
