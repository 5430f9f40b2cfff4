package app

import (
	"context"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// What a drill asks of the App that it rehearses with, beside what people can.

// AWS is that which the App asks.
func (a *App) AWS() broker.AWS { return a.aws }

// RecordKeys check what the App signs.
func (a *App) RecordKeys() tree.PublicKeys { return a.record.keys }

// RecordSource is the record where it is written, for whoever verifies it.
func (a *App) RecordSource() audit.Source { return audit.FromStore(a.Store.Log, a.Store.Checkpoints) }

// Decide is what policy says of ask now, by the config that the App was made with.
func (a *App) Decide(ctx context.Context, ask policy.Ask) (policy.Decision, error) {
	groups, err := a.groups.Groups(ctx)
	if err != nil {
		return policy.Decision{}, err
	}
	if groups == nil {
		groups = policy.Members(nil) // there are no user groups
	}
	return policy.Decide(&a.config.Broker, groups, ask, a.env.Now()), nil
}
