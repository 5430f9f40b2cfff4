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
