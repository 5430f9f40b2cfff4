package broker

import (
	"context"

	"github.com/assumebot/assumebot/broker/event"
)

// SetAside records that the bot gave up an entry of a due list, and why.
func (b *Holding) SetAside(ctx context.Context, list, why string) {
	b.note(ctx, b.event(Request{ID: NewID()}, event.SetAsideData{List: list, Why: why, Code: string(CodeSetAside)}))
}

// Undeleted records that a direct message with the Credentials of g was to be
// deleted and Slack refused for good. removed says that its text could be taken
// out of it at least. An error means that it may not be on the record.
func (b *Holding) Undeleted(ctx context.Context, r Request, g Grant, removed bool) error {
	ctx, cancel := finishing(ctx)
	defer cancel()
	_, err := b.recorder.Record(ctx, b.event(r, event.UndeletedData{
		Given: g.given(r), Removed: removed, Failure: event.Failure{Code: string(CodeUndeleted), Ref: ShortRef(r.ID)},
	}))
	return err
}

// Undelivered records that a Grant was issued but could not be shown.
func (b *Holding) Undelivered(ctx context.Context, r Request, g Grant, code Code) {
	b.note(ctx, b.event(r, event.UndeliveredData{Given: g.given(r), Failure: event.Failure{Code: string(code), Ref: ShortRef(r.ID)}}))
}
