package socketmode

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// pauses records what slots wait for, and waits for none of it.
type pauses struct {
	mu    sync.Mutex
	taken []time.Duration
}

func (p *pauses) pause(ctx context.Context, d time.Duration, other <-chan struct{}) {
	p.mu.Lock()
	p.taken = append(p.taken, d)
	p.mu.Unlock()
	pause(ctx, 0, other)
}

func (p *pauses) all() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

func (l *line) withoutPauses() *pauses {
	p := &pauses{}
	l.sockets.pause = p.pause
	return p
}

func TestTheLastSocketIsDialledAgainWithoutAPause(t *testing.T) {
	l := newLine(t, 1, false)
	p := l.withoutPauses()
	l.run(t)
	for i := 1; i <= 6; i++ {
		l.await(t, fmt.Sprintf("socket %d", i), func() bool { return len(l.Connections()) == 1 && l.Opened() == i })
		if i == 3 {
			l.Inject(slacktest.Fault{Method: "apps.connections.open", Status: 503, Times: 5})
		}
		if i%2 == 0 {
			l.Disconnect("refresh_requested", 0)
		} else {
			l.Drop()
		}
	}
	if got := p.all(); len(got) != 0 {
		t.Errorf("got pauses of %v, want none: nobody else hears", got)
	}
}

func TestBesideALivingSocketTroubleIsWaitedOut(t *testing.T) {
	l := newLine(t, 2, false)
	p := l.withoutPauses()
	l.run(t)
	l.await(t, "two sockets", func() bool { return len(l.Connections()) == 2 })
	for range 2 { // Slack takes them in turn: who has served is up here too
		d, err := l.Command("U01ALICE", "C0GENERAL", "/assume", "help")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	stays := l.Connections()[0].ID
	for i := 3; i <= 6; i++ {
		for _, c := range l.Connections() {
			if c.ID != stays {
				l.Drop(c.ID)
			}
		}
		l.await(t, fmt.Sprintf("socket %d", i), func() bool { return len(l.Connections()) == 2 && l.Opened() == i })
	}
	// The first is replaced at once; whoever dies again and again is not.
	if got := p.all(); len(got) != 3 {
		t.Errorf("got pauses of %v, want three, one before each dial but the first", got)
	}
}

func TestRetryAfterOfAnOpeningIsHonouredByTheLastSocketToo(t *testing.T) {
	l := newLine(t, 1, false)
	p := l.withoutPauses()
	now := time.Now()
	l.sockets.pace.now = func() time.Time { // each pause is over when it was asked for
		for _, d := range p.all() {
			now = now.Add(d)
		}
		return now
	}
	l.Inject(slacktest.Fault{Method: "apps.connections.open", Error: "ratelimited", RetryAfter: 30 * time.Second})
	l.run(t)
	l.await(t, "a socket", func() bool { return len(l.Connections()) == 1 })
	if got := p.all(); len(got) != 1 || got[0] < 30*time.Second {
		t.Errorf("got pauses of %v, want one of the 30s that Slack asked for", got)
	}
}

func TestNothingIsLostWhenAllSocketsAreRecycledAgainAndAgain(t *testing.T) {
	l := newLine(t, 2, false)
	l.withoutPauses()
	l.run(t)
	l.await(t, "two sockets", func() bool { return len(l.Connections()) == 2 })
	for i := range 40 {
		if i%4 == 0 {
			l.Disconnect("refresh_requested", 500*time.Millisecond)
		}
		d, err := l.Command("U01ALICE", "C0GENERAL", "/assume", fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Wait(t.Context()); err != nil {
			t.Errorf("command %d: the person saw %v", i, err)
		}
	}
}

var quickPulse = pulse{every: 500 * time.Millisecond, within: 400 * time.Millisecond, farewell: 50 * time.Millisecond}

func TestTheFirstMissedPongBringsTheNextSocket(t *testing.T) {
	l := newLine(t, 1, true)
	l.sockets.pulse = quickPulse
	l.run(t)
	l.await(t, "a socket", func() bool { return l.Opened() == 1 })
	l.HalfOpen(1)
	l.await(t, "the next socket", func() bool { return l.Opened() >= 2 })
	if n, _ := l.sockets.census.strangers(); n != 0 {
		t.Errorf("got %d strangers, want none: the dead socket was ours", n)
	}
	l.Bury(1)
	d, err := l.Command("U01ALICE", "C0GENERAL", "/assume", "help")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Wait(t.Context()); err != nil {
		t.Errorf("the person saw %v, want the next socket to serve", err)
	}
}

func TestADeadSocketThatSlackCountsIsNoStranger(t *testing.T) {
	l := newLine(t, 1, true)
	l.sockets.pulse = quickPulse
	l.run(t)
	l.await(t, "a socket", func() bool { return l.Opened() == 1 })
	l.HalfOpen(1)
	l.await(t, "the next socket", func() bool { return l.Opened() >= 2 })
	l.log.await(t, "socket closed")
	l.Drop(2)
	l.await(t, "a third socket", func() bool { return l.Opened() >= 3 })
	if n, _ := l.sockets.census.strangers(); n != 0 {
		t.Errorf("got %d strangers, want none: Slack counts the dead socket still", n)
	}
}
