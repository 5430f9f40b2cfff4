package socketmode

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// recyclesEnv is how often Slack recycles all sockets in these tests; a quarter as
// many sockets are killed. 200 take four minutes.
const recyclesEnv = "ASSUMEBOT_RECYCLES"

func recycles(t *testing.T) int {
	t.Helper()
	text := os.Getenv(recyclesEnv)
	if text == "" {
		return 4
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 4 {
		t.Fatalf("%s is %q, want a number from 4 on", recyclesEnv, text)
	}
	return n
}

// A stream types commands, one each 5 ms, until it is told to end.
type stream struct {
	end   chan struct{}
	typed chan []*slacktest.Delivery
}

func (l *line) stream(t *testing.T) *stream {
	t.Helper()
	s := &stream{end: make(chan struct{}), typed: make(chan []*slacktest.Delivery, 1)}
	stop := sync.OnceFunc(func() { close(s.end) })
	go func() {
		var all []*slacktest.Delivery
		defer func() { s.typed <- all }()
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-s.end:
				return
			case <-ticker.C:
			}
			d, err := l.Command("U01ALICE", "C0GENERAL", "/assume", fmt.Sprint(len(all)))
			if err != nil {
				t.Error(err)
				return
			}
			all = append(all, d)
		}
	}()
	t.Cleanup(stop)
	return s
}

// typedUntilNow ends the stream and returns what it typed, once each person knows.
func (s *stream) typedUntilNow(t *testing.T) []*slacktest.Delivery {
	t.Helper()
	close(s.end)
	all := <-s.typed
	s.end = make(chan struct{}) // for the clean-up
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for _, d := range all {
		if err := d.Wait(ctx); ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	return all
}

// settled waits until two sockets are open and none of those before.
func (l *line) settled(t *testing.T, before []slacktest.Connection) {
	t.Helper()
	l.await(t, "two new sockets", func() bool {
		now := l.Connections()
		for _, c := range now {
			for _, b := range before {
				if c.ID == b.ID {
					return false
				}
			}
		}
		return len(now) == 2
	})
}

// TestNothingIsLostOrLateWhileSlackRecyclesAllSockets has a Slack that sends
// nothing again. Late is what Slack says: an acknowledgement after 3 s.
func TestNothingIsLostOrLateWhileSlackRecyclesAllSockets(t *testing.T) {
	t.Parallel()
	l := newLine(t, 2, false)
	l.SetRedelivery(slacktest.RedeliverNever)
	l.withoutPauses()
	l.run(t)
	l.await(t, "two sockets", func() bool { return len(l.Connections()) == 2 })
	typing := l.stream(t)
	for range recycles(t) {
		before := l.Connections()
		l.Recycle(250 * time.Millisecond)
		l.settled(t, before)
	}
	all := typing.typedUntilNow(t)
	for i, d := range all {
		if d.Err() != nil {
			t.Errorf("command %d of %d: the person saw %v", i, len(all), d.Err())
		}
	}
	if got := l.MostAtOnce(); got > 3 {
		t.Errorf("got %d sockets at once, want one more than the two that are kept", got)
	}
}

// TestOnlyWhatIsOnTheWireIsLostWithASocketThatIsCut has a Slack that sends nothing
// again, which is reported of presses and forms.
func TestOnlyWhatIsOnTheWireIsLostWithASocketThatIsCut(t *testing.T) {
	t.Parallel()
	l := newLine(t, 2, false)
	l.SetRedelivery(slacktest.RedeliverNever)
	l.withoutPauses()
	l.run(t)
	l.await(t, "two sockets", func() bool { return len(l.Connections()) == 2 })
	typing := l.stream(t)
	for i := range max(8, recycles(t)/4) {
		victim, opened, served := l.Connections()[i%2].ID, l.Opened(), l.served()
		l.Drop(victim)
		l.await(t, "a new socket, and commands", func() bool {
			return l.Opened() > opened && len(l.Connections()) == 2 && l.served() > served+20
		})
	}
	all := typing.typedUntilNow(t)
	lost := 0
	for i, d := range all {
		if d.Err() == nil {
			continue
		}
		if lost++; !d.Cut() {
			t.Errorf("command %d of %d: the person saw %v, and it was on no socket that was cut", i, len(all), d.Err())
		}
	}
	t.Logf("%d of %d commands were on the wire of a socket that was cut", lost, len(all))
}

// TestStoppingLosesNothing stops one of two processes. What comes over its sockets
// until they are closed is acknowledged and served, or neither.
func TestStoppingLosesNothing(t *testing.T) {
	t.Parallel()
	one := newLine(t, 2, false)
	one.SetRedelivery(slacktest.RedeliverNever)
	two := one.beside(t, 2)
	one.run(t)
	two.run(t)
	one.await(t, "four sockets", func() bool { return len(one.Connections()) == 4 })
	typing := one.stream(t)
	one.await(t, "commands", func() bool { return one.served() > 20 && two.served() > 20 })
	if err := one.stop(); err != nil {
		t.Errorf("got %v at the end, want nil", err)
	}
	after := two.served()
	one.await(t, "commands for the other", func() bool { return two.served() > after+20 })
	all := typing.typedUntilNow(t)
	for i, d := range all {
		acked, served := d.Acks() > 0, one.has(d) || two.has(d)
		if acked != served {
			t.Errorf("command %d of %d: got acknowledged %t and served %t, want both or neither", i, len(all), acked, served)
		}
		if d.Err() != nil && !d.Cut() {
			t.Errorf("command %d of %d: the person saw %v, and it was on no socket that was closed", i, len(all), d.Err())
		}
	}
}

// TestWhatComesAfterGoodbyeIsAcknowledgedOverAnotherSocket, as python-slack-sdk
// acknowledges over whichever socket is open by then.
func TestWhatComesAfterGoodbyeIsAcknowledgedOverAnotherSocket(t *testing.T) {
	l := newLine(t, 2, false)
	l.SetRedelivery(slacktest.RedeliverNever)
	first, err := l.sockets.dial(t.Context(), l.sockets.log)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.conn.Close() }()
	receive := func() (Envelope, *slacktest.Delivery) {
		t.Helper()
		d, err := l.Command("U01ALICE", "C0GENERAL", "/assume", "help")
		if err != nil {
			t.Fatal(err)
		}
		_, data, err := first.conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		f, err := decodeFrame(data)
		if err != nil {
			t.Fatal(err)
		}
		return l.sockets.envelope(f, first), d
	}
	e, d := receive()
	late, lost := receive()
	second, err := l.sockets.dial(t.Context(), l.sockets.log)
	if err != nil {
		t.Fatal(err)
	}
	first.sayGoodbye()
	if err := e.Ack(nil); err != nil {
		t.Errorf("got %v, want it acknowledged over the other socket", err)
	}
	if err := d.Wait(t.Context()); err != nil {
		t.Errorf("the person saw %v", err)
	}
	second.sayGoodbye()
	if err := late.Ack(nil); !errors.Is(err, errNoSocket) {
		t.Errorf("got %v, want %v", err, errNoSocket)
	}
	if lost.Acks() != 0 {
		t.Error("got an acknowledgement without a socket")
	}
}
