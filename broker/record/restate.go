package record

import (
	"crypto/rand"

	"github.com/assumebot/assumebot/broker/event"
)

// restatement returns Events that restate what restricts now, side by side.
func (l *Log) restatement() ([]event.Event, error) {
	l.mu.Lock()
	data := l.state.Restatement(l.view.Size() - 1)
	l.mu.Unlock()
	return event.Split(event.Event{ID: rand.Text(), Time: l.Now(), Data: data})
}
