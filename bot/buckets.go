package bot

import (
	"context"
	"errors"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/bot/typed"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/prose"
)

func (b *bucketLists) buckets(ctx context.Context, to conversation, c command.Command) {
	r := to.request(c)
	r.Purpose = broker.PurposeBuckets
	list, err := to.broker.Lists.Buckets(ctx, r, c.Prefix)
	b.delivery.answer(ctx, to, err, func() blockkit.Message { return message.Buckets(to.voice, list) })
	b.issuing.tellUsed(ctx, to, list.UsedSession, list.Account.Name)
}

func (b *bucketLists) bucketsOf(ctx context.Context, to conversation, grant string) {
	if err := b.door.alone(ctx, &to); err != nil {
		b.delivery.refuse(ctx, to, to.told(ctx, err))
		return
	}
	r := to.request(command.Command{})
	g, err := to.broker.Holding.Grant(ctx, r, grant)
	if err != nil {
		b.delivery.refuse(ctx, to, err)
		return
	}
	b.buckets(ctx, to, command.Command{Account: g.Account})
}

// bucketPage puts another page in place of the one that is shown. Why there is
// none is said beside it.
func (b *bucketLists) bucketPage(ctx context.Context, in interaction, p press) {
	list, err := in.to.broker.Lists.BucketPage(ctx, in.to.request(command.Command{}), p.grant, p.prefix, p.page)
	switch {
	case err != nil:
		b.delivery.refuse(ctx, in.to.beside(), err)
	case in.to.view != "" && in.View.CallbackID == form.SearchCallback:
		b.showInSearch(ctx, in.to, p.grant, p.prefix, message.BucketsWith(in.to.voice, list, ""))
	default:
		b.delivery.deliver(ctx, in.to, in.to.named(message.Buckets(in.to.voice, list)))
	}
}

// searchBuckets asks for the beginning of the names. In a modal it takes the
// place of the list, since Slack stacks no more than three.
func (b *bucketLists) searchBuckets(ctx context.Context, in interaction, p press) {
	if err := in.to.broker.Visits.Identify(ctx, in.to.request(command.Command{})); err != nil {
		b.delivery.refuse(ctx, in.to.beside(), err)
		return
	}
	view := form.Search(p.grant, p.prefix)
	var err error
	if in.to.view != "" {
		err = b.delivery.updateView(ctx, in.to, view)
	} else {
		err = b.web.OpenView(ctx, in.to.trigger, view)
	}
	if err == nil {
		return
	}
	b.log.WarnContext(ctx, "search not opened", "request", in.to.requestID, "error", err)
	in.to.trigger = "" // it is spent or too old
	b.delivery.deliver(ctx, in.to.beside(), in.to.voice.Error(errNotOpened("search",
		"Press Search again, or send ", prose.BucketsCmd("ACCOUNT", "prefix logs-"), ".")))
}

// submitSearch serves a submitted search. What no bucket can be named comes
// back on the field; the list takes the place of "Asking AWS".
func (b *bucketLists) submitSearch(ctx context.Context, e socketmode.Envelope, in interaction, ack func(any) bool) {
	prefix, wrong := form.ReadSearch(in.View)
	if wrong != "" {
		ack(form.SearchError(wrong))
		return
	}
	in.to.asked = prose.Say("your search")
	defer func() { in.to.debt.Settle() }()
	judging, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	ids := append(sightings(e, in.TriggerID), "view:"+in.View.ID+in.View.Hash)
	err := b.door.pass(judging, &in.to, b.door.ask(ahead.Questions{}, ids...), b.door.first(ids...), b.door.enter(""))
	switch {
	case errors.Is(err, errServedAlready):
		ack(form.SearchError(sentAlready))
		return
	case err != nil:
		err = in.to.told(ctx, err)
		b.unserved(ctx, in.to, err)
		ack(form.SearchError(in.to.voice.ErrorText(broker.AsError(err, in.to.requestID))))
		return
	}
	grant := typed.Only(typed.RequestID, in.View.PrivateMetadata)
	working := form.Search(grant, prefix, blockkit.NewMessage("", blockkit.Paragraph("Asking AWS for the buckets…")).Blocks...)
	ack(slack.NewUpdateViewSubmissionResponse(&working))
	in.to = in.to.turned()
	list, err := in.to.broker.Lists.BucketPage(ctx, in.to.request(command.Command{}), grant, prefix, 0)
	m := in.to.named(message.BucketsWith(in.to.voice, list, ""))
	if err != nil {
		m = b.refusal(ctx, in.to, err)
	}
	b.showInSearch(ctx, in.to, grant, prefix, m)
}

// showInSearch shows m below the search.
func (b *bucketLists) showInSearch(ctx context.Context, to conversation, grant, prefix string, m blockkit.Message) {
	if !to.debt.Still(ctx) {
		return
	}
	err := b.delivery.updateView(ctx, to, form.Search(grant, prefix, m.Blocks...))
	var refused slack.SlackErrorResponse
	if err == nil || errors.As(err, &refused) && refused.Err == "not_found" {
		return // or closed meanwhile: the person does not want it
	}
	b.log.WarnContext(ctx, "buckets not shown in the search; trying a direct message", "request", to.requestID, "error", err)
	b.delivery.tellOrOwe(ctx, to, m)
}
