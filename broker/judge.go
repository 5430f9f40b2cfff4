package broker

import "context"

// Judge says what is wrong with a Request as far as that can be known without
// AWS: who speaks, policy, a key that is demanded, duration, a code that is
// missing or spent. nil means that Issue would go on. A code that Issue would
// send is then reserved for r.ID, so that Issue with the same Request sends it.
func (b *Issuing) Judge(ctx context.Context, r Request) error {
	_, err := visit(ctx, b.visits, r, b.visits.toBring(), func(ctx context.Context, r *Request) (Plan, error) {
		cleared, err := b.consent.clear(ctx, *r, r.user)
		if err != nil {
			return Plan{}, err
		}
		*r = cleared.request
		if _, err := b.sealings.sealing(ctx, *r, r.user, cleared.account); err != nil {
			return Plan{}, err
		}
		p, _, err := b.planFor(ctx, *r, r.user, cleared.account)
		if err == nil && p.SendsCode() {
			err = b.claims.reserve(ctx, *r, r.user)
		}
		return p, err
	})
	return err
}
