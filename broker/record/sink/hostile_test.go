package sink

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
)

// TestASinkIsToldTheNextRecordFromItsBeginning: once a record was closed and another opened, the
// numbers begin anew.
func TestASinkIsToldTheNextRecordFromItsBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := &shelf{entries: 20}, &taker{most: 50}
		f := New(Deps{Name: "test", Origin: origin, Sink: k, Record: s, Cursors: s, Leases: s, Log: discard})
		run(f, time.Second)
		s.entries = 5
		f = New(Deps{Name: "test", Origin: origin + "/2", Sink: k, Record: s, Cursors: s, Leases: s, Log: discard})
		if needed, err := f.Needed(t.Context()); err != nil || needed != 0 {
			t.Errorf("needs entries from %d on, %v, want from 0", needed, err)
		}
		run(f, time.Second)
		if got := k.told(); !slices.Equal(got, append(upTo(0, 20), upTo(0, 5)...)) {
			t.Errorf("got %v, want 0 to 19, and then 0 to 4", got)
		}
	})
}

// run runs a Follower for some time.
func run(f *Follower, d time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { f.Run(ctx) })
	pass(d)
	cancel()
	all.Wait()
}

// TestAPositionBeyondTheEndOfTheRecordIsAnAlarm, and what comes from now on is told: the store
// went back, or somebody moved it.
func TestAPositionBeyondTheEndOfTheRecordIsAnAlarm(t *testing.T) {
	for _, next := range []string{"11", "9007199254740993", "9223372036854775807"} {
		synctest.Test(t, func(t *testing.T) {
			s, k := &shelf{entries: 10, state: []byte(`{"next":` + next + `}`)}, &taker{most: 50}
			alarms, stop := alarmed(s, k)
			pass(time.Second)
			s.mu.Lock()
			s.entries = 12
			s.mu.Unlock()
			pass(time.Minute)
			stop()
			if got := k.told(); !slices.Equal(got, upTo(10, 12)) {
				t.Errorf("%s: got %v, want 10 and 11", next, got)
			}
			if got := alarms(); len(got) != 1 || got[0].Code != "sink_ahead" || got[0].Entries.First != 10 {
				t.Errorf("%s: got %+v, want one alarm", next, got)
			}
		})
	}
}

// TestThatEntriesAreGoneIsToldOnce also where the Sink takes nothing.
func TestThatEntriesAreGoneIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{entries: 9, gone: 4}
		alarms, stop := alarmed(s, &taker{fail: errors.New("away")})
		pass(2 * time.Hour)
		stop()
		var missed int
		for _, a := range alarms() {
			if a.Code == "sink_missed" {
				missed++
			}
		}
		if missed != 1 {
			t.Errorf("got %d alarms that entries are gone, want one", missed)
		}
	})
}

// TestAClockThatWasAheadHidesNoRefusal.
func TestAClockThatWasAheadHidesNoRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{entries: 3, state: []byte(`{"next":0,"refused_told":"2099-01-01T00:00:00Z","refused":-9223372036854775808,"refused_first":-7}`)}
		alarms, stop := alarmed(s, picky{})
		pass(time.Minute)
		stop()
		if got := alarms(); len(got) != 1 || got[0].Code != "sink_refused" || *got[0].Entries != (event.Range{First: 0, Count: 3}) {
			t.Errorf("got %+v, want that three are refused", got)
		}
	})
}

// A hanger is a Sink that does not come back, whatever its context says: a disk that is gone, a
// pipe that nobody reads.
type hanger struct {
	free  chan struct{}
	mu    sync.Mutex
	under int
	most  int
	taker
}

func (h *hanger) Take(ctx context.Context, entries []record.Followed) (Taken, error) {
	h.mu.Lock()
	h.under++
	h.most = max(h.most, h.under)
	h.mu.Unlock()
	<-h.free
	h.mu.Lock()
	h.under--
	h.mu.Unlock()
	return h.taker.Take(ctx, entries)
}

// TestASinkThatHangsIsAnAlarmAndKeepsNobodyFromEnding, and it is told one thing at a time.
func TestASinkThatHangsIsAnAlarmAndKeepsNobodyFromEnding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := &shelf{entries: 3}, &hanger{free: make(chan struct{}), taker: taker{most: 50}}
		alarms, stop := alarmed(s, h)
		pass(time.Hour)
		if got := alarms(); len(got) != 1 || got[0].Code != "sink_away" {
			t.Errorf("got %+v, want that it is away", got)
		}
		began := time.Now()
		stop()
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("it took %s to end", took)
		}
		close(h.free)
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.most != 1 {
			t.Errorf("it was told %d things at once", h.most)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s, h := &shelf{entries: 3}, &hanger{free: make(chan struct{}), taker: taker{most: 50}}
		alarms, stop := alarmed(s, h)
		pass(time.Hour)
		close(h.free)
		pass(time.Hour)
		stop()
		if got := alarms(); len(got) != 2 || got[1].Code != "sink_back" {
			t.Errorf("got %+v, want that it is back", got)
		}
		if got := h.told(); !slices.Equal(got[len(got)-3:], upTo(0, 3)) {
			t.Errorf("got %v, want all three", got)
		}
	})
}

// A panicker is a Sink that does not get over one entry.
type panicker struct{ taker }

func (p *panicker) Take(ctx context.Context, entries []record.Followed) (Taken, error) {
	if entries[0].Number == 0 {
		panic("over " + string(entries[0].Leaf))
	}
	return p.taker.Take(ctx, entries)
}

// TestAPanicOfASinkEndsNoProcess.
func TestAPanicOfASinkEndsNoProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{entries: 3}
		alarms, stop := alarmed(s, &panicker{taker{most: 50}})
		pass(time.Hour)
		stop()
		if got := alarms(); len(got) != 1 || got[0].Code != "sink_away" {
			t.Errorf("got %+v, want that it is away", got)
		}
	})
}

// TestTwoProcessesWriteOneFileWithoutLosingALine: one that stood still may go on when another
// has had its turn.
func TestTwoProcessesWriteOneFileWithoutLosingALine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	const writers, each = 8, 20
	var all sync.WaitGroup
	for w := range int64(writers) {
		all.Go(func() {
			f := File{Origin: origin, Path: path, Size: 20_000, Keep: 100}
			for n := range int64(each) {
				one := grants(t, w*each+n, w*each+n+1)
				for {
					if _, err := f.Take(t.Context(), one); err == nil {
						break
					}
				}
			}
		})
	}
	all.Wait()
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, read(t, data)...)
	}
	slices.Sort(got)
	if !slices.Equal(got, upTo(0, writers*each)) {
		t.Errorf("got %d lines in %d files, want %d, once each", len(got), len(files), writers*each)
	}
}

// TestALinkThatIsPutInPlaceOfTheFileIsNotFollowed whenever that is done.
func TestALinkThatIsPutInPlaceOfTheFileIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	f := File{Origin: origin, Path: filepath.Join(dir, "audit.jsonl"), Size: 1 << 20, Keep: 1}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 300 {
			_ = os.Remove(f.Path)
			_ = os.Symlink(victim, f.Path)
			_ = os.Remove(f.Path)
		}
	}()
	one := grants(t, 0, 1)
	for open := true; open; {
		select {
		case <-ended:
			open = false
		default:
		}
		_, _ = f.Take(t.Context(), one)
	}
	if _, err := os.Lstat(victim); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want nothing written through the link", err)
	}
}

// A half takes half of a line, and then all.
type half struct {
	bytes.Buffer
	broke bool
}

func (h *half) Write(p []byte) (int, error) {
	if !h.broke {
		h.broke = true
		n, _ := h.Buffer.Write(p[:len(p)/2])
		return n, errors.New("the disk is full")
	}
	return h.Buffer.Write(p)
}

// TestAStreamThatBreaksWithinALineLosesNone: what follows begins on a line of its own.
func TestAStreamThatBreaksWithinALineLosesNone(t *testing.T) {
	var out half
	s := &Stream{Origin: origin, To: &out}
	all := grants(t, 0, 3)
	for len(all) > 0 {
		got, _ := s.Take(t.Context(), all)
		all = all[got.Count:]
	}
	lines := strings.SplitAfter(out.String(), "\n")
	if got := read(t, []byte(strings.Join(lines[1:], ""))); !slices.Equal(got, upTo(0, 3)) {
		t.Errorf("got %v whole lines, want 0 to 2", got)
	}
}
