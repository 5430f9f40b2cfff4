package broker

func (b *Broker) event(kind EventKind, r Request) Event {
	return Event{
		ID: NewID(), Time: b.now().UTC(), Kind: kind, RequestID: r.ID,
		SlackUser: r.Caller.User, SlackTeam: r.Caller.Team, SlackChannel: r.Caller.Channel,
		Account: r.Account, Purpose: r.Purpose, Reason: r.Reason, BreakGlass: r.BreakGlass,
	}
}

// outcome is the Event that ends an intent.
func (b *Broker) outcome(kind EventKind, intent Event) Event {
	e := intent
	e.ID, e.Time, e.Kind = NewID(), b.now().UTC(), kind
	return e
}

// issued puts on an outcome what AWS issued. Nobody keeps what it issued to check
// the code of a key change.
func (e *Event) issued(g Grant) {
	e.STSRequestID = g.STSRequestID
	if e.Kind != EventKeyChanged {
		e.Principal, e.AccessKeyID, e.Expires = g.Principal, g.AccessKeyID, g.Expires
	}
}
