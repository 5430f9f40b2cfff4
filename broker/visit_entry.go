package broker

import (
	"context"

	"github.com/assumebot/assumebot/broker/event"
)

// Every answer can name the entry of the record that tells of it: a Visit knows the newest
// that was written for it.

// Entry is the number of the newest entry that was written for v; false when none was, and of nil.
func (v *Visit) Entry() (number int64, written bool) {
	if v == nil {
		return 0, false
	}
	next := v.next.Load()
	return next - 1, next > 0
}

// wrote notes an entry. Some are written side by side.
func (v *Visit) wrote(number int64) {
	for was := v.next.Load(); number >= was && !v.next.CompareAndSwap(was, number+1); {
		was = v.next.Load()
	}
}

type visitKey struct{}

// written is a Recorder that tells the Visit of ctx what was written.
type written struct{ Recorder }

func (w written) Record(ctx context.Context, events ...event.Event) (event.Receipt, error) {
	receipt, err := w.Recorder.Record(ctx, events...)
	if v, ok := ctx.Value(visitKey{}).(*Visit); ok && err == nil {
		v.wrote(receipt.Number)
	}
	return receipt, err
}
