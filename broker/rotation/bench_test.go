package rotation_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/rotation"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

const (
	hub                  = "111111111111"
	aliceKey             = "AKIAALICE00000000000"
	aliceSecret          = "alice-secret-key"
	botKey, botSecretKey = "AKIABOT0000000000000", "bot-secret-key"
	name                 = "assumebot/alice"
)

// bench is one IAM user in a fake AWS, her secret, and the record of what the bot does.
type bench struct {
	t      *testing.T
	aws    *awstest.Server
	notes  rotation.Notes
	alice  rotation.Subject
	client *awsapi.Client
	runs   int

	mu     sync.Mutex
	now    time.Time
	events []event.Event
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, now: time.Now().Truncate(time.Second), notes: openNotes(t)}
	aws, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	b.aws = aws
	aws.SetClock(b.clock)
	aws.AddUser(awstest.User{Account: hub, Name: "assumebot", AccessKeyID: botKey, SecretAccessKey: botSecretKey})
	b.reset()
	place := awsapi.Place{Endpoint: aws.URL(), Key: secret.Credentials{AccessKeyID: botKey, SecretAccessKey: secret.New(botSecretKey)}}
	b.client = awsapi.NewAt(place, "eu-west-1", func(string) string { return "" }, b.clock)
	return b
}

// reset gives alice her first key again, a day old, in a secret of her own.
func (b *bench) reset() {
	active, inactive := b.aws.KeyIDs(b.user())
	for _, id := range append(active, inactive...) {
		b.aws.DeleteKey(id)
	}
	b.aws.AddUser(awstest.User{Account: hub, Name: "assumebot/alice", AccessKeyID: aliceKey, SecretAccessKey: aliceSecret})
	b.aws.SetKeyCreated(aliceKey, b.clock().Add(-25*time.Hour))
	b.aws.DeleteSecret(hub, name)
	b.aws.PutSecret(hub, name, `{"access_key_id":"`+aliceKey+`","secret_access_key":"`+aliceSecret+`"}`)
	b.aws.SetNewKeysUnknown(1)
	b.runs++
	b.alice = rotation.Subject{Who: event.Person{ID: fmt.Sprintf("U%05d", b.runs), Name: "alice"}, Secret: name} // without a note
	b.events = nil
}

func openNotes(t *testing.T) rotation.Notes {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{URL: secret.New(store.Embedded)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st.Copies
}

func (b *bench) user() string { return awstest.UserARN(hub, "assumebot/alice") }

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// Record implements [rotation.Recorder].
func (b *bench) Record(_ context.Context, events ...event.Event) (event.Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range events {
		if _, _, err := e.Encode(); err != nil {
			return event.Receipt{}, err
		}
	}
	b.events = append(b.events, events...)
	return event.Receipt{Number: int64(len(b.events) - 1)}, nil
}

// current is the access key ID that the secret holds now.
func (b *bench) current() string {
	var doc struct {
		ID string `json:"access_key_id"`
	}
	if err := json.Unmarshal([]byte(b.aws.SecretNow(hub, name, "AWSCURRENT")), &doc); err != nil {
		b.t.Fatal(err)
	}
	return doc.ID
}

// process is one replica, with what may go wrong at its calls.
type process struct {
	*bench
	rotator *awsapi.Rotator
	calls   int
	dead    bool
	// at is asked before each call; what it returns is done after it.
	at func(p *process, call string) (after func() error)
}

// changes are the calls that change something. To die at another is to die before the next of these.
var changes = map[string]bool{
	"CreateKey": true, "DeactivateKey": true, "DeleteKey": true, "StorePending": true, "Switch": true, "DropPending": true, "Record": true, "SwapKnown": true,
}

var errDead = errors.New("the process has ended")

func (b *bench) process() *process { return &process{bench: b, rotator: awsapi.NewRotator(b.client)} }

func (p *process) rotation() *rotation.Rotation {
	return rotation.New(rotation.Deps{Keys: p, Secrets: p, Owners: p, Recorder: recorder{p}, Notes: p, Now: p.clock})
}

// do makes one call.
func (p *process) do(call string, work func() error) error {
	if p.dead {
		return errDead
	}
	after := func() error { return nil }
	if changes[call] {
		p.calls++
	}
	if p.at != nil && changes[call] {
		after = p.at(p, call)
	}
	if p.dead {
		return errDead
	}
	err := work()
	p.checkKeys(call)
	return errors.Join(err, after())
}

// checkKeys holds at any moment: two keys at most, and the one that is stored works.
func (b *bench) checkKeys(call string) {
	active, inactive := b.aws.KeyIDs(b.user())
	if n := len(active) + len(inactive); n > 2 {
		b.t.Errorf("after %s: alice has %d keys, want 2 at most", call, n)
	}
	if !slices.Contains(active, b.current()) {
		b.t.Fatalf("after %s: the secret holds %s, and only %v work", call, b.current(), active)
	}
}

func (p *process) Keys(ctx context.Context, user string) (all []rotation.Key, err error) {
	err = p.do("Keys", func() (err error) { all, err = p.rotator.Keys(ctx, user); return err })
	return all, err
}

func (p *process) CreateKey(ctx context.Context, user string) (key secret.Credentials, err error) {
	err = p.do("CreateKey", func() (err error) { key, err = p.rotator.CreateKey(ctx, user); return err })
	return key, err
}

func (p *process) DeactivateKey(ctx context.Context, user, id string) error {
	return p.do("DeactivateKey", func() error { return p.rotator.DeactivateKey(ctx, user, id) })
}

func (p *process) DeleteKey(ctx context.Context, user, id string) error {
	return p.do("DeleteKey", func() error { return p.rotator.DeleteKey(ctx, user, id) })
}

func (p *process) KeyLastUsed(ctx context.Context, id string) (at time.Time, err error) {
	err = p.do("KeyLastUsed", func() (err error) { at, err = p.rotator.KeyLastUsed(ctx, id); return err })
	return at, err
}

func (p *process) Stored(ctx context.Context, name string) (s rotation.Stored, err error) {
	err = p.do("Stored", func() (err error) { s, err = p.rotator.Stored(ctx, name); return err })
	return s, err
}

func (p *process) StorePending(ctx context.Context, name, version string, key secret.Credentials) error {
	return p.do("StorePending", func() error { return p.rotator.StorePending(ctx, name, version, key) })
}

func (p *process) Switch(ctx context.Context, name, from, to string) error {
	return p.do("Switch", func() error { return p.rotator.Switch(ctx, name, from, to) })
}

func (p *process) DropPending(ctx context.Context, name, version string) error {
	return p.do("DropPending", func() error { return p.rotator.DropPending(ctx, name, version) })
}

func (p *process) Owner(ctx context.Context, key secret.Credentials) (o rotation.Owner, err error) {
	err = p.do("Owner", func() (err error) { o, err = p.rotator.Owner(ctx, key); return err })
	return o, err
}

func (p *process) Own(ctx context.Context) (account string, err error) {
	err = p.do("Own", func() (err error) { account, err = p.rotator.Own(ctx); return err })
	return account, err
}

func (p *process) LoadKnown(ctx context.Context, name string) (plain, sealed []byte, err error) {
	err = p.do("LoadKnown", func() (err error) { plain, sealed, err = p.notes.LoadKnown(ctx, name); return err })
	return plain, sealed, err
}

func (p *process) SwapKnown(ctx context.Context, name string, sealed, plain []byte) (ok bool, err error) {
	err = p.do("SwapKnown", func() (err error) { ok, err = p.notes.SwapKnown(ctx, name, sealed, plain); return err })
	return ok, err
}

type recorder struct{ *process }

func (r recorder) Record(ctx context.Context, events ...event.Event) (got event.Receipt, err error) {
	err = r.do("Record", func() (err error) { got, err = r.bench.Record(ctx, events...); return err })
	return got, err
}

func held() error { return nil }

var daily = rotation.Order{Every: 24 * time.Hour}

// run goes on until the first key is gone and nothing is under way, or the process is dead. It waits as a replica does.
func (p *process) run(order rotation.Order) {
	p.t.Helper()
	r := p.rotation()
	for range 100 {
		done, err := r.Step(p.t.Context(), held, p.alice, order)
		switch {
		case p.dead:
			return
		case err != nil:
			p.advance(rotation.Settle)
		case done.Done() && p.current() != aliceKey:
			return
		default:
			p.advance(done.Wait)
		}
	}
	p.t.Fatal("the rotation does not end")
}

// settled holds in the end: one key, which works, is stored, and is another one; and each intent was closed.
func (b *bench) settled() {
	b.t.Helper()
	active, inactive := b.aws.KeyIDs(b.user())
	if len(inactive) > 0 || len(active) != 1 || active[0] != b.current() || active[0] == aliceKey {
		b.t.Errorf("got %v active and %v inactive, with %s stored; want the one new key", active, inactive, b.current())
	}
	open, closed := map[string]string{}, map[string]bool{}
	for _, e := range b.events {
		switch d := e.Data.(event.RotationData); d.State {
		case event.RotationIntent:
			open[d.Attempt] = d.Step
		default:
			closed[d.Attempt] = true // before its intent, where its process stood still at that
		}
	}
	for attempt, step := range open {
		if !closed[attempt] {
			b.t.Errorf("nothing tells what came of the intent to %s", step)
		}
	}
}
