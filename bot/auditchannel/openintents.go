package auditchannel

import (
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
)

// OutcomeDue is how long an intent may stay without an outcome.
const OutcomeDue = record.OutcomeDue

// Who reads the record closes intents that have no outcome; of the former record nobody
// does, so it is told here. An open intent may have been issued by AWS without anybody
// knowing: its process died, or the outcome could not be recorded.
type open struct {
	Who     string        `json:"who"`
	Request string        `json:"request,omitempty"`
	Account string        `json:"account,omitempty"`
	Method  broker.Method `json:"method,omitempty"`
	Due     time.Time     `json:"due"`
}

// follow notes an intent of the former record, and forgets it with its outcome. Its time
// counts, not that at which it is read: the poster may be far behind the record. One from
// the future counts from now.
func (s *progress) follow(e told, now time.Time) {
	flat, ok := importedOf(e.Event)
	if !ok {
		return
	}
	e = flat.told()
	switch {
	case e.Kind == event.Intent:
		began := e.Time
		if began.After(now) {
			began = now
		}
		s.Open[e.Request] = openOf(e, began.Add(OutcomeDue))
	case event.Closes(e.Kind):
		delete(s.Open, e.Request)
	}
}

func openOf(e told, due time.Time) open {
	return open{Who: person(e), Request: e.Request, Account: e.Account, Method: broker.Method(e.Method), Due: due}
}

// overdue returns the attempts whose outcome should have been on the record by
// then, in a fixed order. The caller has read all of the record as it was then.
func (s *progress) overdue(then time.Time) []string {
	return reached(s.Open, func(o open) time.Time { return o.Due }, then)
}

// openMessage tells that nobody knows what became of an intent.
func openMessage(o open) blockkit.Message {
	spans := blockkit.Line(blockkit.Bold("Outcome unknown"), " for "+o.Who)
	if o.Account != "" {
		spans = blockkit.Line(spans, ", ", blockkit.Code(o.Account))
	}
	spans = blockkit.Line(spans, ": AWS was about to be asked, and no outcome is on the record. CloudTrail knows whether credentials were issued.")
	elements := []slack.RichTextElement{blockkit.Paragraph(spans)}
	details := blockkit.Line("request ", blockkit.Code(o.Request))
	if o.Method != "" {
		details = blockkit.Line(details, " · by ", blockkit.Code(string(o.Method)))
	}
	return blockkit.NewMessage("Outcome unknown for "+o.Who+".", append(elements, blockkit.Paragraph(details))...)
}
