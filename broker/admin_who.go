package broker

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/share"
)

// A LiveGrant is somebody's, and what the config calls who has it.
type LiveGrant struct {
	Grant
	Name string // "": the config knows them no more
}

// whoAtOnce bounds how many people are looked up at once.
const whoAtOnce = 8

// Who returns everybody's live Grants, by person and then by end, once that is recorded.
func (b *Holding) Who(ctx context.Context, r Request) ([]LiveGrant, error) {
	return visit(ctx, b.visits, r, b.admins.toOrder("who", "see everybody's credentials"), func(ctx context.Context, r *Request) ([]LiveGrant, error) {
		if _, err := b.recorder.Record(ctx, b.event(*r, event.WhoData{Reason: event.NewText(r.Reason)})); err != nil {
			return nil, recordAway(err, "nothing is shown")
		}
		return b.liveOfAll(ctx)
	})
}

func (b *Holding) liveOfAll(ctx context.Context) ([]LiveGrant, error) {
	users, err := b.grants.Holders(ctx)
	if err != nil {
		return nil, storeDown(err)
	}
	var (
		mu    sync.Mutex
		all   []LiveGrant
		first error
	)
	share.Each(whoAtOnce, len(users), func(i int) {
		grants, err := b.grants.LiveGrants(ctx, users[i])
		mu.Lock()
		defer mu.Unlock()
		first = cmp.Or(first, err)
		for _, g := range grants {
			all = append(all, LiveGrant{Grant: g, Name: b.NameOf(g.User)})
		}
	})
	if first != nil {
		return nil, storeDown(first)
	}
	slices.SortFunc(all, func(x, y LiveGrant) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.User, y.User), x.Expires.Compare(y.Expires), cmp.Compare(x.ID, y.ID))
	})
	return all, nil
}
