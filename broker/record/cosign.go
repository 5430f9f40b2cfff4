package record

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
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

// cosigning has witnesses cosign what is published.
type cosigning struct {
	log       *Log
	store     published.Store
	keys      ownKeys
	witnesses witness.Set
	required  bool // nothing is issued while entries are not cosigned
	out       *slog.Logger

	mu      sync.Mutex
	alarmed map[string]string // by witness: what is wrong with it
	// cosigned is what was last known to be, and uncosigned since when there is more.
	cosigned   int64
	uncosigned time.Time
	asked      bool // all witnesses have answered since the start
}

// ask asks the witnesses what they have seen of the record, of which now is published; see
// Publisher.Ask.
func (w *cosigning) ask(ctx context.Context, now published.State) error {
	c, _, err := w.keys.check(now)
	if err != nil {
		return err
	}
	var away error
	for _, a := range w.witnesses.Ask(ctx, c, now.Witnesses, tree.HashReader(ctx, c.Tree(), w.store.Tiles)) {
		if a.Refused() {
			return w.log.stop(a.Err)
		}
		away = errors.Join(away, a.Err)
	}
	w.mu.Lock()
	w.asked = away == nil
	w.mu.Unlock()
	if away != nil {
		w.out.Warn("a witness does not say how far it has seen the record", "error", away)
	}
	if w.required {
		w.log.held.hold(notAsked, away)
	}
	return nil
}

// mustAsk reports whether a required witness has not answered yet since the start.
func (w *cosigning) mustAsk() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.required && !w.asked
}

// size returns the size of the newest checkpoint that all witnesses cosigned, as its
// cosignatures prove; 0 where there is none.
func (w *cosigning) size(now published.State) int64 {
	if now.Cosigned == nil {
		return 0
	}
	keys, err := w.keys.signer.PublicKeys(w.witnesses.Keys()...)
	if err != nil {
		return 0
	}
	c, err := keys.Check(now.Cosigned, w.log.Origin)
	by := map[string]bool{}
	for _, sig := range c.Cosigned {
		by[sig.Witness] = true
	}
	if err != nil || len(by) < len(w.witnesses.Each) {
		return 0
	}
	return c.Size
}

// cosign has what was published cosigned, as the holder h, and returns it as published
// then.
func (w *cosigning) cosign(ctx context.Context, h *lease.Hold, now published.State) (published.State, error) {
	if len(w.witnesses.Each) == 0 || now.Note == nil {
		return now, nil
	}
	c, _, err := w.keys.check(now)
	if err != nil || w.size(now) == c.Size {
		return now, err
	}
	answers := w.witnesses.Ask(ctx, c, now.Witnesses, tree.HashReader(ctx, c.Tree(), w.store.Tiles))
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
		w.answered(ctx, a)
	}
	next.Note, err = witness.Add(c, answers...)
	if all {
		next.Cosigned = next.Note
	}
	return next, err
}

// answered raises the alarm about a witness once, and takes it back.
func (w *cosigning) answered(ctx context.Context, a witness.Answer) {
	code := ""
	switch {
	case a.Refused():
		code = alarmWitnessRefused
	case a.Err != nil:
		code = alarmWitnessAway
	}
	w.mu.Lock()
	before := w.alarmed[a.Witness]
	w.alarmed[a.Witness] = code
	w.mu.Unlock()
	if code == before {
		return
	}
	if code == "" {
		code = alarmWitnessBack
	}
	alarm := event.AlarmData{Code: code, About: a.Witness, Size: max(a.Size, 0)}
	if _, err := w.log.Record(ctx, event.Event{ID: rand.Text(), Time: w.log.Now(), Data: alarm}); err != nil {
		w.out.Error("an alarm is not on the record", "alarm", code, "witness", a.Witness, "error", err)
	}
	w.out.Warn("about a witness of the record", "alarm", code, "witness", a.Witness, "error", a.Err)
}

// watch holds the Log while entries stay without the cosignatures that are required.
func (w *cosigning) watch(now published.State) {
	if !w.required {
		return
	}
	cosigned := w.size(now)
	w.mu.Lock()
	defer w.mu.Unlock()
	at := w.log.Now()
	if w.log.Size() <= cosigned {
		w.uncosigned = time.Time{}
	} else if w.uncosigned.IsZero() || cosigned > w.cosigned {
		w.uncosigned = at
	}
	w.cosigned = cosigned
	if !w.uncosigned.IsZero() && at.Sub(w.uncosigned) >= cosignedWithin {
		w.log.held.hold(notCosigned, fmt.Errorf("not all witnesses have cosigned the entries after %d", cosigned))
		return
	}
	w.log.held.hold(notCosigned, nil)
}
