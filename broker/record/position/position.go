// Package position keeps how far a reader of the record has got, where each replica finds it.
//
// A position is moved by the holder of a lease alone, from what it loaded or kept last: two
// replicas never both move one. It names the record that it is of, since the numbers of
// another one begin anew.
package position

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/assumebot/assumebot/broker/lease"
)

// Cursors keep how far the holder of a lease has read the record.
type Cursors interface {
	// MoveCursor replaces previous, what this holder loaded or saved last, by
	// state; false when another has had the lease since f.
	MoveCursor(ctx context.Context, f lease.Fence, previous, state []byte) (bool, error)
	// LoadCursor returns the state kept last; nil when there is none.
	LoadCursor(ctx context.Context, name string) ([]byte, error)
}

// A Place is where the position of one reader is kept.
type Place struct {
	Cursors Cursors
	Lease   string // its name
	Origin  string // of the record that is read
}

// A Kept position is what a reader keeps in JSON; it embeds Mark.
type Kept interface{ mark() *Mark }

// A Mark is which record a position is of, and what the store has of it.
type Mark struct {
	Origin string `json:"origin,omitempty"` // of the record; releases before it was kept leave it out
	saved  []byte
}

func (m *Mark) mark() *Mark { return m }

// New reports whether there is nothing in the store yet.
func (m *Mark) New() bool { return m.saved == nil }

// Load reads into at what is kept, if anything is. Former is true if that is of another
// record, which was closed: its numbers are none of this one's.
func (p Place) Load(ctx context.Context, at Kept) (former bool, err error) {
	data, err := p.Cursors.LoadCursor(ctx, p.Lease)
	if err != nil || data == nil {
		return false, err
	}
	if err := json.Unmarshal(data, at); err != nil {
		return false, fmt.Errorf("position %s: %w", p.Lease, err)
	}
	m := at.mark()
	m.saved = data
	return m.Origin != "" && p.Origin != "" && m.Origin != p.Origin, nil
}

// Save keeps then in place of at, which was loaded or kept last. It fails, and nothing is
// kept, if another replica has had a turn. What was done is kept also while the process is
// being stopped; the store bounds the call.
func (p Place) Save(ctx context.Context, turn lease.Fence, at, then Kept) error {
	m := then.mark()
	m.Origin = p.Origin
	data, err := json.Marshal(then)
	if err != nil {
		return err
	}
	ok, err := p.Cursors.MoveCursor(context.WithoutCancel(ctx), turn, at.mark().saved, data)
	if err == nil && !ok {
		err = lease.ErrLost
	}
	if err == nil {
		m.saved = data
	}
	return err
}
