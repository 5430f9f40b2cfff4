package weekly

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record"
)

// kept is a record, from one number on.
type kept struct {
	mu      sync.Mutex
	first   int64
	entries []event.Event
	stopped error // of End
}

func (k *kept) add(events ...event.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.entries = append(k.entries, events...)
}

func (k *kept) End(context.Context) (int64, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return int64(len(k.entries)), k.stopped
}

func (k *kept) Read(_ context.Context, from int64, limit int) (found []record.Followed, missed int64, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for n := max(from, k.first); n < int64(len(k.entries)) && len(found) < limit; n++ {
		f := record.Followed{Number: n, Event: k.entries[n]}
		if f.Event.Data == nil {
			f.Broken = "changed"
		}
		found = append(found, f)
	}
	return found, max(k.first-from, 0), nil
}

func (k *kept) Await(ctx context.Context, _ int64, wait time.Duration) error {
	select {
	case <-time.After(wait):
	case <-ctx.Done():
	}
	return nil
}

// store keeps leases and cursors, for any number of replicas.
type store struct {
	mu      sync.Mutex
	holder  string
	until   time.Time
	turn    int64
	data    []byte
	moves   int
	failing func(move int) error // of the nth move; nil: none
}

func (s *store) HoldLease(_ context.Context, _, holder string, ttl time.Duration) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holder != holder && time.Now().Before(s.until) {
		return 0, nil
	}
	if s.holder != holder {
		s.holder, s.turn = holder, s.turn+1
	}
	s.until = time.Now().Add(ttl)
	return s.turn, nil
}

func (s *store) ReleaseLease(_ context.Context, _, holder string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holder == holder {
		s.holder, s.until = "", time.Time{}
	}
	return nil
}

func (s *store) MoveCursor(_ context.Context, f lease.Fence, previous, state []byte) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moves++
	if s.failing != nil {
		if err := s.failing(s.moves); err != nil {
			return false, err
		}
	}
	if f.Turn < s.turn || string(previous) != string(s.data) {
		return false, nil
	}
	s.data = state
	return true, nil
}

func (s *store) LoadCursor(context.Context, string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.data, nil
}

// room is the channel.
type room struct {
	mu     sync.Mutex
	posts  []blockkit.Message
	answer func(n int) error // of the nth try
	tries  int
}

func (r *room) post(_ context.Context, _ string, m blockkit.Message) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries++
	var err error
	if r.answer != nil {
		err = r.answer(r.tries)
	}
	if err == nil || errors.Is(err, errLost) {
		r.posts = append(r.posts, m)
	}
	return "1", err
}

// errLost is an answer that was lost: the post is there.
var errLost = errors.New("the connection ended")

func (r *room) read() (texts []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.posts {
		simple := m
		if m.Simple != nil {
			simple = *m.Simple
		}
		texts = append(texts, simple.TextForm(func(id string) string { return id }))
	}
	return texts
}

// a world is a record, a store and a channel. Time in it is that of the bubble.
type world struct {
	kept
	store
	room
	schedule *Schedule
	accounts []string
	origin   string
}

func newWorld() *world {
	return &world{
		schedule: &Schedule{Day: time.Monday, At: 9 * time.Hour, Zone: time.UTC}, accounts: []string{"prod", "hub", "idle"},
		origin: "example.com/assumebot",
	}
}

func (w *world) deps() Deps {
	return Deps{
		Record: &w.kept, Origin: w.origin, Cursors: &w.store, Leases: &w.store, Channel: "C0AUDIT",
		Schedule: func() *Schedule { return w.schedule },
		Accounts: func() []string { return w.accounts },
		Clock:    func(context.Context) (time.Time, error) { return time.Now(), nil },
		Post:     w.room.post, Log: slog.New(slog.DiscardHandler),
	}
}

// runs a replica until stop.
func (w *world) runs(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { New(w.deps()).Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(stop)
	return stop
}

func did(user string, data event.Payload) event.Event {
	return event.Event{Time: time.Now(), Kind: data.Kind(), Actor: event.Actor{User: user, Name: strings.ToLower(user[3:]) + "@example.com"}, Data: data}
}

func granted(user, account string) event.Event {
	return did(user, event.GrantedData{Act: event.Act{Account: account, MFA: true}})
}

func refused(user, account string) event.Event {
	return did(user, event.RefusedData{Account: account, Failure: event.Failure{Code: "not_allowed"}})
}

const week = 7 * 24 * time.Hour

// toMonday sleeps until the next Monday at nine; a bubble begins on Saturday.
func toMonday() {
	s := Schedule{Day: time.Monday, At: 9 * time.Hour, Zone: time.UTC}
	pass(time.Until(s.Last(time.Now().Add(week))))
}

// pass lets time pass, and waits until what was due at its end is done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
