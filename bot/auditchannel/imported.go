package auditchannel

import (
	"encoding/json"

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
