package bot

import (
	"context"
	"errors"
	"strconv"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/broker"
)

// What can be pressed on a bucket list. The block is named for the Grant that
// the list was made with, and a value is the page and the prefix: neither is a
// secret, and neither lets anybody see a list that is not theirs, since the
// broker looks the Grant up among those of whoever presses and asks policy.
const (
	actPrevious = "previous"
	actNext     = "next"
	actSearch   = "search"
)

// The window in which buckets are searched. Slack allows no text field in a
// message, so it holds both the field and the list that was found.
const (
	bucketsCallback = "buckets"
	fieldPrefix     = "prefix"
	// maxBucketName is what a name may have today.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	maxBucketName = 63
)

func (b *Bot) bucketsMessage(list broker.BucketList) blockkit.Message {
	return b.bucketsWith(list, "Search")
}

// bucketsWith shows a page with its buttons; that for a search is called search,
// and "" is none.
func (b *Bot) bucketsWith(list broker.BucketList, search string) blockkit.Message {
	if list.Total == 0 {
		m := b.noBuckets(list)
		if list.Prefix != "" {
			m.Blocks = append(m.Blocks, pageButtons(list, search)...)
		}
		return m
	}
	first := list.Page * broker.BucketsPerPage
	head := fewOrMany(list)
	paged := list.AtLeast || list.Total > len(list.Buckets)
	if paged {
		head = broker.FormatNumber(first+1) + "–" + broker.FormatNumber(first+len(list.Buckets)) + " of " + head
	}
	where := " in " + list.Account.Name
	if list.Prefix != "" {
		where += " that start with " + list.Prefix
	}
	items := make([][]blockkit.Span, len(list.Buckets))
	for i, bucket := range list.Buckets {
		items[i] = bucketSpans(bucket)
	}
	elements := []slack.RichTextElement{blockkit.Paragraph(blockkit.Bold(head), blockkit.Plain(where+".")), blockkit.Bullets(items...)}
	if paged && !list.Kept {
		elements = append(elements, blockkit.Paragraph(b.voice.say("To see others, narrow it: ", broker.BucketsCmd(list.Account.Name, "123456 prefix logs-"))...))
	}
	elements = append(elements, blockkit.Paragraph(usedSpans(list)...))
	m := blockkit.NewMessage(head+where+".", elements...)
	if paged || list.Prefix != "" {
		m.Blocks = append(m.Blocks, pageButtons(list, search)...)
	}
	return m
}

func bucketSpans(bucket broker.Bucket) []blockkit.Span {
	spans := []blockkit.Span{blockkit.Code(bucket.Name)}
	if bucket.Region != "" {
		spans = append(spans, blockkit.Plain("  "+bucket.Region))
	}
	if !bucket.Created.IsZero() {
		spans = append(spans, blockkit.Plain("  "), blockkit.Day(bucket.Created))
	}
	return spans
}

// fewOrMany says how many there are, as far as that is known.
func fewOrMany(list broker.BucketList) string {
	switch {
	case list.AtLeast:
		return "more than " + broker.FormatNumber(list.Total) + " buckets"
	case list.Total == 1:
		return "1 bucket"
	}
	return broker.FormatNumber(list.Total) + " buckets"
}

// pageButtons are those that lead somewhere. There are none once the bot holds
// nothing to list with.
func pageButtons(list broker.BucketList, search string) []slack.Block {
	if !list.Kept {
		return nil
	}
	to := func(page int) string { return strconv.Itoa(page) + " " + list.Prefix }
	var elements []slack.BlockElement
	if list.Page > 0 {
		elements = append(elements, blockkit.Button(actPrevious, "Previous", to(list.Page-1)))
	}
	if list.AtLeast || (list.Page+1)*broker.BucketsPerPage < list.Total {
		elements = append(elements, blockkit.Button(actNext, "Next", to(list.Page+1)))
	}
	if search != "" {
		elements = append(elements, blockkit.Button(actSearch, search, to(0)))
	}
	if len(elements) == 0 {
		return nil
	}
	return []slack.Block{slack.NewActionBlock(grantBlock+list.Grant.ID, elements...)}
}

// bucketPage puts another page in place of the one that is shown. Why there is
// none is said beside it.
func (b *Bot) bucketPage(ctx context.Context, in interaction, p press) {
	list, err := in.to.broker.Lists.BucketPage(ctx, in.to.request(command.Command{}), p.grant, p.prefix, p.page)
	switch {
	case err != nil:
		b.deliver(ctx, in.to.beside(), b.refusal(ctx, in.to, err))
	case in.to.view != "" && in.View.CallbackID == bucketsCallback:
		b.showInSearch(ctx, in.to, p.grant, p.prefix, b.bucketsWith(list, ""))
	default:
		b.deliver(ctx, in.to, b.bucketsMessage(list))
	}
}

// searchBuckets asks for the beginning of the names. In a modal it takes the
// place of the list, since Slack stacks no more than three.
func (b *Bot) searchBuckets(ctx context.Context, in interaction, p press) {
	if err := in.to.broker.Visits.Identify(ctx, in.to.request(command.Command{})); err != nil {
		b.deliver(ctx, in.to.beside(), b.refusal(ctx, in.to, err))
		return
	}
	view := searchView(p.grant, p.prefix)
	var err error
	if in.to.view != "" {
		err = b.updateView(ctx, in.to, view)
	} else {
		err = b.web.OpenView(ctx, in.to.trigger, view)
	}
	if err == nil {
		return
	}
	b.log.WarnContext(ctx, "search not opened", "request", in.to.requestID, "error", err)
	in.to.trigger = "" // it is spent or too old
	b.deliver(ctx, in.to.beside(), b.voice.error(errNotOpened("search",
		"Press Search again, or send ", broker.BucketsCmd("ACCOUNT", "prefix logs-"), ".")))
}

// searchView is the search, and below it what was found.
func searchView(grant, prefix string, found ...slack.Block) slack.ModalViewRequest {
	text := slack.NewPlainTextInputBlockElement(blockkit.PlainText("logs-"), fieldPrefix)
	text.InitialValue = prefix
	input := slack.NewInputBlock(fieldPrefix, blockkit.PlainText("Bucket names that start with"), blockkit.PlainText("Nothing shows all"), text)
	input.Optional = true
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: bucketsCallback, PrivateMetadata: grant,
		Title: blockkit.PlainText("Buckets"), Submit: blockkit.PlainText("Search"), Close: blockkit.PlainText("Done"),
		Blocks: slack.Blocks{BlockSet: append([]slack.Block{input}, found...)},
	}
}

// submitSearch serves a submitted search. What no bucket can be named comes
// back on the field; the list takes the place of "Asking AWS".
func (b *Bot) submitSearch(ctx context.Context, e socketmode.Envelope, in interaction, ack func(any) bool) {
	prefix, wrong := readSearch(in.View)
	if wrong != "" {
		ack(searchError(wrong))
		return
	}
	judging, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	first, err := b.counters.FirstSight(judging, append(sightings(e, in.TriggerID), "view:"+in.View.ID+in.View.Hash)...)
	switch {
	case err != nil:
		e := errNotLooked(in.to, err)
		b.refusal(ctx, in.to, e) // for the log
		ack(searchError(b.voice.errorText(e)))
		return
	case !first:
		ack(searchError("This was already sent. The answer comes in this window."))
		return
	}
	if err := in.to.broker.Visits.Enter(judging, in.to.request(command.Command{})); err != nil {
		b.refusal(ctx, in.to, err) // for the log
		ack(searchError(b.voice.errorText(broker.AsError(err, in.to.requestID))))
		return
	}
	grant := only(requestID, in.View.PrivateMetadata)
	working := searchView(grant, prefix, blockkit.NewMessage("", blockkit.Paragraph(blockkit.Plain("Asking AWS for the buckets…"))).Blocks...)
	ack(slack.NewUpdateViewSubmissionResponse(&working))
	in.to = in.to.turned()
	if !b.takeSlot(ctx) {
		b.showInSearch(ctx, in.to, grant, prefix, b.refusal(ctx, in.to, busy(in.to)))
		return
	}
	defer b.leaveSlot()
	list, err := in.to.broker.Lists.BucketPage(ctx, in.to.request(command.Command{}), grant, prefix, 0)
	m := b.bucketsWith(list, "")
	if err != nil {
		m = b.refusal(ctx, in.to, err)
	}
	b.showInSearch(ctx, in.to, grant, prefix, m)
}

// showInSearch shows m below the search.
func (b *Bot) showInSearch(ctx context.Context, to conversation, grant, prefix string, m blockkit.Message) {
	err := b.updateView(ctx, to, searchView(grant, prefix, m.Blocks...))
	var refused slack.SlackErrorResponse
	if err == nil || errors.As(err, &refused) && refused.Err == "not_found" {
		return // or closed meanwhile: the person does not want it
	}
	b.log.WarnContext(ctx, "buckets not shown in the search; trying a direct message", "request", to.requestID, "error", err)
	b.tellOrOwe(ctx, to, m)
}

// readSearch reads what was typed, kindly: phones begin with a capital. wrong
// says why no bucket has such a name.
func readSearch(v slack.View) (prefix, wrong string) {
	if v.State != nil {
		prefix = v.State.Values[fieldPrefix][fieldPrefix].Value
	}
	prefix = command.ReadPrefix(prefix)
	switch {
	case prefix == "":
		return "", ""
	case len(prefix) > maxBucketName:
		return "", "A bucket name has at most 63 characters."
	case !command.ValidPrefix(prefix):
		return "", "Bucket names are made of letters, digits, dots and dashes, without spaces."
	}
	return prefix, ""
}

func searchError(text string) any {
	return slack.NewErrorsViewSubmissionResponse(map[string]string{fieldPrefix: text})
}
