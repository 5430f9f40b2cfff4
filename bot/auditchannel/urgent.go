package auditchannel

import "github.com/assumebot/assumebot/broker/event"

// urgent reports whether e is an alarm, which overtakes what else waits to be posted. Those
// that somebody can bring about by typing alone are none.
func urgent(e told) bool {
	switch e.Kind {
	case event.Alarm, event.Reconciled, event.LockedOut, event.Blocked, event.Unblocked, event.Paused, event.Resumed, event.Drill:
		return true
	case event.Granted, event.Undelivered, event.Undeleted, event.Acknowledged:
		return e.BreakGlass
	case event.Failed:
		return e.BreakGlass && !folds(e)
	}
	return false
}
