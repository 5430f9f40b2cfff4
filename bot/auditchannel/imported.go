package auditchannel

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/text"
)

// Before version 1 all Events had one flat shape, and told their sentences themselves.

// flatEvent is what of one is looked at.
type flatEvent struct {
	Kind    event.Kind `json:"kind"`
	Request string     `json:"request_id"`
	User    string     `json:"slack_user"`
	Team    string     `json:"slack_team"`
	Name    string     `json:"user"`
	Account string     `json:"account"`
	Method  string     `json:"method"`

	of event.Event
}

// toldBefore reports whether e is an entry of the former record that was posted while it
// was the record. Old replicas that still run may post one that this one posts too.
func (a *Channel) toldBefore(ctx context.Context, state *progress, e event.Event) (bool, error) {
	p, ok := e.Data.(event.ImportedData)
	if !ok {
		return false, nil
	}
	if state.Former == nil {
		data, err := a.Cursors.LoadCursor(ctx, formerName)
		if err != nil {
			return false, err
		}
		var former struct {
			Position string `json:"position"`
		}
		if data != nil && json.Unmarshal(data, &former) != nil {
			a.Log.Warn("how far the former record was posted cannot be read: some of it may be posted again")
		}
		state.Former = &former.Position
	}
	return !streamID(*state.Former).before(streamID(p.Position)), nil
}

// A streamID is the ID of an entry of a Redis stream, two numbers.
type streamID string

func (id streamID) before(other streamID) bool {
	ms, seq := id.numbers()
	otherMS, otherSeq := other.numbers()
	return ms < otherMS || ms == otherMS && seq < otherSeq
}

// numbers are zero where they cannot be read.
func (id streamID) numbers() (ms, seq uint64) {
	first, second, _ := strings.Cut(string(id), "-")
	ms, _ = strconv.ParseUint(first, 10, 64)
	seq, _ = strconv.ParseUint(second, 10, 64)
	return ms, seq
}

// importedOf is the entry that e holds, if it holds a whole one.
func importedOf(e event.Event) (flatEvent, bool) {
	p, ok := e.Data.(event.ImportedData)
	if !ok || p.Parts > 1 {
		return flatEvent{}, false
	}
	f := flatEvent{}
	if json.Unmarshal(p.Bytes(), &f) != nil {
		return flatEvent{}, false
	}
	text.CleanFields(&f)
	f.of = e
	return f, true
}

// told is the entry with what posts need to know of it.
func (f flatEvent) told() told {
	e := told{Event: f.of}
	e.Kind, e.Request = f.Kind, f.Request
	e.Actor = event.Actor{User: f.User, Team: f.Team, Name: f.Name}
	e.Account, e.Method = f.Account, f.Method
	return e
}

// importedAudit tells of an entry of the record before version 1 in short.
func importedAudit(e event.Event) blockkit.Message {
	const what = "An entry of the old record"
	if p, _ := e.Data.(event.ImportedData); p.Entry.Erased() || p.Entry.Altered() {
		return blockkit.NewMessage(what+".", blockkit.Paragraph(what+". "+words(p.Entry)))
	}
	f, ok := importedOf(e)
	if !ok {
		return blockkit.NewMessage(what+".", blockkit.Paragraph(what+", which is on the record as it was."))
	}
	said := f.told()
	spans := blockkit.Line(what+": ", blockkit.Bold(string(f.Kind)))
	if f.User != "" {
		spans = blockkit.Line(spans, ", "+person(said))
	}
	if f.Account != "" {
		spans = blockkit.Line(spans, ", ", blockkit.Code(f.Account))
	}
	return blockkit.NewMessage(what+".", blockkit.Paragraph(spans, ". All of it is on the record as it was."))
}
