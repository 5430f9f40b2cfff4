package bot

import (
	"context"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
)

// unknownFor is how long it is worth telling that credentials may exist of which nobody
// knows.
const unknownFor = policy.MaxRoleDuration

// oweUnknown has the person told that nobody knows what came of their request. It goes
// by the record, so that a replica that dies leaves it to the next; a repeat is the
// same entry of the list. A store that is away keeps the record's reader here too.
func (b *delivery) oweUnknown(ctx context.Context, e event.Event) {
	unknown, ok := e.Data.(event.UnknownData)
	if !ok || e.Actor.User == "" {
		return
	}
	m := message.UnknownOutcome(b.live.Load().voice, unknown.Account, broker.Purpose(unknown.Purpose), broker.ShortRef(e.Request))
	b.owe(ctx, owed{
		User: e.Actor.User, Team: e.Actor.Team, Channel: e.Actor.Channel, Request: e.Request,
		Since: e.Time, Until: e.Time.Add(unknownFor), Text: m.Text, Blocks: &slack.Blocks{BlockSet: m.Blocks},
	}, e.Time.Add(time.Second))
}
