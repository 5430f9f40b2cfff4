package broker

import "context"

// approved returns the approval that r may use, without using it.
func (b *Broker) approved(_ context.Context, _ Request, _ User, a Account) (KeptApproval, error) {
	return KeptApproval{}, b.needsApproval(a)
}

// names are those who approved, for the record.
func (a Approval) names() []string {
	var names []string
	for _, v := range a.Votes {
		names = append(names, v.Name+" ("+v.User+")")
	}
	return names
}
