package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/cloudtrail"
)

// maxTallies is how many different unexplained doings are told apart, of calls that issue and
// of others each. Further ones are counted by user and key alone, then by user.
const maxTallies = 2000

// A spot is what unexplained events have in common that are counted together.
type spot struct {
	issuing   bool   // it is a call of STS that issues credentials
	user      string // ARN of the IAM user; "": it is known by principal alone
	principal string // of an event in the account of the role, which does not name the user
	key       string
	kind      signed

	source, call, code, address, role, region, session string

	byBot bool // the caller calls itself as the bot does
	lost  int  // index of the attempt whose answer was lost that it can be, and one; 0: none
}

// signed says by what an event was signed.
type signed int

const (
	byLongTerm   signed = iota // an access key of the IAM user
	byBotSession               // an MFA session that the bot began, and shows nobody
	bySession                  // temporary credentials that the record does not have
	byConsole                  // a sign-in to the console
	byOlder                    // temporary credentials from before the record
	byNoKey                    // CloudTrail does not say
)

// A tally is how often.
type tally struct {
	calls int64
	span
	eventID, agent string // of the first that was read
}

type tallies map[spot]*tally

// count adds an event. Where there are too many spots, it is counted in a coarser one.
func (t tallies) count(s spot, e cloudtrail.Event) {
	if t.add(s, e, maxTallies) {
		return
	}
	s.source, s.call, s.code, s.address, s.role, s.region, s.session, s.lost, s.byBot = "", "", "", "", "", "", "", 0, false
	if t.add(s, e, 2*maxTallies) {
		return
	}
	s.key, s.principal = "", ""
	t.add(s, e, 1<<30) // as many as there are users
}

func (t tallies) add(s spot, e cloudtrail.Event, most int) bool {
	c := t[s]
	if c == nil {
		if len(t) >= most {
			return false
		}
		c = &tally{eventID: e.ID, agent: e.Agent}
		t[s] = c
	}
	c.calls++
	c.span = c.with(e.Time)
	return true
}

// id is the same in every run that finds the same.
func (s spot) id(code string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{code, s.user, s.principal, s.key, s.source, s.call, s.code, s.address, s.role, s.region}, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// lostWithin is how far from its intent a call may be whose answer was lost: the bot waits no
// longer, and the clocks may differ.
const lostWithin = skew + time.Minute
