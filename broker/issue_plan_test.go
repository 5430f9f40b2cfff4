package broker_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// A planned is one row of the planner's table.
type planned struct {
	name     string
	account  string
	code     bool
	asked    time.Duration
	live     bool // there is an MFA session
	off      bool // MFA sessions are switched off
	standard time.Duration
	want     []string // calls; nil: it asks for a code
	says     string   // of the way, or of the question
	seconds  int64
}

func plannerTable() []planned {
	const direct, session = "AssumeRole", "GetSessionToken"
	return []planned{
		{name: "code", account: "staging", code: true, want: []string{session, direct},
			says: "GetSessionToken with your MFA code, then AssumeRole from that MFA session: for 8h", seconds: 3600},
		{name: "code, 1h", account: "staging", code: true, asked: time.Hour, want: []string{session, direct}, says: "from that MFA session", seconds: 3600},
		{name: "code and a live session", account: "staging", code: true, live: true, want: []string{session, direct}, says: "with your MFA code", seconds: 3600},
		{name: "code, over 1h", account: "staging", code: true, asked: 2 * time.Hour, want: []string{direct},
			says: "without an MFA session: AWS gives 1h at most from one", seconds: 7200},
		{name: "code, over 1h by default", account: "staging", code: true, standard: 2 * time.Hour, want: []string{direct}, says: "1h at most", seconds: 7200},
		{name: "code, fresh", account: "prod", code: true, live: true, want: []string{direct}, says: "AssumeRole with your MFA code", seconds: 3600},
		{name: "code, sessions off", account: "staging", code: true, off: true, want: []string{direct}, says: "AssumeRole with your MFA code", seconds: 3600},
		{name: "live session", account: "staging", live: true, want: []string{direct}, says: "AssumeRole from your MFA session, without a new code", seconds: 3600},
		{name: "live session, less", account: "staging", live: true, asked: 15 * time.Minute, want: []string{direct}, says: "from your MFA session", seconds: 900},
		{name: "live session, over 1h by default", account: "staging", live: true, standard: 2 * time.Hour, want: []string{direct},
			says: "for 1h instead of 2h, since AWS gives no more", seconds: 3600},
		{name: "live session, over 1h", account: "staging", live: true, asked: 2 * time.Hour,
			says: "needs the code of your MFA device for 2h: from your MFA session AWS gives 1h at most"},
		{name: "live session, fresh", account: "prod", live: true, says: "your MFA session is not enough"},
		{name: "live session, no role", account: "hub", live: true, says: "only for accounts with a role"},
		{name: "live session, switched off since", account: "staging", live: true, off: true, says: "needs the code"},
		{name: "nothing", account: "staging", says: "staging needs the code of your MFA device: you have no live MFA session."},
		{name: "nothing, and it would not do", account: "prod", says: "prod needs the code of your MFA device."},
		{name: "nothing, as they are switched off", account: "staging", off: true, says: "staging needs the code of your MFA device."},
		{name: "no role, code", account: "hub", code: true, want: []string{session}, says: "this account has no role", seconds: 3600},
		{name: "no role, code and a live session", account: "hub", code: true, live: true, want: []string{session}, says: "this account has no role", seconds: 3600},
	}
}

func TestPlannerFollowsItsTable(t *testing.T) {
	for _, test := range plannerTable() {
		t.Run(test.name, func(t *testing.T) {
			b := newSessionBench(t)
			if test.live {
				b.begin(t)
			}
			before := b.sessions["U01ALICE"]
			if test.off {
				b.config.MFASession = 0
			}
			if test.standard > 0 {
				b.config.Accounts.Find("staging").DefaultDuration = test.standard
			}
			code := ""
			if test.code {
				code = b.device.Code()
			}
			r := b.request(test.account, code)
			r.Duration = test.asked
			issued, err := b.Issue(t.Context(), r)
			if test.want == nil {
				e := wantCode(t, err, broker.CodeNeedsCode)
				if !strings.Contains(prose.Plain(e.What), test.says) {
					t.Errorf("got %q, want it to say %q", prose.Plain(e.What), test.says)
				}
				b.wantCalls(t)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			b.wantCalls(t, test.want...)
			if !strings.Contains(prose.Plain(issued.Way), test.says) {
				t.Errorf("got way %q, want it to say %q", prose.Plain(issued.Way), test.says)
			}
			if got := b.last(t); got.Seconds != test.seconds || !got.MFA || !issued.Grant.MFA {
				t.Errorf("got %+v, want MFA and %d seconds", got, test.seconds)
			}
			begun := len(test.want) == 2
			if changed := b.sessions["U01ALICE"].session != before.session; changed != begun {
				t.Errorf("got another MFA session: %v, want %v", changed, begun)
			}
			if told := issued.UsedSession != nil; told != (test.live && !test.code) {
				t.Errorf("got the use of a session to be told: %v, want it exactly when there was no code", told)
			}
		})
	}
}

// Issue is that of the Broker. What its Way says stands above a snippet, and may be
// pasted with it: a quotation mark, a parenthesis or a semicolon keeps shells from
// reading what comes after.
func (b *bench) Issue(ctx context.Context, r broker.Request) (broker.Issued, error) {
	issued, err := b.Broker.Issuing.Issue(ctx, r)
	if way := prose.Plain(issued.Way); strings.ContainsAny(way, "'\"();<>|&$\\!*?[]{}#~`") {
		panic("a shell would not read on after " + way)
	}
	return issued, err
}
