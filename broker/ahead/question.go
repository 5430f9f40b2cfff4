package ahead

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/secret"
)

// Questions are what a Visit will ask of the store.
type Questions struct {
	User    string   // of whom Orders, LockOut, Key and Format are asked
	Seen    []string // by what a delivery is known
	Rates   []Rate
	Claim   *Claim
	Owed    *Owed // what is owed to who asks, and is kept with the questions
	Orders  bool  // of admins
	LockOut bool
	Key     bool // that is registered
	Format  bool // that was used last, and whether Home is used
}

// A Rate is whether a Request is one too many of a name.
type Rate struct {
	Name, RequestID string
	Limit           int
	Per             time.Duration
}

// A Claim is whether a code is a Request's.
type Claim struct {
	User, Serial string
	Code         secret.TokenCode
	RequestID    string
	TTL          time.Duration
}

// An Owed is an answer that a process owes.
type Owed struct {
	Owner, ID string
	At        time.Time
	Text      []byte // what tells it, should the process die
	Turn      int    // how often Owner may have been taken for dead until then; the store does not keep it
}

// A Store asks, in one trip, what a Visit will ask one after the other.
type Store interface {
	// Ask asks q; whoever asks one of it next under the same ctx, which is of [With],
	// gets that answer, an error included. It is bounded.
	Ask(ctx context.Context, q Questions)
}
