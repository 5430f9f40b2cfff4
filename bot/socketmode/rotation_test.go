package socketmode

import (
	"math"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

func TestSocketsOfOneProcessAreReplacedAtDifferentTimesBeforeSlackEndsThem(t *testing.T) {
	for _, life := range []time.Duration{360 * time.Second, time.Hour, 18060 * time.Second} {
		var last time.Duration
		for slot := range 10 {
			for _, random := range []float64{0, 0.5, 0.999} {
				d := early(life, slot, 10, random)
				if d < life/2 || d > life*9/10 || d <= last {
					t.Errorf("socket %d of a life of %v: got %v after %v, want later, and from half to nine tenths of it", slot, life, d, last)
				}
				last = d
			}
		}
	}
}

func TestABogusLifetimeBringsNoEarlyReplacement(t *testing.T) {
	for _, life := range []time.Duration{0, -1, math.MinInt64, time.Second, 299 * time.Second} {
		if d := early(life, 0, 2, 0.5); d != 0 {
			t.Errorf("a life of %v: got a replacement after %v, want none: Slack announces the end", life, d)
		}
	}
	if d := early(math.MaxInt64, 1, 2, 0.999); d <= 0 || d > 24*time.Hour {
		t.Errorf("got a replacement after %v of an endless life, want it within a day", d)
	}
}

func TestABogusLifetimeKeepsNoSocketFromServing(t *testing.T) {
	for _, told := range []any{0, -5, 1e300, 3600.5, "soon", "3600", nil, []int{1}, map[string]int{"x": 1}, true} {
		l := newLine(t, 1, false, slacktest.WithLifetime(told))
		l.run(t)
		l.await(t, "a socket", func() bool { return len(l.Connections()) == 1 })
		d, err := l.Command("U01ALICE", "C0GENERAL", "/assume", "help")
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Wait(t.Context()); err != nil {
			t.Errorf("approximate_connection_time %v: the person saw %v", told, err)
		}
	}
}

func TestHelloTellsTheLifetimeInSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"3600": time.Hour, "0": 0, "-1": 0, "1.5": 1500 * time.Millisecond, "1e300": longestLife, "99999999999999999999": longestLife, `"60"`: 0, "null": 0,
	} {
		f, err := decodeFrame([]byte(`{"type":"hello","num_connections":1,"debug_info":{"approximate_connection_time":` + text + `}}`))
		if got := time.Duration(f.DebugInfo.Lifetime); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, err, want)
		}
	}
}

// ages are when slots replace their sockets: when the test says so.
type ages struct{ asked chan chan time.Time }

func (l *line) agesOnDemand() ages {
	a := ages{make(chan chan time.Time, 100)}
	l.sockets.after = func(time.Duration) <-chan time.Time {
		due := make(chan time.Time)
		a.asked <- due
		return due
	}
	return a
}

// TestSocketsAreReplacedEarlyOneAfterTheOther has all of them due at once, again
// and again, and a Slack that sends nothing again.
func TestSocketsAreReplacedEarlyOneAfterTheOther(t *testing.T) {
	t.Parallel()
	l := newLine(t, 3, false)
	l.SetRedelivery(slacktest.RedeliverNever)
	l.withoutPauses()
	ages := l.agesOnDemand()
	l.run(t)
	l.await(t, "three sockets", func() bool { return len(l.Connections()) == 3 })
	typing := l.stream(t)
	for round := 2; round <= 3; round++ {
		for range 3 {
			close(<-ages.asked)
		}
		l.await(t, "three new sockets", func() bool { return l.Opened() == 3*round && len(l.Connections()) == 3 })
	}
	all := typing.typedUntilNow(t)
	for i, d := range all {
		if d.Err() != nil {
			t.Errorf("command %d of %d: the person saw %v", i, len(all), d.Err())
		}
	}
	if got := l.MostAtOnce(); got != 4 {
		t.Errorf("got %d sockets at once, want 4: one more than are kept, and the next is up before the old goes", got)
	}
}

// TestASocketStaysUntilTheNextIsThere has a Slack that opens none.
func TestASocketStaysUntilTheNextIsThere(t *testing.T) {
	l := newLine(t, 1, false)
	l.withoutPauses()
	ages := l.agesOnDemand()
	l.run(t)
	l.await(t, "a socket", func() bool { return len(l.Connections()) == 1 })
	l.Inject(slacktest.Fault{Method: "apps.connections.open", Status: 503, Times: 3})
	close(<-ages.asked)
	l.log.await(t, "failures=3")
	d, err := l.Command("U01ALICE", "C0GENERAL", "/assume", "help")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Wait(t.Context()); err != nil {
		t.Errorf("the person saw %v", err)
	}
	l.await(t, "the next socket alone", func() bool { return l.Opened() == 2 && len(l.Connections()) == 1 })
}
