package record

import (
	"context"
	"crypto/rand"
	"slices"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/archive"
)

// Forgetting erases free text, wherever it is kept. That it is erased is put on the record
// before. The entries stay as they are: they hold a digest of the text alone, and
// without the salt, which is erased with it, nobody finds out by trying what it was.
// One text may stand beside several entries: the reason of a Request stands beside its
// intent and its outcome.

// forgetAtOnce is how many Events tell of it side by side.
const forgetAtOnce = 100

// Forget erases the free text of entries, in the store and in an archive, where there is
// one; by is who has it erased. It can be repeated.
func (l *Log) Forget(ctx context.Context, numbers []int64, by string, archived archive.Objects) error {
	for some := range slices.Chunk(numbers, forgetAtOnce) {
		var events []event.Event
		for _, n := range some {
			events = append(events, event.Event{ID: rand.Text(), Time: l.Now(), Data: event.ForgottenData{Entry: n, By: by}})
		}
		if _, err := l.Record(ctx, events...); err != nil {
			return err
		}
	}
	for _, n := range numbers {
		if _, err := l.Entries.Forget(ctx, n); err != nil {
			return err
		}
	}
	if archived == nil {
		return nil
	}
	for _, n := range numbers {
		if err := archived.Delete(ctx, archive.AsidePath(n)); err != nil {
			return err
		}
	}
	return nil
}
