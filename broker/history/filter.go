package history

import (
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// A What chooses Events by what they tell.
type What string

// The choices; "" is all that people did.
const (
	Granted    What = "granted"
	Refused    What = "refused" // by the bot or by AWS
	Revoked    What = "revoked" // or ended
	Approvals  What = "approvals"
	BreakGlass What = "break-glass"
	Console    What = "console" // to the AWS console
	Orders     What = "orders"  // of admins, and lock-outs
)

// Whats are all choices.
func Whats() []What {
	return []What{Granted, Refused, Revoked, Approvals, BreakGlass, Console, Orders}
}

// A Filter chooses Events; its zero value chooses all that people did.
type Filter struct {
	Person  string // Slack user ID of who did it, or whom it was done to; "": anybody
	Account string // "": any
	What    What
	Since   time.Time // zero: any
	// Own is a person's own look at themselves: of what others did, it has what was done to
	// what they asked for or had.
	Own bool
}

// listed reports whether a kind tells what somebody did. An intent does not: its outcome
// follows, or that it is unknown.
func listed(k event.Kind) bool {
	switch k {
	case event.Granted, event.Failed, event.Refused, event.Undelivered, event.Undeleted, event.Shown, event.Listing, event.Ended, event.Identity,
		event.KeyChanged, event.LockedOut, event.Revoked, event.Approval, event.Acknowledged, event.Unlocked, event.Blocked, event.Unblocked,
		event.Paused, event.Resumed, event.Who, event.History, event.Status, event.Unknown, event.Interrupted:
		return true
	}
	return false
}

// toOneself reports whether somebody learns of an Event of this kind that another did and
// that is about them.
func toOneself(k event.Kind) bool {
	switch k {
	case event.Approval, event.Acknowledged, event.Revoked, event.Blocked, event.Unblocked, event.Unlocked:
		return true
	}
	return false
}

// Keeps reports whether e is chosen.
func (f Filter) Keeps(e event.Event) bool {
	if !listed(e.Kind) || !f.Since.IsZero() && e.Time.Before(f.Since) {
		return false
	}
	about := e.About()
	if f.Account != "" && f.Account != about.Account {
		return false
	}
	return f.ofPerson(e, about) && f.What.keeps(e.Kind, about)
}

func (f Filter) ofPerson(e event.Event, about event.About) bool {
	switch {
	case f.Person == "" || f.Person == e.Actor.User:
		return true
	case f.Person != about.Target.ID:
		return false
	}
	return !f.Own || toOneself(e.Kind)
}

func (w What) keeps(k event.Kind, about event.About) bool {
	is := func(kinds ...event.Kind) bool { return slices.Contains(kinds, k) }
	switch w {
	case "":
		return true
	case Granted:
		return is(event.Granted)
	case Refused:
		return is(event.Refused, event.Failed)
	case Revoked:
		return is(event.Revoked, event.Ended)
	case Approvals:
		return is(event.Approval, event.Acknowledged)
	case BreakGlass:
		return about.BreakGlass
	case Console:
		return about.Purpose == "console" && is(event.Granted, event.Shown, event.Failed, event.Refused)
	case Orders:
		return is(event.Blocked, event.Unblocked, event.Unlocked, event.Paused, event.Resumed, event.LockedOut)
	}
	return false
}
