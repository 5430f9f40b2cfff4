package broker

import "context"

// Judge says what is wrong with a Request as far as that can be known without
// AWS: who speaks, policy, a key that is demanded, duration, a code that is
// missing or spent. nil means that Issue would go on. A code that Issue would
// send is then reserved for r.ID, so that Issue with the same Request sends it.
func (b *Broker) Judge(ctx context.Context, r Request) error {
	user, err := b.identify(ctx, r.Caller)
	if err != nil {
		return b.refuse(ctx, r, err)
	}
	if err := b.admit(ctx, r, user); err != nil {
		return b.refuse(ctx, r, err)
	}
	cleared, err := b.clear(ctx, r, user)
	if err != nil {
		return b.refuse(ctx, r, err)
	}
	r = cleared.request
	if _, err := b.sealing(ctx, r, user, cleared.account); err != nil {
		return b.refuse(ctx, r, err)
	}
	p, _, err := b.planFor(ctx, r, user, cleared.account)
	if err != nil {
		return err
	}
	if p.SendsCode() {
		if err := b.reserve(ctx, r, user); err != nil {
			return b.refuse(ctx, r, err)
		}
	}
	return nil
}
