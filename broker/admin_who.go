package broker

import (
	"cmp"
	"context"
	"slices"

	"github.com/assumebot/assumebot/broker/event"
)

// A LiveGrant is somebody's, and what the config calls who has it.
type LiveGrant struct {
	Grant
	Name string // "": the config knows them no more
}

// Everybody is what is live, whose ever it is.
type Everybody struct {
	Grants []LiveGrant // by person and then by end
	More   bool        // there are, or may be, more than these
}

// Status lets an admin see how the bot does, and returns the pause.
// A record that is away keeps nobody from it: then above all it is asked.
func (b *Admins) Status(ctx context.Context, r Request) (*Order, error) {
	return visit(ctx, b.visits, r, b.toOrder("status", "see how the bot does"), func(ctx context.Context, r *Request) (*Order, error) {
		b.note(ctx, b.event(*r, event.StatusData{}))
		_, pause, err := b.orders.Orders(ctx, r.Caller.User)
		if err != nil {
			_, pause = b.orders.KnownOrders(r.Caller.User)
		}
		if pause != nil {
			shown := pause.shown()
			pause = &shown
		}
		return pause, nil
	})
}

// Who returns most live Grants at most, once that is recorded.
func (b *Holding) Who(ctx context.Context, r Request, most int) (Everybody, error) {
	return visit(ctx, b.visits, r, b.admins.toOrder("who", "see everybody's credentials"), func(ctx context.Context, r *Request) (Everybody, error) {
		if _, err := b.recorder.Record(ctx, b.event(*r, event.WhoData{Reason: event.NewText(r.Reason)})); err != nil {
			return Everybody{}, recordAway(err, "nothing is shown")
		}
		held, err := b.grants.Held(ctx, most)
		if err != nil {
			return Everybody{}, storeDown(err)
		}
		all := Everybody{More: held.More}
		for _, g := range held.Grants {
			all.Grants = append(all.Grants, LiveGrant{Grant: g, Name: b.NameOf(g.User)})
		}
		slices.SortFunc(all.Grants, func(x, y LiveGrant) int {
			return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.User, y.User), x.Expires.Compare(y.Expires), cmp.Compare(x.ID, y.ID))
		})
		return all, nil
	})
}
