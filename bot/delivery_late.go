package bot

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
)

const (
	// takingBack bounds what takes away: AWS may be slow, and several accounts wait
	// for one role's policy.
	takingBack = 90 * time.Second
	// beforeTheEnd is what an interim answer needs of a Visit's time.
	beforeTheEnd = 3 * time.Second
)

// inTime answers with what work comes to. Where that takes longer than an answer
// may, interim is the answer, and the rest is told by direct message: what takes
// away is never cut short because somebody waits. A refusal, and interim, take the
// place of nothing.
func (b *delivery) inTime(ctx context.Context, to conversation, interim blockkit.Message, work func(context.Context) (blockkit.Message, error)) {
	longer, cancel := context.WithTimeout(context.WithoutCancel(ctx), takingBack)
	type outcome struct {
		to conversation
		m  blockkit.Message
	}
	came := make(chan outcome, 1)
	b.working.Go(func() {
		defer cancel()
		defer b.rescue(longer, to, func(m blockkit.Message) { came <- outcome{to.beside(), m} })
		m, err := work(longer)
		if err != nil {
			came <- outcome{to.beside(), b.refusal(longer, to, err)}
			return
		}
		came <- outcome{to, to.named(m)}
	})
	late := time.NewTimer(takingBack)
	defer late.Stop()
	if end, ok := ctx.Deadline(); ok {
		late.Reset(time.Until(end) - beforeTheEnd)
	}
	select {
	case o := <-came:
		b.deliver(ctx, o.to, o.m)
	case <-late.C:
		b.deliver(ctx, to.beside(), interim)
		to.debt.Keep()
		b.working.Go(func() {
			defer to.debt.Settle()
			told := context.WithoutCancel(ctx)
			defer b.rescue(told, to, nil)
			b.tellOrOwe(told, to, (<-came).m)
		})
	}
}
