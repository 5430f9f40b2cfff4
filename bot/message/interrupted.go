package message

import (
	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// A Stop is how far a Request came whose process died before it was answered.
type Stop struct {
	Asked   []prose.Part // what was asked
	Code    bool         // it carried a code
	Session bool         // an MFA session was begun with it
	Key     bool         // the person's key was changed by it
	Unknown bool         // the record does not check out, so that nobody can say what came of it
	Lost    bool         // the record does not keep any more all that came of it
}

// Interrupted tells of a Request for which no credentials were issued, as far as is known.
func Interrupted(v Voice, s Stop, ref string) blockkit.Message {
	e := &broker.Error{
		Code: broker.CodeInterrupted, Ref: ref,
		What: prose.Say("The bot was stopped before it answered ", s.Asked, ". No credentials were issued for it."),
		Hint: prose.Say("If you have no answer yet, send it again."),
	}
	switch {
	case s.Unknown:
		e.What = prose.Say("The bot was stopped before it answered ", s.Asked, ", and its audit record is not what it was, so nobody can say what came of it.")
		e.Hint = prose.Say("Nothing is issued to anybody until whoever runs the bot has looked at it. " + broker.AskOperator)
	case s.Lost && !s.Session && !s.Key:
		e.What = prose.Say("The bot was stopped before it answered ", s.Asked, ", and the audit record does not keep any more what came of it.")
		e.Hint = prose.Say(prose.SessionsCmd(), " shows what you have. If it is not there, send it again.")
	case s.Key:
		e.Hint = prose.Say(prose.AssumeCmd("key"), " shows which key is registered. Send it again with a new code if it is the wrong one.")
	case s.Session:
		e.What = prose.Say("The bot was stopped before it answered ", s.Asked, ". Its code began an MFA session, and no other credentials were issued.")
		e.Hint = prose.Say("If you have no answer yet, send it again without a code; where the bot asks for one, use a new one.")
	case s.Code:
		e.Hint = prose.Say("If you have no answer yet, send it again with a new code.")
	}
	return v.Error(e)
}
