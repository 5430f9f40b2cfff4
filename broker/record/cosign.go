package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/record/witness"
)

// Witnesses cosign each checkpoint once it is published. They remember, outside of the
// store, how far the record went: a replica asks them when it starts, since the store
// may have gone back while none was running. That one does not answer, or refuses, is
// an alarm. Where they are required, nothing is issued while entries are not cosigned.

const (
	// cosignedWithin is how long entries may stay without cosignatures that are required.
	cosignedWithin = time.Minute
	// notCosigned is why nothing is issued then, and notAsked before they answered once.
	notCosigned = "witnesses"
	notAsked    = "witnesses at the start"

	alarmWitnessAway    = "witness_away"
	alarmWitnessBack    = "witness_back"
	alarmWitnessRefused = "rewound_or_forked"
)

// Ask asks the witnesses before this replica issues anything whether they have seen more
// of the record than the store has, or anything else. It stops the Log then. With
// required witnesses that do not answer it holds the Log, and so does Run until they do.
func (p *Publisher) Ask(ctx context.Context) error {
	if len(p.Witnesses.Each) == 0 {
		return nil
	}
	_, now, err := p.load(ctx)
	if err != nil {
		return err
	}
	c, _, err := p.check(now)
	if err != nil {
		return err
	}
	var away error
	for _, a := range p.Witnesses.Ask(ctx, c, now.Witnesses, tree.HashReader(ctx, c.Tree(), p.Store.Tiles)) {
		if a.Refused() {
			return p.Log.stop(a.Err)
		}
		away = errors.Join(away, a.Err)
	}
	p.mu.Lock()
	p.asked = away == nil
	p.mu.Unlock()
	if away != nil {
		p.Out.Warn("a witness does not say how far it has seen the record", "error", away)
	}
	if p.Required {
		p.Log.held.hold(notAsked, away)
	}
	return nil
}

// mustAsk reports whether a required witness has not answered yet since the start.
func (p *Publisher) mustAsk() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.Required && !p.asked
}

// cosignedSize returns the size of the newest checkpoint that all witnesses cosigned, as its
// cosignatures prove; 0 where there is none.
func (p *Publisher) cosignedSize(now published.State) int64 {
	if now.Cosigned == nil {
		return 0
	}
	var witnesses []string
	for _, w := range p.Witnesses.Each {
		witnesses = append(witnesses, w.Key())
	}
	keys, err := p.Signer.PublicKeys(witnesses...)
	if err != nil {
		return 0
	}
	c, err := keys.Check(now.Cosigned, p.Log.Origin)
	by := map[string]bool{}
	for _, sig := range c.Cosigned {
		by[sig.Witness] = true
	}
	if err != nil || len(by) < len(p.Witnesses.Each) {
		return 0
	}
	return c.Size
}

// cosign has what was published cosigned, as the holder h, and returns it as published
// then.
func (p *Publisher) cosign(ctx context.Context, h *lease.Hold, now published.State) (published.State, error) {
	if len(p.Witnesses.Each) == 0 || now.Note == nil {
		return now, nil
	}
	c, _, err := p.check(now)
	if err != nil || p.cosignedSize(now) == c.Size {
		return now, err
	}
	answers := p.Witnesses.Ask(ctx, c, now.Witnesses, tree.HashReader(ctx, c.Tree(), p.Store.Tiles))
	if _, err := h.Fence(); err != nil { // to one whose turn is over a witness that went on looks like a fork
		return now, err
	}
	next, all := now, true
	next.Witnesses = maps.Clone(now.Witnesses)
	if next.Witnesses == nil {
		next.Witnesses = map[string]int64{}
	}
	for _, a := range answers {
		if a.Err == nil {
			next.Witnesses[a.Witness] = a.Size
		}
		all = all && a.Err == nil
		p.answered(ctx, a)
	}
	next.Note, err = witness.Add(c, answers...)
	if all {
		next.Cosigned = next.Note
	}
	return next, err
}

// answered raises the alarm about a witness once, and takes it back.
func (p *Publisher) answered(ctx context.Context, a witness.Answer) {
	code := ""
	switch {
	case a.Refused():
		code = alarmWitnessRefused
	case a.Err != nil:
		code = alarmWitnessAway
	}
	p.mu.Lock()
	before := p.alarmed[a.Witness]
	p.alarmed[a.Witness] = code
	p.mu.Unlock()
	if code == before {
		return
	}
	if code == "" {
		code = alarmWitnessBack
	}
	alarm := event.AlarmData{Code: code, About: a.Witness, Size: max(a.Size, 0)}
	if _, err := p.Log.Record(ctx, event.Event{ID: rand.Text(), Time: p.Log.Now(), Data: alarm}); err != nil {
		p.Out.Error("an alarm is not on the record", "alarm", code, "witness", a.Witness, "error", err)
	}
	p.Out.Warn("about a witness of the record", "alarm", code, "witness", a.Witness, "error", a.Err)
}

// watchCosigned holds the Log while entries stay without the cosignatures that are required.
func (p *Publisher) watchCosigned(now published.State) {
	if !p.Required {
		return
	}
	cosigned := p.cosignedSize(now)
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.Log.Now()
	if p.Log.Size() <= cosigned {
		p.uncosigned = time.Time{}
	} else if p.uncosigned.IsZero() || cosigned > p.cosigned {
		p.uncosigned = at
	}
	p.cosigned = cosigned
	if !p.uncosigned.IsZero() && at.Sub(p.uncosigned) >= cosignedWithin {
		p.Log.held.hold(notCosigned, fmt.Errorf("not all witnesses have cosigned the entries after %d", cosigned))
		return
	}
	p.Log.held.hold(notCosigned, nil)
}
