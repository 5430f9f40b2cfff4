package record

import (
	"context"
	"errors"
	"sync"

	"github.com/assumebot/assumebot/broker/event"
)

const (
	// batchMost and batchBytes bound a batch.
	batchMost  = 128
	batchBytes = 512 << 10
)

var errEnded = errors.New("the process ends, and writes no more entries of the record")

// A queue is what waits to be written.
type queue struct {
	some chan struct{} // holds one signal that something waits

	mu      sync.Mutex
	waiting []*write
	ended   bool // nobody writes what waits any more
}

// A write is Events of one caller, which stand side by side.
type write struct {
	events []sealing
	done   chan struct{} // closed once receipt and err are set
	event.Receipt
	err error
}

func (q *queue) push(w *write) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended {
		return errEnded
	}
	q.waiting = append(q.waiting, w)
	select {
	case q.some <- struct{}{}:
	default:
	}
	return nil
}

// withdraw takes back what nobody has begun to write.
func (q *queue) withdraw(w *write) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, waiting := range q.waiting {
		if waiting == w {
			q.waiting = append(q.waiting[:i:i], q.waiting[i+1:]...)
			w.err = context.Canceled
			return true
		}
	}
	return false
}

// next takes a batch off the queue.
func (q *queue) next() []*write {
	q.mu.Lock()
	defer q.mu.Unlock()
	count, size, n := 0, 0, 0
	for _, w := range q.waiting {
		for _, e := range w.events {
			count, size = count+1, size+len(e.leaf)+len(e.aside)
		}
		if n > 0 && (count > batchMost || size > batchBytes) {
			break
		}
		n++
	}
	batch := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	return batch
}

// end refuses what waits, and all that comes.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	for _, w := range q.waiting {
		w.err = errEnded
		close(w.done)
	}
	q.waiting = nil
}
