package broker

import "context"

// SetAside records that the bot gave up an entry of a due list, and why.
func (b *Holding) SetAside(ctx context.Context, list, why string) {
	b.note(ctx, Event{
		ID: NewID(), Time: b.now().UTC(), Kind: EventSetAside, RequestID: NewID(), Code: CodeSetAside,
		Message: "An entry of the list of " + list + " was set aside: " + why + ".",
	})
}

// Undeleted records that a direct message with the Credentials of g was to be
// deleted and Slack refused for good. removed says that its text could be taken
// out of it at least. An error means that it may not be on the record.
func (b *Holding) Undeleted(ctx context.Context, r Request, g Grant, removed bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	event := b.grantEvent(EventUndeleted, r, g)
	event.STSRequestID, event.Code, event.Ref = g.STSRequestID, CodeUndeleted, ShortRef(r.ID)
	event.Message = "The credentials can still be read there."
	if removed {
		event.Message = "The credentials were taken out of its text; Slack may have kept the earlier one."
	}
	return b.recorder.Record(ctx, event)
}

// Undelivered records that a Grant was issued but could not be shown.
func (b *Holding) Undelivered(ctx context.Context, r Request, g Grant, code Code) {
	event := b.grantEvent(EventUndelivered, r, g)
	event.STSRequestID, event.Code, event.Ref = g.STSRequestID, code, ShortRef(r.ID)
	b.note(ctx, event)
}
