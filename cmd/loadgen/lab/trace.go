package lab

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

// A Trace is what was seen of the ledger of answers owed.
type Trace struct {
	mu   sync.Mutex
	seen map[string][]Owed // by response_url
}

// An Owed is an answer on the ledger of one replica, and when it was first seen there.
type Owed struct {
	Replica string // as the ledger names it
	Took    bool   // from one that had died
	At      time.Time
}

const (
	traceEvery = 50 * time.Millisecond
	// traceMost bounds how many answers of one replica are looked at.
	traceMost = 1024
)

// Trace looks at the ledger until the function that it returns is called: often enough to see
// who takes what over, since a dead replica keeps for seconds what it owed.
func (l *Lab) Trace(ctx context.Context) (*Trace, func() error, error) {
	s, err := store.Open(ctx, store.Options{URL: secret.New(l.Redis.URL), SealKeys: []secret.Text{secret.New(l.seal)}})
	if err != nil {
		return nil, nil, err
	}
	t, failed := &Trace{seen: map[string][]Owed{}}, make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		var err error
		for err == nil && pause(ctx, traceEvery) {
			var all []ledger.Holding
			if all, err = s.Ledger.Holdings(ctx, traceMost); err == nil {
				t.add(all, time.Now())
			}
		}
		if ctx.Err() != nil {
			err = nil
		}
		failed <- err
	}()
	return t, func() error { cancel(); return errors.Join(<-failed, s.Close()) }, nil
}

func (t *Trace) add(all []ledger.Holding, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, h := range all {
		for _, e := range h.Owes {
			t.note(e, Owed{Replica: h.Owner, At: at})
		}
		for _, e := range h.Took {
			t.note(e, Owed{Replica: h.Owner, Took: true, At: at})
		}
	}
}

func (t *Trace) note(e ledger.Entry, o Owed) {
	var owing struct {
		ResponseURL string `json:"response_url"`
	}
	if json.Unmarshal(e.Text, &owing) != nil {
		return // of somebody without one
	}
	known := t.seen[owing.ResponseURL]
	if !slices.ContainsFunc(known, func(k Owed) bool { return k.Replica == o.Replica && k.Took == o.Took }) {
		t.seen[owing.ResponseURL] = append(known, o)
	}
}

// Of is where the answer to what has that response_url was seen to be owed, in order.
func (t *Trace) Of(responseURL string) []Owed {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.SortedStableFunc(slices.Values(t.seen[responseURL]), func(a, b Owed) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
}

// A Life is that of one replica.
type Life struct {
	Name  string    // by which Slack knows its sockets
	Ended time.Time // zero: it runs
}

var saidReplica = regexp.MustCompile(`"?replica"?[:=]"?([0-9A-Za-z_-]+)`)

// Lives are those of all replicas that were ever started, by that name and by how the ledger
// names them, which one says in its log that has served.
func (l *Lab) Lives() map[string]Life {
	lives := map[string]Life{}
	for _, p := range l.all {
		life := Life{Name: p.Name}
		select {
		case <-p.done:
			life.Ended = p.ended
		default:
		}
		lives[p.Name] = life
		said, err := os.ReadFile(p.log)
		if err != nil {
			continue // it is told under the ledger's name
		}
		if found := saidReplica.FindSubmatch(said); found != nil {
			lives[string(found[1])] = life
		}
	}
	return lives
}
