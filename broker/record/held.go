package record

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/state"
)

// ErrHeld says that something that is required of the record is missing for now.
var ErrHeld = errors.New("the record is not as safe as it is required to be")

// held is why nothing that gives somebody something is taken for now.
type held struct {
	state *state.State
	out   *slog.Logger

	mu  sync.Mutex
	why map[string]error // by reason
}

// hold keeps Events that give something off the record for a reason, until err is nil.
func (h *held) hold(reason string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		delete(h.why, reason)
		return
	}
	if h.why[reason] == nil {
		h.out.Error("nothing is issued: the record is not as safe as it is required to be", "requires", reason, "error", err)
	}
	h.why[reason] = fmt.Errorf("%w: %w", ErrHeld, err)
}

// mayGive says why Events that give something are not taken now.
func (h *held) mayGive(events []event.Event) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range events {
		if !event.Gives(e.Data.Kind()) {
			continue
		}
		for _, err := range h.why {
			return err
		}
		if all, from, _ := h.state.KnowsAll(); !all {
			return fmt.Errorf("%w: it does not say yet what restricts from before %d, where this replica began to read", ErrHeld, from)
		}
		if kind := h.state.Standing().NewerStop(); kind != "" {
			return fmt.Errorf("%w: it has an event of the kind %s, which restricts and which this program does not know", ErrHeld, kind)
		}
	}
	return nil
}
