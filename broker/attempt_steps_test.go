package broker_test

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

// The ways in which a step fails.
const (
	fails   = "fails"   // it is not done, and its answer is an error
	lost    = "lost"    // it is done, and its answer is an error
	gone    = "gone"    // whoever asked goes away as it begins
	cut     = "cut"     // it is done, and whoever asked goes away before the answer
	panics  = "panics"  // it is done, and what follows panics
	ends    = "ends"    // it is done, and the process ends
	ordered = "ordered" // an admin blocks the person as it begins
	slow    = "slow"    // it is done, and takes longer than all may take together
	denied  = "denied"  // AWS says no, for a reason that is not the code
	wrong   = "wrong"   // AWS says that the code is wrong
	unread  = "unread"  // AWS says no before it looks at the code
)

// parts are what of the store a Broker uses in an attempt.
type parts struct {
	store.Approvals
	store.Codes
	store.Counters
	store.Grants
	store.Orders
	store.SealedKeys
	store.Sessions
}

// A stage is what a Broker stands on: the real store and record, and the fake AWS.
// It names the steps of a flow as they are made, and one of them fails.
type stage struct {
	parts
	rest   *store.Store
	record storetest.Replica
	bench  *bench

	at, how string // the step that fails, and how
	leave   context.CancelFunc
	ended   chan struct{} // closed when the process has ended
	over    chan struct{} // closed when nobody looks any more

	mu      sync.Mutex
	steps   []string
	counted bool // the flow has begun
	failed  bool
	session bool // the attempt begins an MFA session
	asked   bool // AWS was, in this attempt
	said    bool // and the outcome is on the record
	looked  bool // for an order that this process knows of
}

func newStage(t *testing.T, at, how string) *stage {
	t.Helper()
	b := newSessionBench(t)
	kept, err := store.Open(t.Context(), store.Options{URL: secret.New(store.Embedded), Now: b.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	b.config.Limits.STSCalls = 100
	b.groups["S02LEADS"] = []string{"U02BOB"}
	for _, name := range []string{"prod", "staging"} {
		b.config.Accounts.Find(name).Approval = &policy.ApprovalPolicy{Approvers: []string{"S02LEADS"}, Count: 1, Expires: 30 * time.Minute}
	}
	b.config.Accounts.Add("dev", policy.Account{
		Name: "dev", RoleARN: b.config.Accounts.Find("staging").RoleARN, DefaultDuration: time.Hour, MaxDuration: time.Hour,
		MFA: policy.MFAFresh, Rules: allow("U01ALICE"),
	})
	return standing(t, b, kept, at, how)
}

// standing is a stage on a store.
func standing(t *testing.T, b *bench, kept *store.Store, at, how string) *stage {
	return &stage{
		parts:  parts{kept.Approvals, kept.Codes, kept.Counters, kept.Grants, kept.Orders, kept.SealedKeys, kept.Sessions},
		rest:   kept,
		record: storetest.NewReplica(t, kept),
		bench:  b,
		at:     at,
		how:    how,
		ended:  make(chan struct{}),
		over:   make(chan struct{}),
	}
}

// process is a new Broker on the stage.
func (s *stage) process() *broker.Broker {
	return broker.New(broker.Deps{
		Config:    s.bench.config,
		AWS:       steppedAWS{s.bench.client, s},
		Ahead:     s.bench.memory,
		Approvals: s,
		Codes:     s,
		Orders:    s,
		Counters:  s,
		Grants:    s,
		Keys:      s,
		Leases:    s.rest.Leases,
		Listings:  s.rest.Listings,
		Recorder:  s,
		Sessions:  s,
		Directory: s.bench.memory,
		People:    s.bench.memory,
		ParseKey:  parseKey,
		Now:       s.bench.now,
		Log:       slog.New(slog.DiscardHandler),
	})
}

// run makes the steps of do count, as they are made by a process that may end. It
// returns what was answered, if anything was.
func (s *stage) run(t *testing.T, do func(ctx context.Context, br *broker.Broker) error) (answered bool, err error) {
	t.Helper()
	var ctx context.Context
	ctx, s.leave = context.WithCancel(t.Context())
	s.counted, s.session, s.asked, s.said = true, false, false, false
	done := make(chan error, 1)
	go func() {
		defer close(done)
		defer func() {
			if recover() != nil {
				done <- errPanic
			}
		}()
		done <- do(ctx, s.process())
	}()
	t.Cleanup(func() {
		s.leave()
		close(s.over)
		for range done { // until it is closed
		}
	})
	select {
	case err := <-done:
		return true, err
	case <-s.ended:
		return false, nil
	}
}

var errPanic = errors.New("panic")

// reached notes a step, and reports whether it is the one to fail.
func (s *stage) reached(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == "" || !s.counted {
		return false
	}
	s.steps = append(s.steps, name)
	fail := name == s.at && !s.failed
	s.failed = s.failed || fail
	return fail
}

// step makes one call of a port.
func (s *stage) step(ctx context.Context, name string, do func(context.Context) error) error {
	select {
	case <-s.ended: // this process has no next step
		s.end()
	default:
	}
	if !s.reached(name) {
		return do(ctx)
	}
	switch s.how {
	case fails, denied, wrong, unread:
		return errDown
	case lost:
		return cmp.Or(do(ctx), errDown)
	case gone:
		s.leave()
	case cut:
		_ = do(ctx)
		s.leave()
		return ctx.Err()
	case ordered:
		if err := s.rest.Orders.Block(context.WithoutCancel(ctx), "U01ALICE", broker.Order{By: adminID, At: s.bench.now()}); err != nil {
			return err
		}
	case slow:
		s.bench.later(3 * time.Second)
	case panics:
		_ = do(ctx)
		panic("after " + name)
	case ends:
		_ = do(ctx)
		close(s.ended)
		s.end()
	}
	return do(ctx)
}

// end is where a process that has ended stays.
func (s *stage) end() {
	<-s.over
	runtime.Goexit()
}

// steppedAWS is the fake AWS, whose calls are steps.
type steppedAWS struct {
	*plainAWS
	stage *stage
}

// Issue implements [broker.STS]. Which answer leaves the code unused, AWS's client
// says.
func (a steppedAWS) Issue(ctx context.Context, c broker.Call) (answer broker.STSAnswer, err error) {
	s := a.stage
	name := s.named("ask")
	err = s.step(ctx, name, func(ctx context.Context) (err error) {
		answer, err = a.plainAWS.Issue(ctx, c)
		return err
	})
	switch {
	case name != s.at:
	case s.how == denied && c.Plan.Chained:
		err = said(broker.CodeTrust, broker.UseNone, err)
	case s.how == denied:
		err = said(broker.CodeTrust, broker.UseSpent, err)
	case s.how == wrong:
		err = said(broker.CodeWrongCode, broker.UseSpent, err)
	case s.how == unread && c.Plan.Chained: // the MFA session is no more
		err = said(broker.CodeExpired, broker.UseNone, err)
	case s.how == unread:
		err = said(broker.CodeKeyInvalid, broker.UseUnused, err)
	case err != nil:
		err = said(broker.CodeOutcomeUnknown, broker.UseUnknown, err)
	}
	s.asked = err == nil
	if err != nil {
		return broker.STSAnswer{}, err
	}
	return answer, nil
}

// ListBuckets implements [broker.Buckets].
func (a steppedAWS) ListBuckets(ctx context.Context, q broker.BucketQuery) (buckets []listing.Bucket, next string, err error) {
	err = a.stage.step(ctx, "list", func(ctx context.Context) (err error) {
		buckets, next, err = a.plainAWS.ListBuckets(ctx, q)
		return err
	})
	if err != nil {
		return nil, "", said(broker.CodeBucketsRefused, broker.UseNone, err)
	}
	return buckets, next, nil
}

// SigninLink implements [broker.Signin].
func (a steppedAWS) SigninLink(ctx context.Context, q broker.SigninQuery) (link secret.Text, err error) {
	err = a.stage.step(ctx, "link", func(ctx context.Context) (err error) {
		link, err = a.plainAWS.SigninLink(ctx, q)
		return errors.Join(err, ctx.Err())
	})
	if err != nil {
		return secret.Text{}, said(broker.CodeSignin, broker.UseNone, err)
	}
	return link, nil
}

func (s *stage) TakeRate(ctx context.Context, name, id string, limit int, per time.Duration) (rate broker.Rate, err error) {
	err = s.step(ctx, "calls", func(ctx context.Context) (err error) {
		rate, err = s.rest.Counters.TakeRate(ctx, name, id, limit, per)
		return err
	})
	return rate, err
}

func (s *stage) ReserveCode(ctx context.Context, user, serial string, code secret.TokenCode, id string, ttl time.Duration) (mine bool, err error) {
	name := "code"
	if strings.HasPrefix(id, "beginning:") {
		name = "session.code"
	}
	err = s.step(ctx, name, func(ctx context.Context) (err error) {
		mine, err = s.rest.Codes.ReserveCode(ctx, user, serial, code, id, ttl)
		return err
	})
	return mine && err == nil, err
}

func (s *stage) ReleaseCode(ctx context.Context, user, serial string, code secret.TokenCode, id string) error {
	return s.step(ctx, "", func(ctx context.Context) error { return s.rest.Codes.ReleaseCode(ctx, user, serial, code, id) })
}

func (s *stage) ReplaceClaim(ctx context.Context, user, serial string, code secret.TokenCode, from, to string) error {
	return s.step(ctx, "", func(ctx context.Context) error { return s.rest.Codes.ReplaceClaim(ctx, user, serial, code, from, to) })
}

func (s *stage) SwapApproval(ctx context.Context, old approval.Kept, a approval.Approval) (swapped bool, err error) {
	s.mu.Lock()
	name := s.named("approval")
	s.mu.Unlock()
	if a.State != approval.Used { // it is given back, and that asks for orders too
		name, s.asked = "", false
	}
	err = s.step(ctx, name, func(ctx context.Context) (err error) {
		swapped, err = s.rest.Approvals.SwapApproval(ctx, old, a)
		return err
	})
	return swapped && err == nil, err
}

// KnownOrders is the step that looks whether an order came while AWS was asked.
func (s *stage) KnownOrders(user string) (block, pause *broker.Order) {
	s.mu.Lock()
	name := s.named("look")
	s.looked = true
	s.mu.Unlock()
	_ = s.step(context.Background(), name, func(ctx context.Context) (err error) {
		block, pause, err = s.rest.Orders.Orders(ctx, user)
		return err
	})
	return block, pause
}

// Orders is a step once the outcome is on the record: whether an order came since.
func (s *stage) Orders(ctx context.Context, user string) (block, pause *broker.Order, err error) {
	s.mu.Lock()
	name := ""
	switch {
	case !s.asked || user != "U01ALICE":
	case s.said:
		name = s.named("look-again")
	case s.looked: // it is asked once more for its words
	default:
		name = s.named("look") // of a change of key
	}
	s.mu.Unlock()
	err = s.step(ctx, name, func(ctx context.Context) (err error) {
		block, pause, err = s.rest.Orders.Orders(ctx, user)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return block, pause, nil
}

// named is a step's name in the attempt that is made. The caller holds stage.mu.
func (s *stage) named(step string) string {
	if s.session {
		return "session." + step
	}
	return step
}

// Record is a step for the Events that come before something.
func (s *stage) Record(ctx context.Context, events ...event.Event) (receipt event.Receipt, err error) {
	s.mu.Lock()
	name, e := "", events[0]
	switch e.Kind {
	case event.Intent:
		of, _ := e.Data.(event.IntentData)
		s.session, s.asked, s.said = of.Purpose == string(broker.PurposeMFASession), false, false
		name = s.named("intent")
	case event.Granted, event.KeyChanged:
		s.said = true
		name = s.named("outcome")
		if len(events) > 1 { // the next attempt begins
			s.session, s.asked, s.said = false, false, false
		}
	case event.Listing, event.Shown:
		name = "use"
	}
	s.mu.Unlock()
	err = s.step(ctx, name, func(ctx context.Context) error {
		receipt, err = s.record.Record(ctx, events...)
		return err
	})
	return receipt, err
}

func (s *stage) SaveMFASession(ctx context.Context, session broker.Session, c secret.Credentials, swap *broker.ClaimSwap) error {
	return s.step(ctx, "session.keep", func(ctx context.Context) error { return s.rest.Sessions.SaveMFASession(ctx, session, c, swap) })
}

func (s *stage) SaveGrant(
	ctx context.Context, g broker.Grant, c secret.Credentials, reveal time.Duration, later ...broker.DueText,
) (put []broker.DueEntry, err error) {
	err = s.step(ctx, "keep", func(ctx context.Context) (err error) {
		put, err = s.rest.Grants.SaveGrant(ctx, g, c, reveal, later...)
		return err
	})
	return put, err
}

func (s *stage) SaveKey(ctx context.Context, user string, k broker.RegisteredKey) error {
	return s.step(ctx, "keep", func(ctx context.Context) error { return s.rest.SealedKeys.SaveKey(ctx, user, k) })
}

// approve has bob approve what alice asks for.
func (s *stage) approve(t *testing.T, account string) (id string) {
	t.Helper()
	br := s.process()
	r := s.bench.request(account, "")
	r.Reason, r.Duration = "INC-1", time.Hour
	a, _, err := br.Asking.Ask(t.Context(), r)
	if err == nil {
		_, err = br.Voting.Approve(t.Context(), s.bench.from("U02BOB"), a.User, a.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a.ID
}

// events are the kinds on the record, with their codes.
func (s *stage) events(t *testing.T) []string {
	t.Helper()
	var kinds []string
	for _, e := range s.record.Events(t) {
		read, err := entryOf(e)
		if err != nil {
			t.Fatal(err)
		}
		kind := string(read.Kind)
		if read.Code != "" {
			kind += ":" + string(read.Code)
		}
		kinds = append(kinds, kind)
	}
	return kinds
}

// codeOf says what became of a Request's code.
func (s *stage) codeOf(t *testing.T, r broker.Request) string {
	t.Helper()
	if r.Code.Empty() {
		return ""
	}
	holder, err := s.CodeClaim(t.Context(), "U01ALICE", s.bench.config.Users.Find("U01ALICE").MFASerial, r.Code)
	if err != nil {
		t.Fatal(err)
	}
	switch what, _, of := strings.Cut(holder, ":"); {
	case holder == "":
		return "free"
	case of:
		return what
	}
	return "spent"
}

func (s *stage) stateOf(t *testing.T, approval string) string {
	t.Helper()
	if approval == "" {
		return ""
	}
	a, _, err := s.LoadApproval(t.Context(), "U01ALICE", approval)
	if err != nil {
		t.Fatal(err)
	}
	return string(a.State)
}

// kept is what of the flow is kept.
func (s *stage) kept(t *testing.T, f flow, r broker.Request) string {
	t.Helper()
	_, _, granted, err1 := s.RevealGrant(t.Context(), "U01ALICE", f.account)
	session, _, begun, err2 := s.FindMFASession(t.Context(), "U01ALICE")
	key, _, err3 := s.LoadKey(t.Context(), "U01ALICE")
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	var kept []string
	if granted {
		kept = append(kept, "grant")
	}
	if begun && session.ID == r.ID {
		kept = append(kept, "session")
	}
	if key.Text == "new" {
		kept = append(kept, "key")
	}
	return strings.Join(kept, " ")
}
