package bot

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/patience"
)

// A panic ends the envelope that it arose in, and neither the process nor the next:
// rescue stands behind each, here and in every goroutine that works on one.

// receive takes one envelope off a socket; it does not block. Commands, buttons
// and events are acknowledged first and worked on afterwards, so that nothing
// but the socket itself can delay the acknowledgement. Where the answer is the
// acknowledgement, of menus and submitted modals, it is due within 3 s and
// never waits for AWS.
func (b *Bot) receive(e socketmode.Envelope) {
	defer b.rescue(b.ctx, conversation{}, nil)
	switch e.Kind {
	case "slash_commands":
		if b.ackEmpty(e) {
			b.work(func(ctx context.Context) { b.slashCommand(ctx, e) })
		}
	case "interactive":
		b.receiveInteraction(e)
	case "events_api":
		if b.ackEmpty(e) {
			b.work(func(ctx context.Context) { b.event(ctx, e) })
		}
	default:
		_ = b.ackEmpty(e)
		b.log.Info("envelope not served", "type", e.Kind)
	}
}

// ackEmpty acknowledges e. false is that Slack does not have it: then whoever acted
// is told that it failed, or Slack sends it again, so nothing may come of this one.
func (b *Bot) ackEmpty(e socketmode.Envelope) bool {
	err := e.Ack(nil)
	if err != nil {
		b.log.Warn("envelope not acknowledged, so it is not served", "type", e.Kind, "error", err)
	}
	return err == nil
}

// work does f in the background; SIGTERM waits for it. What f asks of AWS ends in
// time for an answer to who waits, by the clock of this machine.
func (b *core) work(f func(context.Context)) {
	ctx, cancel := context.WithTimeout(ahead.With(patience.With(b.ctx, time.Now())), requestTimeout)
	b.working.Go(func() {
		defer b.sweeper.touch()
		defer cancel()
		defer b.rescue(ctx, conversation{}, nil)
		f(ctx)
	})
}

// sightings are what a delivery is known by.
func sightings(e socketmode.Envelope, trigger string) []string {
	ids := []string{"envelope:" + e.ID}
	if trigger != "" {
		ids = append(ids, "trigger:"+trigger)
	}
	return ids
}
