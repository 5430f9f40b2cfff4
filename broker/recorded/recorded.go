// Package recorded holds what the store says against what the record says.
//
// What restricts (a block, the pause, a lock-out, a registered key, the end of a Grant, an
// MFA session or an Approval) holds if the record or the store says so. What gives (a Grant, an
// MFA session, a vote) counts only if both do: it carries the number of its entry, which is
// read and checked where it counts. So neither putting an old value back into the store
// nor losing one there gives anybody anything.
//
// Where the record restricts and the store does not, what lifted it may not have been read
// by this replica yet. So it reads on before it goes by the record.
//
// What was kept before the record had numbers carries none. It counts until it ends by
// itself, which is a day and a half later at most.
package recorded

import (
	"context"
	"errors"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/state"
)

// A Log is what the record says. What it says without a context is as of the last entry
// that this replica has read, and so at least of the last that it wrote.
type Log interface {
	// Orders returns the block of a person and the pause that stand; nil: none.
	Orders(user string) (block, pause *state.Order)
	// LockOut returns the number of the entry that locked a person out, and when that
	// ends; zeros: there is none.
	LockOut(user string) (entry int64, ends time.Time)
	// Key returns the fingerprint of a person's key, "" of one that was removed; false
	// where the record tells of none.
	Key(user string) (state.Key, bool)
	// GrantEnding says how far a Grant was ended.
	GrantEnding(h state.Held) state.Ending
	// SessionEnded reports whether an MFA session was ended.
	SessionEnded(h state.Held) bool
	// Used returns what an Approval was used for, or how it was ended; false: it was not.
	Used(id string) (state.Use, bool)
	// CaughtUp returns once this replica has read all that was there when it was called.
	CaughtUp(ctx context.Context) error
	// Entry reads and checks one entry. [record.ErrNoEntry] says that there is none that
	// counts; any other error, that nobody knows.
	Entry(ctx context.Context, number int64) (event.Event, error)
}

// Over returns d with the ports that the record has a say in put before those that the store
// serves. d.ParseKey, d.Now and d.Log must be set.
func Over(log Log, d broker.Deps) broker.Deps {
	d.Recorder = recorder{d.Recorder, log}
	d.Orders = orders{d.Orders, log, d.Now}
	d.Counters = counters{d.Counters, log, d.Now}
	d.Keys = keys{d.Keys, log, d.ParseKey}
	d.Grants = grants{d.Grants, log, d.Log}
	d.Sessions = sessions{d.Sessions, log, d.Log}
	d.Approvals = approvals{d.Approvals, log, d.Log}
	return d
}

// stands reports whether an entry counts and is what it should be. An error says that
// nobody knows.
func stands(ctx context.Context, log Log, number int64, is func(event.Event) bool) (bool, error) {
	e, err := log.Entry(ctx, number)
	switch {
	case errors.Is(err, entry.ErrNone):
		return false, nil
	case err != nil:
		return false, err
	}
	return is(e), nil
}
