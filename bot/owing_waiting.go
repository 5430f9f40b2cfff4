package bot

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/ahead"
)

// Where a command or a press waits for its turn for longer than a moment, its answer is put on
// the ledger while it waits, with those of all others that do, so that it can be acknowledged,
// and a process that dies owes it too. Its Visit goes on from there.
//
// A submitted form that waits is owed nothing: its acknowledgement is the answer, and does not
// come before the form was judged and its answer is owed. Slack says in the form that it failed.

// owedAtATime bounds how many are put on the ledger in one trip.
const owedAtATime = 256

// waiting are the commands and presses that wait, by the IDs of their envelopes.
type waiting struct {
	mu sync.Mutex
	of map[string]*waits
}

// A waits is one of them. All but arrival and done is under the mu of waiting, or its who has
// begun it; to counts once done is closed.
type waits struct {
	arrival
	to                    conversation
	begun, ended, dropped bool
	done                  chan struct{}
}

func newWaiting() *waiting { return &waiting{of: map[string]*waits{}} }

// hear takes in what waits, and returns what is to be put on the ledger. It does not block.
func (w *waiting) hear(some []arrival) (all []*waits) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range some {
		if !a.owedAnswer() || a.ID == "" || w.of[a.ID] != nil { // delivered twice, it is owed once
			continue
		}
		x := &waits{arrival: a, done: make(chan struct{})}
		w.of[a.ID] = x
		all = append(all, x)
	}
	return all
}

// owedAnswer reports whether somebody waits for more than its acknowledgement.
func (a arrival) owedAnswer() bool {
	return a.Kind == "slash_commands" || a.Kind == "interactive" && a.answering == nil
}

// begin is before x is put on the ledger; false where its turn has come, or there is none.
func (w *waiting) begin(x *waits) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	x.begun = w.of[x.ID] == x
	return x.begun
}

// end is after x was put on the ledger, or was not.
func (w *waiting) end(x *waits) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !x.begun || x.ended {
		return
	}
	x.ended = true
	close(x.done)
	if x.dropped {
		x.to.debt.Settle()
	}
}

// take returns with whom what waited is owed, now that its turn has come, or there
// is none for it; false where it is not owed yet.
func (w *waiting) take(id string) (conversation, bool) {
	w.mu.Lock()
	x := w.of[id]
	delete(w.of, id)
	begun := x != nil && x.begun
	w.mu.Unlock()
	if !begun {
		return conversation{}, false
	}
	<-x.done // as long as a trip to the store takes
	return x.to, true
}

// refused is take where there is no turn for it, of which the person hears within 3 s however
// long the store takes: false too where it is being put on the ledger, from which it goes as
// soon as it is there. It does not block.
func (w *waiting) refused(id string) (conversation, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	x := w.of[id]
	delete(w.of, id)
	switch {
	case x == nil || !x.begun:
		return conversation{}, false
	case x.ended:
		return x.to, true
	}
	x.dropped = true
	return conversation{}, false
}

// drop is refused where nobody can be told. It does not block.
func (w *waiting) drop(id string) {
	if to, ok := w.refused(id); ok {
		to.debt.Settle()
	}
}

// owe has what waits owed. It does not block.
func (i *intake) owe(some []arrival) {
	all := i.visits.waiting.hear(some)
	if len(all) == 0 {
		return
	}
	overdue := time.AfterFunc(i.ackWithin, func() {
		for _, x := range all {
			x.accepted.say()
		}
	})
	i.work(func(ctx context.Context) {
		i.visits.oweWaiting(ctx, all)
		overdue.Stop() // unless it panicked
	})
}

// oweWaiting puts what waits on the ledger.
func (v *visits) oweWaiting(ctx context.Context, all []*waits) {
	defer func() {
		for _, x := range all {
			v.waiting.end(x) // of a panic
		}
	}()
	for some := range slices.Chunk(all, owedAtATime) {
		var begun, owing []*waits
		var owed []ahead.Owed
		for _, x := range some {
			if !v.waiting.begin(x) {
				continue
			}
			begun = append(begun, x)
			if o := v.oweOne(x); o != nil {
				owing, owed = append(owing, x), append(owed, *o)
			}
		}
		if len(owed) > 0 {
			for i, d := range v.door.ledger.OweAll(ctx, owed) {
				owing[i].to.debt = d
			}
		}
		for _, x := range begun {
			v.waiting.end(x)
			x.accepted.say()
		}
	}
}

// oweOne says with whom x is owed, and what; nil: nothing.
func (v *visits) oweOne(x *waits) *ahead.Owed {
	if x.Kind == "interactive" {
		in, ok := v.readInteraction(x.Envelope)
		if !ok {
			return nil
		}
		x.to, x.to.asked = in.to, in.asked()
		return v.door.owe(&x.to)
	}
	cmd, ok := v.readCommand(x.Envelope)
	if !ok {
		return nil
	}
	x.to = v.typed(x.arrival, cmd)
	parsed, _ := parse(x.to, cmd) // its Visit tells what is wrong with it
	x.to.asked, x.to.account = ofCommand(parsed), parsed.Account
	return v.door.owe(&x.to)
}
