package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// Version is that of the Events that this package makes.
	Version = 1
	// MaxLeaf is the most bytes of an encoded Event, and of what travels beside it.
	MaxLeaf = 32 << 10
	// MaxID is the most bytes of an Event's ID.
	MaxID = 64
	// maxNumber is the largest integer that every reader of JSON has exactly.
	maxNumber = 1<<53 - 1
)

// An Event is one entry of the audit record.
type Event struct {
	V       int       // Version; set by Encode
	ID      string    // unguessable, and no other Event's
	Time    time.Time // by the clock of its writer, to the millisecond; it decides nothing
	Kind    Kind      // that of Data; set by Encode
	Stop    bool      // it restricts: who does not know the kind issues nothing. Set by Encode
	Actor   Actor     // who did it; zero: the bot
	Request string    // ID of the Request that it is a part of
	Replica string    // which process wrote it
	Data    Payload
}

// An Actor is who did something.
type Actor struct {
	User    string `json:"user,omitempty" max:"32"`    // Slack user ID
	Team    string `json:"team,omitempty" max:"32"`    // Slack workspace ID
	Channel string `json:"channel,omitempty" max:"32"` // Slack channel ID of where it was asked
	Name    string `json:"name,omitempty" max:"255"`   // the config's name of the User; absent for a stranger
}

// Asker is who asked for what e decides about, where that is another than its Actor may be; zero:
// e decides about nothing that was asked.
func (e Event) Asker() Person {
	if p, ok := e.Data.(interface{ asker() Person }); ok {
		return p.asker()
	}
	return Person{}
}

// envelope is how an Event is written.
type envelope struct {
	V       int             `json:"v"`                          // version of this form: 1
	ID      string          `json:"id" max:"64"`                // the Event's own, and no other's
	Time    Time            `json:"time"`                       // by the clock of its writer; the entry's number alone is the order
	Kind    Kind            `json:"kind" max:"40"`              // what happened; it says what data holds
	Stop    bool            `json:"stop,omitempty"`             // it restricts something: a reader that does not know the kind must stop issuing
	Actor   Actor           `json:"actor,omitzero"`             // who did it; absent: the bot itself
	Request string          `json:"request,omitempty" max:"64"` // ID of the Request that it is a part of
	Replica string          `json:"replica,omitempty" max:"64"` // which process of the bot wrote it
	Data    json.RawMessage `json:"data"`                       // facts, by kind
}

// written is an envelope with the data that it encodes, so that all of it is encoded at once.
type written struct {
	envelope
	Data any `json:"data"` // takes the place of the envelope's
}

// ErrTooLarge is of an Event that does not fit into one entry; see Split.
var ErrTooLarge = errors.New("the event is too large for one entry")

// Encode returns e as it is written: the leaf, and beside it the free text, nil where
// there is none. Every string is one line, without controls, and no longer than its
// field can be; one that is cut says so.
func (e Event) Encode() (leaf, aside []byte, err error) {
	if e.Data == nil {
		return nil, nil, fmt.Errorf("event %s has no data", e.ID)
	}
	if err := checkID(e.ID); err != nil {
		return nil, nil, err
	}
	kind := e.Data.Kind()
	if e.Kind != "" && e.Kind != kind {
		return nil, nil, fmt.Errorf("event %s of kind %q has the data of %q", e.ID, e.Kind, kind)
	}
	data, texts, err := cleanData(e.Data)
	if err != nil {
		return nil, nil, fmt.Errorf("event %s: %w", e.ID, err)
	}
	w := envelope{
		V: Version, ID: e.ID, Time: Time{e.Time}, Kind: kind, Stop: Stops(kind) || e.Stop,
		Actor: e.Actor, Request: e.Request, Replica: e.Replica,
	}
	if err := clean(&w); err != nil {
		return nil, nil, fmt.Errorf("event %s: %w", e.ID, err)
	}
	if leaf, err = marshal(written{w, data}); err != nil {
		return nil, nil, fmt.Errorf("event %s: %w", e.ID, err)
	}
	if aside, err = texts.encode(); err != nil {
		return nil, nil, fmt.Errorf("event %s: %w", e.ID, err)
	}
	if len(leaf) > MaxLeaf || len(aside) > MaxLeaf {
		return nil, nil, ErrTooLarge
	}
	return leaf, aside, nil
}

// cleanData is what of p is encoded, and its texts.
func cleanData(p Payload) (data any, found texts, err error) {
	if other, ok := p.(Other); ok {
		if !json.Valid(other.Raw) || !bytes.HasPrefix(other.Raw, []byte("{")) {
			return nil, nil, errors.New("its data are no JSON object")
		}
		return other.Raw, nil, nil
	}
	if _, known := payloads[p.Kind()]; !known {
		return nil, nil, fmt.Errorf("the kind %q is not known", p.Kind())
	}
	v := reflect.New(reflect.TypeOf(p))
	v.Elem().Set(reflect.ValueOf(p))
	if err := clean(v.Interface()); err != nil {
		return nil, nil, err
	}
	found = texts{}
	found.collect(v.Elem())
	return v.Interface(), found, nil
}

// marshal is JSON in UTF-8, with as few escapes as there can be.
func marshal(of any) ([]byte, error) {
	var out bytes.Buffer
	to := json.NewEncoder(&out)
	to.SetEscapeHTML(false)
	if err := to.Encode(of); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// Decode reads what Encode returned. An aside that is not there, or not the leaf's,
// leaves the texts empty and marked. Of a kind or version that is not known the Data
// are an Other, so that it can be followed all the same.
func Decode(leaf, aside []byte) (Event, error) {
	if len(leaf) > MaxLeaf {
		return Event{}, fmt.Errorf("an event of %d bytes", len(leaf))
	}
	if !utf8.Valid(leaf) {
		return Event{}, errors.New("the event is not in UTF-8")
	}
	var w envelope
	if err := json.Unmarshal(leaf, &w); err != nil {
		return Event{}, fmt.Errorf("the event is not understood: %w", err)
	}
	if err := checkEnvelope(w); err != nil {
		return Event{}, err
	}
	if err := clean(&w); err != nil {
		return Event{}, err
	}
	data, err := decodeData(w, aside)
	if err != nil {
		return Event{}, fmt.Errorf("event %s of kind %s: %w", w.ID, w.Kind, err)
	}
	return Event{
		V: w.V, ID: w.ID, Time: w.Time.Time, Kind: w.Kind, Stop: w.Stop,
		Actor: w.Actor, Request: w.Request, Replica: w.Replica, Data: data,
	}, nil
}

func checkEnvelope(w envelope) error {
	switch {
	case w.V < 1 || w.V > maxNumber:
		return fmt.Errorf("an event of version %d", w.V)
	case w.Time.IsZero():
		return errors.New("the event has no time")
	case !isKind(w.Kind):
		return fmt.Errorf("the event has the kind %.50q", w.Kind)
	case len(w.Data) == 0 || w.Data[0] != '{':
		return errors.New("the event has no data")
	}
	return checkID(w.ID)
}

func decodeData(w envelope, aside []byte) (Payload, error) {
	zero, known := payloads[w.Kind]
	if !known || w.V != Version {
		return Other{Of: w.Kind, Raw: bytes.Clone(w.Data)}, nil
	}
	v := reflect.New(reflect.TypeOf(zero))
	if err := json.Unmarshal(w.Data, v.Interface()); err != nil {
		return nil, err
	}
	if err := clean(v.Interface()); err != nil {
		return nil, err
	}
	decodeTexts(aside).restore(v.Elem())
	return v.Elem().Interface().(Payload), nil
}

// checkID reports why id can be no Event's; nil when it can.
func checkID(id string) error {
	if id == "" || len(id) > MaxID || strings.ContainsFunc(id, func(r rune) bool { return !inID(r) }) {
		return fmt.Errorf("an event has the ID %.70q", id)
	}
	return nil
}

func inID(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_'
}

// isKind reports whether k can be a kind, of a later version too.
func isKind(k Kind) bool {
	return k != "" && len(k) <= 40 && !strings.ContainsFunc(string(k), func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })
}
