package broker

import (
	"context"
	"errors"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
)

// Receipts. A person can have the proof that an entry is on the record which tells what they did
// themselves, or what others decided about their request; an admin can have that of any entry.
// Whose it is says the entry alone, as it was signed. Nobody else learns whether there is one of
// that number; nor do those whom an admin blocks or revokes, who are told neither by whom nor why.
//
// A receipt has no free text, of which the entry holds digests: what is erased later lives on in
// none. It gives nothing, and tells people what they did, or admins what the audit channel shows
// them; so that one was given is not on the record, no more than what /sessions tells.

// A Receipt is all that shows somebody that an entry is on the record.
type Receipt struct {
	Number   int64
	Leaf     []byte   // the Event, byte for byte
	Proof    string   // with the Event in it, as C2SP tlog-proof has it
	Keys     []string // the public keys of the record that signed it
	Origin   string   // what the record is called
	Size     int64    // how many entries were signed
	Cosigned []string // the witnesses that did too
	Lacking  []string // those that have not
}

// Provers prove what is on the record.
type Provers interface {
	// Written returns the Event of an entry as it stands there, unproved; [ErrNoEntry] where
	// nobody has it.
	Written(ctx context.Context, number int64) (leaf []byte, err error)
	// Prove proves an entry. It waits some seconds for a checkpoint that covers it;
	// [ErrUnsigned] says that there is none yet.
	Prove(ctx context.Context, number int64) (Receipt, error)
}

// Why there is no Receipt.
var (
	ErrNoEntry  = errors.New("nobody has an entry of that number")
	ErrUnsigned = errors.New("no checkpoint covers it yet")
)

// Receipt proves entry number to those whose it is, and to admins.
func (b *Proving) Receipt(ctx context.Context, r Request, number int64) (Receipt, error) {
	return visit(ctx, b.visits, r, b.toProve(), func(ctx context.Context, r *Request) (Receipt, error) {
		any := b.visits.Administers(ctx, *r) && b.visits.notBlocked(ctx, r.Caller.User) == nil
		leaf, err := b.provers.Written(ctx, number)
		switch {
		case errors.Is(err, ErrNoEntry) && any:
			return Receipt{}, notKept()
		case errors.Is(err, ErrNoEntry):
			return Receipt{}, noReceipt()
		case err != nil:
			return Receipt{}, err
		case !any && !isAbout(leaf, *r):
			return Receipt{}, noReceipt()
		}
		proved, err := b.provers.Prove(ctx, number)
		switch {
		case errors.Is(err, ErrUnsigned):
			return Receipt{}, unsigned(err)
		case err != nil:
			return Receipt{}, err
		case !any && !isAbout(proved.Leaf, *r): // what stood there was another
			return Receipt{}, noReceipt()
		}
		return proved, nil
	})
}

// toProve is the way of Users, and of admins who are none.
func (b *Proving) toProve() way {
	return way{[]step{func(ctx context.Context, r *Request) error {
		err := b.visits.isUser(ctx, r)
		if err == nil {
			err = b.visits.isMember(ctx, r)
		}
		if err != nil && b.visits.Administers(ctx, *r) {
			return nil
		}
		return err
	}}, always}
}

// isAbout reports whether the Caller did what an Event tells, or it decides about their request.
func isAbout(leaf []byte, r Request) bool {
	e, err := event.Decode(leaf, nil)
	if err != nil {
		return false
	}
	for _, id := range []string{e.Actor.User, e.Asker().ID} {
		if id != "" && (id == r.Caller.User || id == r.user.Slack) {
			return true
		}
	}
	return false
}

// noReceipt is of an entry that is about others, and of one that does not exist: nobody is told which.
func noReceipt() *Error {
	return newError(CodeNoReceipt, prose.Say("There is no receipt for you under that number."),
		prose.Say("You can have one of what you did, and of what became of your requests, as long as the entry is kept. Its number is in the reply to that."))
}

// notKept is noReceipt for an admin.
func notKept() *Error {
	return newError(CodeNoReceipt, prose.Say("No entry of that number is kept."),
		prose.Say("It is not written yet, or Redis has let it go and there is no archive, or it is of a record that was closed.")).detailed("not_kept")
}

func unsigned(err error) *Error {
	return &Error{
		Code: CodeNoReceipt, Detail: "unsigned", Err: err,
		What: prose.Say("That entry is on the record, and not signed yet."),
		Hint: prose.Say("A signature is due every 5 seconds: ask again in 10. If that stays so, nothing is signed now: tell whoever runs the bot."),
	}
}
