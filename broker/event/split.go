package event

import (
	"errors"
	"fmt"
	"unicode/utf8"
)

// What is too large for one entry is a list, or a long text. It becomes several Events,
// each with a part of the list; all else is the same in each.

// mostParts bounds how many there may be of one Event.
const mostParts = 10_000

// divisible is a payload that can be divided.
type divisible interface {
	Payload
	size() int                           // how many items there are
	only(from, to int, of Piece) Payload // the same with only these items
}

// Split returns e as Events that each fit into one entry: e itself where that does. The
// first part keeps the ID of e, the others have one that is made of it.
func Split(e Event) ([]Event, error) {
	_, _, err := e.Encode()
	if !errors.Is(err, ErrTooLarge) {
		return []Event{e}, err
	}
	p, ok := e.Data.(divisible)
	if !ok {
		return nil, err
	}
	bounds, err := divide(e, p, 0, p.size())
	if err != nil {
		return nil, err
	}
	if len(bounds) > mostParts {
		return nil, fmt.Errorf("event %s: %d parts", e.ID, len(bounds))
	}
	out, from := make([]Event, len(bounds)), 0
	for i, to := range bounds {
		out[i] = e
		out[i].Data = p.only(from, to, Piece{Part: i + 1, Parts: len(bounds)})
		if i > 0 {
			out[i].ID = fmt.Sprintf("%s.%d", e.ID, i+1)
		}
		from = to
	}
	return out, nil
}

// divide returns where the parts of items from, from on and before to, end.
func divide(e Event, p divisible, from, to int) ([]int, error) {
	part := e
	part.Data = p.only(from, to, Piece{Part: mostParts, Parts: mostParts})
	part.ID = e.ID + fmt.Sprintf(".%d", mostParts)
	_, _, err := part.Encode()
	switch {
	case err == nil:
		return []int{to}, nil
	case !errors.Is(err, ErrTooLarge) || to-from < 2:
		return nil, err
	}
	middle := from + (to-from)/2
	first, err := divide(e, p, from, middle)
	if err != nil {
		return nil, err
	}
	second, err := divide(e, p, middle, to)
	return append(first, second...), err
}

// window is what of a list that begins at offset lies between from and to.
func window[T any](list []T, offset, from, to int) []T {
	first, last := min(max(from-offset, 0), len(list)), min(max(to-offset, 0), len(list))
	if first >= last {
		return nil
	}
	return list[first:last]
}

func (p ConfigData) size() int { return len(p.Changes) }

func (p ConfigData) only(from, to int, of Piece) Payload {
	p.Piece, p.Changes = of, window(p.Changes, 0, from, to)
	return p
}

func (p ConfigBrokenData) size() int { return len(p.Problems) }

func (p ConfigBrokenData) only(from, to int, of Piece) Payload {
	p.Piece, p.Problems = of, window(p.Problems, 0, from, to)
	return p
}

func (p MembershipData) size() int { return len(p.Added) + len(p.Removed) }

func (p MembershipData) only(from, to int, of Piece) Payload {
	added := p.Added
	p.Piece, p.Added, p.Removed = of, window(added, 0, from, to), window(p.Removed, len(added), from, to)
	return p
}

func (p RestatedData) size() int {
	return len(p.Blocks) + len(p.LockOuts) + len(p.Keys) + len(p.Ended) + len(p.Taken)
}

func (p RestatedData) only(from, to int, of Piece) Payload {
	out := RestatedData{Piece: of, Since: p.Since, Pause: p.Pause, Import: p.Import}
	offset := 0
	out.Blocks = window(p.Blocks, offset, from, to)
	offset += len(p.Blocks)
	out.LockOuts = window(p.LockOuts, offset, from, to)
	offset += len(p.LockOuts)
	out.Keys = window(p.Keys, offset, from, to)
	offset += len(p.Keys)
	out.Ended = window(p.Ended, offset, from, to)
	offset += len(p.Ended)
	out.Taken = window(p.Taken, offset, from, to)
	return out
}

// Of an imported entry an item is four bytes, which is what base64 can be cut at.
const importedItem = 4

func (p ImportedData) size() int { return (len(p.Entry.String()) + importedItem - 1) / importedItem }

func (p ImportedData) only(from, to int, of Piece) Payload {
	p.Piece, p.Entry = of, rawText(p.Entry.String()[p.cut(from):p.cut(to)])
	return p
}

// cut is where item i begins: where a character does.
func (p ImportedData) cut(i int) int {
	entry := p.Entry.String()
	at := min(i*importedItem, len(entry))
	for at > 0 && at < len(entry) && !utf8.RuneStart(entry[at]) {
		at--
	}
	return at
}
