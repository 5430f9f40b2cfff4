package rotation

import (
	"bytes"
	"context"
	"encoding/json"
	"time"
)

// A note is what AWS does not tell about the rotation of one User's key. Without it nothing is lost: what it would
// say is then found out anew, later, or by a person.
type note struct {
	Owner   Owner     `json:"owner,omitzero"`     // whose key the current one was when it last worked
	Current string    `json:"current,omitempty"`  // access key ID
	Since   time.Time `json:"since,omitzero"`     // when it was first seen to be current
	Former  string    `json:"former,omitempty"`   // access key ID of the one before
	Idle    string    `json:"idle,omitempty"`     // of a key that is inactive
	IdleAt  time.Time `json:"idle_at,omitzero"`   // when it was first seen to be
	New     string    `json:"new,omitempty"`      // of a key that was created and is not current yet
	Doomed  string    `json:"doomed,omitempty"`   // of a new key that never becomes current
	Window  time.Time `json:"window,omitzero"`    // a key of unknown ID may have been created since
	Tested  time.Time `json:"tested,omitzero"`    // when the new key was tested first
	Passed  int       `json:"passed,omitempty"`   // how many tests in a row
	Broken  time.Time `json:"broken,omitzero"`    // when a new key last failed its test
	Doing   *doing    `json:"doing,omitempty"`    // an act of which nobody knows yet what came of it
	Failed  string    `json:"failed,omitempty"`   // the code of the last failure that was recorded, and its key
	FailAt  time.Time `json:"failed_at,omitzero"` // and when
}

// doing is an act.
type doing struct {
	ID   string `json:"id"`
	Step string `json:"step"`
	Key  string `json:"key,omitempty"`
	From string `json:"from,omitempty"`
}

func noteName(s Subject) string { return "rotation-" + s.Who.ID }

// load reads the note.
func (t *turn) load(ctx context.Context) error {
	plain, sealed, err := t.Notes.LoadKnown(ctx, noteName(t.Subject))
	switch {
	case err != nil && sealed != nil:
		return problem(NoteBroken, "", err)
	case err != nil:
		return problem(StoreNotThere, "", err)
	}
	t.sealed, t.note = sealed, note{}
	if plain == nil {
		return nil
	}
	if err := json.Unmarshal(plain, &t.note); err != nil {
		return problem(NoteBroken, "", err)
	}
	t.kept = plain
	return nil
}

// save keeps the note, unless another process has changed it since.
func (t *turn) save(ctx context.Context) error {
	plain, err := json.Marshal(t.note)
	if err != nil {
		return problem(StoreNotThere, "", err)
	}
	if bytes.Equal(plain, t.kept) {
		return nil
	}
	swapped, err := t.Notes.SwapKnown(ctx, noteName(t.Subject), t.sealed, plain)
	switch {
	case err != nil:
		return problem(StoreNotThere, "", err)
	case !swapped:
		return problem(Overtaken, "", nil)
	}
	now, sealed, err := t.Notes.LoadKnown(ctx, noteName(t.Subject))
	switch {
	case err != nil:
		return problem(StoreNotThere, "", err)
	case !bytes.Equal(now, plain):
		return problem(Overtaken, "", nil)
	}
	t.sealed, t.kept = sealed, plain
	return nil
}

// observe notes what is seen for the first time.
func (t *turn) observe() {
	n, now, current := &t.note, t.Now(), t.stored.Current.Key.AccessKeyID
	if t.works {
		n.Owner = t.owner
	}
	if n.Current != current {
		if n.Current != "" {
			n.Former = n.Current
		}
		n.Current, n.Since = current, now
		n.Window, n.Tested, n.Passed, n.Broken = time.Time{}, time.Time{}, 0, time.Time{}
		if n.New == current {
			n.New = ""
		}
	}
	if n.Since.After(now.Add(skew)) { // the clock was set back
		n.Since = now
	}
	idle := ""
	for _, k := range t.others() {
		if !k.Active {
			idle = k.ID
		}
	}
	if n.Idle != idle {
		n.Idle, n.IdleAt = idle, now
	}
	if n.IdleAt.After(now.Add(skew)) {
		n.IdleAt = now
	}
}
