package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store"
)

const (
	// announceLease is how long a replica that died holds the others up.
	announceLease   = 10 * time.Second
	announceTimeout = 12 * time.Second
	// configKnown names the lease and what was announced last.
	configKnown = "config"
)

// errAnnouncing says that another replica announces, or did in between.
var errAnnouncing = errors.New("another replica announces a change of the config")

const nothingToTellBy = "what was announced last cannot be read, so what changed since is not known"

// An announcer puts on the record what changes of the config, once for all replicas.
// The store keeps what was announced last; a replica that dies between the two
// leaves the next one to announce it again.
type announcer struct {
	store  *store.Store
	record broker.Recorder
	lease  *lease.Lease
	now    func() time.Time
}

func newAnnouncer(st *store.Store, record broker.Recorder, now func() time.Time, log *slog.Logger) *announcer {
	return &announcer{store: st, record: record, lease: lease.New(st.Leases, configKnown, announceLease, log), now: now}
}

// announced is what the store keeps for all replicas.
type announced struct {
	Config config.Summary `json:"config"`
	Broken string         `json:"broken,omitempty"` // digest of a file that came after it and could not be used
}

// A before is what was announced last, as far as that is known.
type before struct {
	announced
	sealed  []byte // as it is in the store
	unknown bool   // it is there and cannot be read
	first   bool   // there is none
}

// accept announces what a config changes, and returns it. served is what this
// process goes by; nil at its start, and the first start ever has nothing to
// announce.
func (a *announcer) accept(ctx context.Context, next, served config.Summary) (lines []string, err error) {
	err = a.exchange(ctx, func(b before) (announced, event.Payload) {
		var said event.ConfigData
		switch {
		case b.first && served == nil:
			return announced{Config: next}, nil
		case b.first:
			b.Config = served
		case b.unknown:
			said.Unread, lines = true, []string{nothingToTellBy}
			if b.Config = served; served == nil {
				b.Config = next
			}
		}
		said.Changes = config.Changes(b.Config, next, served != nil)
		lines = append(lines, event.Lines(said.Changes)...)
		if len(lines) == 0 && b.Broken == "" {
			return announced{Config: next}, nil
		}
		// An Event without changes says that the file can be read again.
		return announced{Config: next}, said
	})
	return lines, err
}

// refuse announces a file that cannot be used, once for each content.
func (a *announcer) refuse(ctx context.Context, digest string, problems config.Problems, served config.Summary) error {
	return a.exchange(ctx, func(b before) (announced, event.Payload) {
		if b.first || b.unknown {
			b.Config = served
		}
		next := announced{Config: b.Config, Broken: digest}
		if b.Broken == digest {
			return next, nil
		}
		first, more := problems.Recorded()
		return next, event.ConfigBrokenData{Problems: first, More: more}
	})
}

// exchange replaces what was announced last by what change makes of it. The Event
// about that, if there is one, is on the record before.
func (a *announcer) exchange(ctx context.Context, change func(before) (announced, event.Payload)) error {
	ctx, cancel := context.WithTimeout(ctx, announceTimeout)
	defer cancel()
	err := a.lease.Do(ctx, func(ctx context.Context, h *lease.Hold) error { return a.exchangeLeased(ctx, h, change) })
	if errors.Is(err, lease.ErrTaken) || errors.Is(err, lease.ErrLost) {
		err = fmt.Errorf("%w: %w", errAnnouncing, err)
	}
	return err
}

func (a *announcer) exchangeLeased(ctx context.Context, h *lease.Hold, change func(before) (announced, event.Payload)) error {
	b, err := a.load(ctx)
	if err != nil {
		return err
	}
	next, said := change(b)
	if said != nil {
		e := event.Event{ID: announcementID(b.sealed, said), Time: a.now().UTC(), Kind: said.Kind(), Data: said}
		if _, err := h.Fence(); err != nil {
			return err
		}
		if _, err := a.record.Record(ctx, e); err != nil {
			return err
		}
	}
	plain, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("keep what was announced: %w", err)
	}
	// Written even where nothing changed, so that the newest key seals it.
	swapped, err := a.store.Copies.SwapKnown(ctx, configKnown, b.sealed, plain)
	if err == nil && !swapped {
		err = errAnnouncing
	}
	return err
}

func (a *announcer) load(ctx context.Context) (before, error) {
	plain, sealed, err := a.store.Copies.LoadKnown(ctx, configKnown)
	b := before{sealed: sealed, first: sealed == nil}
	var unseal *store.UnsealError
	switch {
	case errors.As(err, &unseal):
		b.unknown = true
	case err != nil:
		return before{}, err
	case plain != nil:
		b.unknown = json.Unmarshal(plain, &b.announced) != nil
	}
	if b.unknown {
		b.announced = announced{}
	}
	return b, nil
}

// announcementID is the same for the same announcement after the same state.
func announcementID(sealed []byte, said event.Payload) string {
	text, _ := json.Marshal(said) // strings always marshal
	if broken, ok := said.(event.ConfigBrokenData); ok {
		text = nil // the words themselves: their digests are never the same
		for _, p := range broken.Problems {
			text = fmt.Appendf(text, "%s:%d:%d: %s\n", p.File, p.Line, p.Column, p.Words)
		}
	}
	sum := sha256.Sum256(bytes.Join([][]byte{sealed, text}, nil))
	return hex.EncodeToString(sum[:16])
}
