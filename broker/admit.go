package broker

import "context"

// admit is what comes before policy, for whoever may bring a code or have
// something issued: orders of admins, then the person's lock-out. It is asked
// before a code is claimed.
func (b *Broker) admit(ctx context.Context, r Request, user User) error {
	if err := b.mayAct(ctx, user.Slack); err != nil {
		return err
	}
	return b.notLockedOut(ctx, r, user)
}
