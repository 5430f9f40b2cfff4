package broker_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// memory implements the broker's ports within the test, with a switch for each
// thing that can fail.
type memory struct {
	mu          sync.Mutex
	codes       map[string]string
	events      []entry
	grants      map[string]broker.Grant
	kept        map[string]secret.Credentials
	sessions    map[string]keptSession
	groups      map[string][]string
	lockouts    lockouts
	orders      orders
	rates       rates
	leases      map[string]held
	leasesErr   error
	holders     []string         // everybody who ever held one
	standing    *broker.Standing // of everybody; nil: a full member
	left        string           // Slack user ID of one who is deactivated
	peopleErr   error
	nobodyKnows string // whose Standing is unknown
	keys        map[string]broker.RegisteredKey
	keysErr     error
	listings    map[string]listing.Listing
	approvals   map[string]approval.Approval
	asOf        func() time.Time // of the approvals' clock
	listErr     error
	failOn      map[event.Kind]bool
	late        map[event.Kind]bool // somebody else closed the attempt before
	held        bool                // the record takes nothing that gives
	codesErr    error
	saveErr     error
	groupErr    error
	liveErr     error // of LiveGrants alone
	pastErr     error // of Leaves

	reservedFor time.Duration // the last ReserveCode's ttl
	approvalFor time.Duration // the last SaveApproval's keep

	onRecord func(event.Kind) // before each Event; may be nil
	endErr   error            // of EndGrant
	recorded chan event.Kind  // where a test waits for one; may be nil
}

func newMemory() *memory {
	return &memory{
		codes: map[string]string{}, grants: map[string]broker.Grant{}, kept: map[string]secret.Credentials{},
		groups: map[string][]string{}, keys: map[string]broker.RegisteredKey{}, approvals: map[string]approval.Approval{},
		failOn: map[event.Kind]bool{}, late: map[event.Kind]bool{},
	}
}

var errDown = errors.New("the store is down")

func (m *memory) Record(ctx context.Context, events ...event.Event) (event.Receipt, error) {
	if m.held && slices.ContainsFunc(events, func(e event.Event) bool { return event.Gives(e.Kind) }) {
		return event.Receipt{}, broker.ErrRecordHeld
	}
	for _, e := range events {
		if err := m.recordOne(ctx, e); err != nil {
			return event.Receipt{}, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return event.Receipt{Number: int64(len(m.events)), Late: m.late[events[0].Kind]}, nil
}

func (m *memory) recordOne(ctx context.Context, e event.Event) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if m.onRecord != nil {
		m.onRecord(e.Kind)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failOn[e.Kind] {
		return errDown
	}
	kept, err := entryOf(e)
	if err != nil {
		return err
	}
	kept.whole = e
	m.events = append(m.events, kept)
	if m.recorded != nil {
		m.recorded <- e.Kind
	}
	return nil
}

func (m *memory) ReserveCode(_ context.Context, user, serial string, code secret.TokenCode, id string, ttl time.Duration) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reservedFor = ttl
	if m.codesErr != nil {
		return false, m.codesErr
	}
	key := user + serial + code.Reveal()
	if holder, ok := m.codes[key]; ok && holder != id {
		return false, nil
	}
	m.codes[key] = id
	return true, nil
}

func (m *memory) ReleaseCode(_ context.Context, user, serial string, code secret.TokenCode, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := user + serial + code.Reveal()
	if m.codes[key] == id {
		delete(m.codes, key)
	}
	return nil
}

// Ask leaves each question to be asked by itself.
func (m *memory) Ask(context.Context, ahead.Questions) {}

func (m *memory) SaveGrant(
	_ context.Context, g broker.Grant, c secret.Credentials, _ time.Duration, _ ...broker.DueText,
) ([]broker.DueEntry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saveErr != nil {
		return nil, m.saveErr
	}
	m.grants[g.User+g.Account], m.kept[g.ID] = g, c
	return nil, nil
}

func (m *memory) RevealGrant(_ context.Context, user, account string) (broker.Grant, secret.Credentials, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saveErr != nil {
		return broker.Grant{}, secret.Credentials{}, false, m.saveErr
	}
	g, ok := m.grants[user+account]
	c, kept := m.kept[g.ID]
	return g, c, ok && kept, nil
}

func (m *memory) ForgetCredentials(_ context.Context, _, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.kept, id)
	return nil
}

func (m *memory) LiveGrants(_ context.Context, user string) ([]broker.Grant, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []broker.Grant
	for _, g := range m.grants {
		if g.User == user {
			out = append(out, g)
		}
	}
	return out, cmp.Or(m.saveErr, m.liveErr)
}

func (m *memory) FindGrant(_ context.Context, user, id string) (broker.KeptGrant, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range m.grants {
		if g.User == user && g.ID == id {
			c, kept := m.kept[id]
			return broker.KeptGrant{Grant: g, Credentials: c, Revealable: kept}, true, m.saveErr
		}
	}
	return broker.KeptGrant{}, false, m.saveErr
}

func (m *memory) EndGrant(_ context.Context, user, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.endErr != nil {
		return m.endErr
	}
	for key, g := range m.grants {
		if g.User == user && g.ID == id {
			delete(m.grants, key)
			delete(m.kept, id)
		}
	}
	return m.saveErr
}

func (m *memory) Groups(context.Context) (*policy.Membership, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return policy.Members(m.groups), m.groupErr
}

// allow are Rules that allow whom they name, and nothing else.
func allow(who ...string) policy.Rules {
	return policy.Rules{Allow: []policy.Rule{{Who: who}}}
}

func (m *memory) kinds() []event.Kind {
	m.mu.Lock()
	defer m.mu.Unlock()
	var kinds []event.Kind
	for _, e := range m.events {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

func (m *memory) last(t *testing.T) entry {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.events) == 0 {
		t.Fatal("nothing is on the record")
	}
	return m.events[len(m.events)-1]
}

// A bench is a broker over a fake AWS.
type bench struct {
	*broker.Broker
	*memory
	aws    *awstest.Server
	device *awstest.Device
	config *policy.Config
	env    map[string]string
	client *plainAWS
	offset time.Duration
	still  time.Time // when not zero, the clock stands but for offset
}

func (b *bench) now() time.Time {
	if !b.still.IsZero() {
		return b.still.Add(b.offset)
	}
	return time.Now().Add(b.offset)
}

const hub = "111111111111"

func newBench(t *testing.T) *bench {
	t.Helper()
	aws, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	b := &bench{memory: newMemory(), aws: aws}
	b.asOf = b.now
	aws.SetClock(b.now)
	aws.AddUser(awstest.User{Account: hub, Name: "alice", AccessKeyID: "AKIAALICE00000000000", SecretAccessKey: "alice-secret-key"})
	b.device = aws.AddDevice(hub, "alice", awstest.DeviceARN(hub, "alice"), []byte("alice-seed-0123456789"))
	trust := awstest.Trust{Principals: []string{awstest.UserARN(hub, "alice")}, RequireMFA: true}
	aws.AddRole(awstest.Role{Account: "222222222222", Name: "OnCall", MaxSession: 2 * time.Hour, Trust: trust})
	b.env = map[string]string{"ALICE_AWS_ACCESS_KEY_ID": "AKIAALICE00000000000", "ALICE_AWS_SECRET_ACCESS_KEY": "alice-secret-key"}
	b.config = &policy.Config{
		Workspaces: []string{"T0123"}, Contact: "#help-aws", RevealWindow: 10 * time.Minute,
		Users: policy.Users(policy.User{
			Slack: "U01ALICE", Name: "alice", SessionName: "alice",
			MFASerial: awstest.DeviceARN(hub, "alice"), Key: policy.KeySource{Env: "ALICE"},
		}),
		Accounts: policy.Accounts(
			policy.Account{Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall", DefaultDuration: time.Hour, MaxDuration: 12 * time.Hour,
				MFA: policy.MFAFresh, Rules: allow("U01ALICE")},
			policy.Account{Name: "hub", DefaultDuration: time.Hour, MaxDuration: 36 * time.Hour, Rules: allow("S01ALL"), MFA: policy.MFASession},
		),
	}
	b.client = &plainAWS{url: aws.URL(), env: b.env, denied: map[string]time.Time{}}
	b.Broker = b.with(b.client)
	return b
}

// deps is all that the bench's broker is made of.
func (b *bench) deps() broker.Deps {
	return broker.Deps{
		Config:    b.config,
		AWS:       b.client,
		Ahead:     b.memory,
		Codes:     b.memory,
		Sessions:  b.memory,
		Grants:    b.memory,
		Listings:  b.memory,
		Recorder:  b.memory,
		Past:      b.memory,
		Directory: b.memory,
		People:    b.memory,
		Counters:  b.memory,
		Approvals: b.memory,
		Leases:    b.memory,
		Orders:    b.memory,
		Keys:      b.memory,
		ParseKey:  parseKey,
		Now:       b.now,
		Log:       slog.New(slog.DiscardHandler),
	}
}

// with is the bench's broker over another AWS.
func (b *bench) with(client broker.AWS) *broker.Broker {
	d := b.deps()
	d.AWS = client
	return broker.New(d)
}

func (b *bench) request(account, code string) broker.Request {
	r := broker.Request{
		ID: broker.NewID(), Account: account, Purpose: broker.PurposeShow,
		Caller: broker.Caller{User: "U01ALICE", Team: "T0123", Channel: "C0GENERAL"},
	}
	if code != "" {
		c, ok := secret.ParseTokenCode(code)
		if !ok {
			panic(fmt.Sprintf("%q is no code", code))
		}
		r.Code = c
	}
	return r
}

func wantBrokerError(t *testing.T, err error) *broker.Error {
	t.Helper()
	var e *broker.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want a broker.Error", err)
	}
	return e
}

func wantCode(t *testing.T, err error, want broker.Code) *broker.Error {
	t.Helper()
	e := wantBrokerError(t, err)
	if e.Code != want {
		t.Fatalf("got %s (%v), want %s", e.Code, e, want)
	}
	if prose.Plain(e.What) == "" || prose.Plain(e.Hint) == "" {
		t.Errorf("got message %q and hint %q, want both", prose.Plain(e.What), prose.Plain(e.Hint))
	}
	return e
}
