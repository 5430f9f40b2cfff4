package message

import (
	"strconv"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/text"
)

// Buckets shows a page of a list in a message.
func Buckets(v Voice, list broker.BucketList) blockkit.Message {
	return BucketsWith(v, list, "Search")
}

// BucketsWith shows a page with its buttons; that for a search is called search,
// and "" is none.
func BucketsWith(v Voice, list broker.BucketList, search string) blockkit.Message {
	if list.Total == 0 {
		m := noBuckets(v, list)
		if list.Prefix != "" {
			m.Blocks = append(m.Blocks, pageButtons(list, search)...)
		}
		return m
	}
	first := list.Page * listing.PerPage
	head := fewOrMany(list)
	paged := list.AtLeast || list.Total > len(list.Buckets)
	if paged {
		head = text.FormatNumber(first+1) + "–" + text.FormatNumber(first+len(list.Buckets)) + " of " + head
	}
	where := " in " + list.Account.Name
	if list.Prefix != "" {
		where += " that start with " + list.Prefix
	}
	items := make([][]blockkit.Span, len(list.Buckets))
	for i, bucket := range list.Buckets {
		items[i] = bucketSpans(bucket)
	}
	elements := []slack.RichTextElement{blockkit.Paragraph(blockkit.Bold(head), where+"."), blockkit.Bullets(items...)}
	if paged && !list.Saved {
		elements = append(elements, blockkit.Paragraph(v.say("To see others, narrow it: ", prose.BucketsCmd(list.Account.Name, "123456 prefix logs-"))))
	}
	elements = append(elements, blockkit.Paragraph(usedSpans(list)))
	m := blockkit.NewMessage(head+where+".", elements...)
	if paged || list.Prefix != "" {
		m.Blocks = append(m.Blocks, pageButtons(list, search)...)
	}
	return m
}

func bucketSpans(bucket listing.Bucket) []blockkit.Span {
	spans := []blockkit.Span{blockkit.Code(bucket.Name)}
	if bucket.Region != "" {
		spans = blockkit.Line(spans, "  "+bucket.Region)
	}
	if !bucket.Created.IsZero() {
		spans = blockkit.Line(spans, "  ", blockkit.Day(bucket.Created))
	}
	return spans
}

// fewOrMany says how many there are, as far as that is known.
func fewOrMany(list broker.BucketList) string {
	switch {
	case list.AtLeast:
		return "more than " + text.FormatNumber(list.Total) + " buckets"
	case list.Total == 1:
		return "1 bucket"
	}
	return text.FormatNumber(list.Total) + " buckets"
}

// pageButtons are those that lead somewhere. There are none once the bot holds
// nothing to list with.
func pageButtons(list broker.BucketList, search string) []slack.Block {
	if !list.Saved {
		return nil
	}
	to := func(page int) string { return strconv.Itoa(page) + " " + list.Prefix }
	var elements []slack.BlockElement
	if list.Page > 0 {
		elements = append(elements, blockkit.Button(ActPrevious, "Previous", to(list.Page-1)))
	}
	if list.AtLeast || (list.Page+1)*listing.PerPage < list.Total {
		elements = append(elements, blockkit.Button(ActNext, "Next", to(list.Page+1)))
	}
	if search != "" {
		elements = append(elements, blockkit.Button(ActSearch, search, to(0)))
	}
	if len(elements) == 0 {
		return nil
	}
	return []slack.Block{slack.NewActionBlock(GrantBlock+list.Grant.ID, elements...)}
}

func noBuckets(v Voice, list broker.BucketList) blockkit.Message {
	spans := blockkit.Line(blockkit.Bold("No buckets"), " in "+list.Account.Name+".\n")
	text := "No buckets in " + list.Account.Name + "."
	if list.Prefix != "" {
		spans = append(blockkit.Line(blockkit.Bold("No buckets"), " in "+list.Account.Name+" start with ", blockkit.Code(list.Prefix), ".\n"),
			v.say("All of them: ", prose.BucketsCmd(list.Account.Name), "\n")...)
		text = "No buckets in " + list.Account.Name + " start with that."
	}
	return blockkit.NewMessage(text, blockkit.Paragraph(append(spans, usedSpans(list)...)))
}

// usedSpans says with which credentials a list was made.
func usedSpans(list broker.BucketList) []blockkit.Span {
	g := list.Grant
	spans := blockkit.Line("Listed with ", blockkit.Code(g.AccessKeyID), ", issued "+fromSession(g)+"for this; it ends ", blockkit.Moment(g.Expires), ".")
	if list.Reused {
		spans = blockkit.Line("Listed with your credentials ", blockkit.Code(g.AccessKeyID), ", no new code needed.")
	}
	if !g.MFA {
		spans = blockkit.Line(spans, " ", blockkit.Bold(blockkit.NoMFA))
	}
	return spans
}

// fromSession says that an MFA session issued a Grant, in the midst of a
// sentence.
func fromSession(g broker.Grant) string {
	if g.MFASession == "" {
		return ""
	}
	return "from your MFA session "
}
