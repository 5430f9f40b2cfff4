package broker_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

type keptSession struct {
	session     broker.Session
	credentials secret.Credentials
}

func (m *memory) CodeClaim(_ context.Context, user, serial string, code secret.TokenCode) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.codes[user+serial+code.Reveal()], m.codesErr
}

func (m *memory) ReplaceClaim(_ context.Context, user, serial string, code secret.TokenCode, from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if key := user + serial + code.Reveal(); m.codes[key] == from {
		m.codes[key] = to
	}
	return m.codesErr
}

func (m *memory) SaveMFASession(_ context.Context, s broker.Session, c secret.Credentials, swap *broker.ClaimSwap) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saveErr != nil {
		return m.saveErr
	}
	if m.sessions == nil {
		m.sessions = map[string]keptSession{}
	}
	m.sessions[s.User] = keptSession{s, c}
	if key := s.User + s.MFASerial + swap.Code.Reveal(); m.codes[key] == swap.From {
		m.codes[key] = swap.To
	}
	return nil
}

func (m *memory) FindMFASession(_ context.Context, user string) (broker.Session, secret.Credentials, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept, ok := m.sessions[user]
	return kept.session, kept.credentials, ok, m.saveErr
}

func (m *memory) DropMFASession(_ context.Context, user, id string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept, ok := m.sessions[user]
	if !ok || id != "" && kept.session.ID != id {
		return false, nil
	}
	delete(m.sessions, user)
	return true, nil
}

// newSessionBench is a bench with MFA sessions on, and staging, which may be had
// from one.
func newSessionBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.config.MFASession = 8 * time.Hour
	b.config.Accounts.Add("staging", policy.Account{
		Name: "staging", RoleARN: "arn:aws:iam::333333333333:role/Developer", DefaultDuration: time.Hour, MaxDuration: 2 * time.Hour,
		MFA: policy.MFASession, Rules: allow("U01ALICE"),
	})
	b.aws.AddRole(awstest.Role{Account: "333333333333", Name: "Developer", MaxSession: 2 * time.Hour, Trust: stagingTrust(0)})
	b.groups["S01ALL"] = []string{"U01ALICE"}
	return b
}

func stagingTrust(maxAge time.Duration) awstest.Trust {
	return awstest.Trust{Principals: []string{awstest.UserARN(hub, "alice")}, RequireMFA: true, MaxMFAAge: maxAge}
}

// actions are what AWS was asked, in order.
func (b *bench) actions() []string {
	var out []string
	for _, c := range b.aws.Calls() {
		out = append(out, c.Action)
	}
	return out
}

func (b *bench) wantCalls(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, b.actions()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func (b *bench) begin(t *testing.T) broker.Session {
	t.Helper()
	s, err := b.MFASessions.BeginMFASession(t.Context(), b.request("", b.device.Code()))
	if err != nil {
		t.Fatal(err)
	}
	b.aws.ForgetCalls()
	b.later(30 * time.Second) // the next code
	return s
}

func (b *bench) later(d time.Duration) { b.offset += d }

func (b *bench) wantIssued(t *testing.T, r broker.Request) broker.Issued {
	t.Helper()
	issued, err := b.Issue(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func TestMFASessionIsOnTheRecordLikeEveryIssuance(t *testing.T) {
	b := newSessionBench(t)
	b.begin(t)
	b.wantIssued(t, b.request("staging", ""))
	want := []event.Kind{event.Intent, event.Granted, event.Intent, event.Granted}
	if diff := cmp.Diff(want, b.kinds()); diff != "" {
		t.Fatalf("record (-want +got):\n%s", diff)
	}
	began, used := b.events[1], b.events[3]
	if began.Purpose != broker.PurposeMFASession || began.Method != broker.MethodGetSessionToken || began.Seconds != 8*3600 ||
		began.AccessKeyID == "" || began.STSRequestID == "" {
		t.Errorf("got %+v, want it to tell of the MFA session", began)
	}
	if used.MFASession != began.AccessKeyID || used.Method != broker.MethodAssumeRole || used.AccessKeyID == began.AccessKeyID {
		t.Errorf("got %+v, want it to name the MFA session %s that it used", used, began.AccessKeyID)
	}
	if _, ok, err := b.MFASessions.EndMFASession(t.Context(), b.request("", "")); !ok || err != nil {
		t.Fatalf("end: got %v, %v", ok, err)
	}
	if got := b.last(t); got.Kind != event.Ended || got.AccessKeyID != began.AccessKeyID || got.Actor.Name != "alice" {
		t.Errorf("got %+v, want the end of %s", got, began.AccessKeyID)
	}
}

func TestNothingIsBegunWithoutTheRecord(t *testing.T) {
	b := newSessionBench(t)
	b.failOn[event.Intent] = true
	code := b.device.Code()
	_, err := b.Issue(t.Context(), b.request("staging", code))
	wantCode(t, err, broker.CodeRecord)
	b.wantCalls(t)
	b.failOn[event.Intent] = false
	b.failOn[event.Granted] = true
	_, err = b.Issue(t.Context(), b.request("staging", code))
	wantCode(t, err, broker.CodeRecord)
	b.wantCalls(t, "GetSessionToken")
	if len(b.sessions) > 0 || len(b.grants) > 0 {
		t.Error("something is left over that is not on the record")
	}
}

func TestMFASessionRefusesWhatMakesNoSense(t *testing.T) {
	b := newSessionBench(t)
	for d, want := range map[time.Duration]broker.Code{time.Minute: broker.CodeTooShort, 9 * time.Hour: broker.CodeTooLong} {
		r := b.request("", "123456")
		r.Duration = d
		_, err := b.MFASessions.BeginMFASession(t.Context(), r)
		wantCode(t, err, want)
	}
	b.config.Users.Find("U01ALICE").MFASerial = ""
	_, err := b.MFASessions.BeginMFASession(t.Context(), b.request("", "123456"))
	wantCode(t, err, broker.CodeNoDevice)
	b.config.MFASession = 0
	_, err = b.MFASessions.BeginMFASession(t.Context(), b.request("", "123456"))
	wantCode(t, err, broker.CodeSessionsOff)
	_, _, err = b.MFASessions.MFASession(t.Context(), b.request("", ""))
	wantCode(t, err, broker.CodeSessionsOff)
	_, _, err = b.MFASessions.EndMFASession(t.Context(), b.request("", ""))
	wantCode(t, err, broker.CodeSessionsOff)
	stranger := b.request("", "")
	stranger.Caller.User = "U03CAROL"
	_, _, err = b.MFASessions.EndMFASession(t.Context(), stranger)
	wantCode(t, err, broker.CodeNotUser)
	b.wantCalls(t)
}

func TestMFASessionLastsAsLongAsWasAskedAndIsReplaced(t *testing.T) {
	b := newSessionBench(t)
	r := b.request("", b.device.Code())
	r.Duration = 2 * time.Hour
	first, err := b.MFASessions.BeginMFASession(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if got := first.Expires.Sub(first.Began).Round(time.Minute); got != 2*time.Hour {
		t.Errorf("got an MFA session of %s, want 2h", got)
	}
	b.later(30 * time.Second)
	second := b.begin(t)
	now, ok, err := b.MFASessions.MFASession(t.Context(), b.request("", ""))
	if err != nil || !ok || now != second || now.ID == first.ID {
		t.Errorf("got %+v, %v, %v; want the second", now, ok, err)
	}
}

func TestMFASessionIsNotUsedWhenItMayNotBe(t *testing.T) {
	tests := map[string]func(b *bench){
		"it has under a minute left":           func(b *bench) { b.later(8*time.Hour - time.Minute) },
		"the config allows less by now":        func(b *bench) { b.later(time.Hour); b.config.MFASession = time.Hour },
		"the person has another device":        func(b *bench) { b.config.Users.Find("U01ALICE").MFASerial = awstest.DeviceARN(hub, "new") },
		"it was ended":                         func(b *bench) { delete(b.sessions, "U01ALICE") },
		"the config says fresh by now":         func(b *bench) { b.config.Accounts.Find("staging").MFA = policy.MFAFresh },
		"the account has lost its role":        func(b *bench) { b.config.Accounts.Find("staging").RoleARN = "" },
		"MFA sessions are switched off by now": func(b *bench) { b.config.MFASession = 0 },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			b := newSessionBench(t)
			b.begin(t)
			change(b)
			_, err := b.Issue(t.Context(), b.request("staging", ""))
			wantCode(t, err, broker.CodeNeedsCode)
			b.wantCalls(t)
		})
	}
}

func TestPolicyIsAskedForEachUseOfAnMFASession(t *testing.T) {
	b := newSessionBench(t)
	b.begin(t)
	b.config.Accounts.Find("staging").Allow = nil
	_, err := b.Issue(t.Context(), b.request("staging", ""))
	wantCode(t, err, broker.CodeNotAllowed)
	b.wantCalls(t)
}

func TestAnMFASessionThatCannotBeKeptServesOnce(t *testing.T) {
	b := newSessionBench(t)
	b.saveErr = errDown
	issued := b.wantIssued(t, b.request("staging", b.device.Code()))
	if !strings.Contains(prose.Plain(issued.Way), "did not keep it") || issued.Saved {
		t.Errorf("got way %q, want it to say that the MFA session was not kept", prose.Plain(issued.Way))
	}
	b.later(30 * time.Second)
	_, err := b.MFASessions.BeginMFASession(t.Context(), b.request("", b.device.Code()))
	wantCode(t, err, broker.CodeStore)
	_, err = b.Issue(t.Context(), b.request("staging", ""))
	wantCode(t, err, broker.CodeStore) // unknown is not absent
}

func TestBucketsComeFromTheMFASessionAndAreTold(t *testing.T) {
	b := newSessionBench(t)
	s := b.begin(t)
	r := b.request("staging", "")
	r.Purpose = broker.PurposeBuckets
	list, err := b.Lists.Buckets(t.Context(), r, "")
	if err != nil || list.UsedSession == nil || list.UsedSession.ID != s.ID {
		t.Fatalf("got %+v, %v; want the use of the MFA session to be told", list, err)
	}
	b.aws.Inject(awstest.Fault{Action: "ListBuckets", Times: 1, Error: &awstest.FaultError{Status: 403, Code: "AccessDenied", Message: "x"}})
	b.grants, b.kept = map[string]broker.Grant{}, map[string]secret.Credentials{}
	list, err = b.Lists.Buckets(t.Context(), r, "")
	wantCode(t, err, broker.CodeBucketsRefused)
	if list.UsedSession == nil {
		t.Error("got no use of the MFA session, want it told though the list failed")
	}
	// What is in the reveal window needs neither code nor MFA session.
	if list, err = b.Lists.Buckets(t.Context(), r, ""); err != nil || list.UsedSession != nil || !list.Reused {
		t.Errorf("got %+v, %v; want the earlier credentials", list, err)
	}
	_, err = b.Lists.Buckets(t.Context(), b.request("hub", ""), "")
	wantCode(t, err, broker.CodeNeedsCode)
}

func TestWhoAmITellsOfTheMFASession(t *testing.T) {
	b := newSessionBench(t)
	if who, err := b.Explaining.WhoAmI(t.Context(), b.request("", "")); err != nil || who.Session != nil {
		t.Errorf("got %+v, %v; want no MFA session", who, err)
	}
	s := b.begin(t)
	if who, err := b.Explaining.WhoAmI(t.Context(), b.request("", "")); err != nil || who.Session == nil || *who.Session != s {
		t.Errorf("got %+v, %v; want %+v", who, err, s)
	}
}

func TestMFASessionDoesNotPrintItsCredentials(t *testing.T) {
	b := newSessionBench(t)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "session", b.begin(t), "kept", b.sessions)
	if kept := b.sessions["U01ALICE"].credentials; strings.Contains(log.String(), kept.SecretAccessKey.Reveal()) {
		t.Errorf("got the secret in %s", log.String())
	}
}
