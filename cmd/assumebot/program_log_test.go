package main

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"
)

// saysReady is the line of the log by which the program serves. Sockets are open before it.
const saysReady = "ready: people are served"

// A programLog is what a process prints, which somebody waits for.
type programLog struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{} // closed, and replaced, when there is more
}

func newProgramLog() *programLog { return &programLog{more: make(chan struct{})} }

// Write implements [io.Writer].
func (l *programLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.more)
	l.more = make(chan struct{})
	return l.text.Write(p)
}

// String is all of it until now.
func (l *programLog) String() string {
	text, _ := l.read()
	return text
}

func (l *programLog) read() (string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String(), l.more
}

// await waits until want is there so many times.
func (l *programLog) await(t *testing.T, want string, times int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		text, more := l.read()
		if strings.Count(text, want) >= times {
			return
		}
		select {
		case <-more:
		case <-ctx.Done():
			t.Fatalf("got no %q %d times in:\n%s", want, times, text)
		}
	}
}
