package slacktest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// noon is 2026-01-02 12:00 UTC.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func inZone(hours int) slacktest.Reader {
	return slacktest.Reader{Zone: time.FixedZone("", hours*60*60), Now: noon}
}

func drawn(blocks string, r slacktest.Reader, l slacktest.Layout) string {
	return slacktest.Message{Blocks: json.RawMessage(blocks)}.Tree(r).Text(l)
}

func compare(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestRichTextIsDrawnWithItsListsQuotesAndBoxes(t *testing.T) {
	const blocks = `[{"type":"rich_text","elements":[
		{"type":"rich_text_section","elements":[
			{"type":"text","text":"For ","style":{"bold":true}},{"type":"user","user_id":"U1"},{"type":"text","text":" in "},
			{"type":"channel","channel_id":"C1"},{"type":"text","text":", "},{"type":"broadcast","range":"here"},
			{"type":"emoji","name":"wave"},{"type":"link","url":"https://x.example"}]},
		{"type":"rich_text_list","style":"bullet","elements":[
			{"type":"rich_text_section","elements":[{"type":"text","text":"one\nmore"}]}]},
		{"type":"rich_text_list","style":"ordered","indent":1,"offset":2,"elements":[
			{"type":"rich_text_section","elements":[{"type":"text","text":"third"}]},
			{"type":"rich_text_section","elements":[{"type":"text","text":"fourth"}]}]},
		{"type":"rich_text_quote","elements":[{"type":"text","text":"said\ntwice"}]},
		{"type":"rich_text_preformatted","elements":[{"type":"text","text":"a  b\n\tc "}]}]}]`
	compare(t, drawn(blocks, inZone(0), slacktest.Layout{}),
		"For @U1 in #C1, @here:wave:https://x.example\n• one\n  more\n  3. third\n  4. fourth\n> said\n> twice\na  b\n\tc ")
	got := slacktest.Message{Blocks: json.RawMessage(blocks)}.Tree(inZone(0))
	if diff := cmp.Diff([]string{"a  b\n\tc "}, got.Preformatted()); diff != "" {
		t.Errorf("Preformatted (-want +got):\n%s", diff)
	}
	if s := got.Pieces[0].Spans; !s[0].Bold || s[1].Kind != slacktest.SpanUser || s[1].Ref != "U1" || s[6].Kind != slacktest.SpanEmoji {
		t.Errorf("got spans %+v, want kinds, ids and styles in them", s)
	}
}

func TestDatesAreTheReadersOwn(t *testing.T) {
	date := func(unix, format string) string {
		return `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[
			{"type":"text","text":"ends "},{"type":"date","timestamp":` + unix + `,"format":"` + format + `","fallback":"FALLBACK"}]}]}]`
	}
	const soon = "1767364200" // 2026-01-02 14:30 UTC
	for _, c := range []struct {
		name, blocks string
		reader       slacktest.Reader
		want         string
	}{
		{"today", date(soon, `\u200b{date_short_pretty} at {time}`), inZone(0), "ends today at 2:30 PM"},
		{"capital", date(soon, "{date_short_pretty} at {time}"), inZone(0), "ends Today at 2:30 PM"},
		{"today over there", date(soon, `\u200b{date_short_pretty} at {time}`), inZone(9), "ends today at 11:30 PM"},
		{"their tomorrow", date(soon, `\u200b{date_short_pretty} at {time_secs}`), inZone(10), "ends tomorrow at 12:30:00 AM"},
		{"their yesterday", date("1767225600", `\u200b{date_pretty}`), inZone(0), "ends yesterday"},
		{"their day before", date("1767225600", "{date_pretty}"), inZone(-1), "ends December 31st, 2025"},
		{"words", date(soon, "{date_long}, {date_num}, {date_short}"), inZone(0), "ends Friday, January 2nd, 2026, 2026-01-02, Jan 2, 2026"},
		{"ago", date("1767348000", "{ago}"), inZone(0), "ends 2 hours ago"},
		{"unknown", date(soon, "{hour}"), inZone(0), "ends FALLBACK"},
	} {
		t.Run(c.name, func(t *testing.T) { compare(t, drawn(c.blocks, c.reader, slacktest.Layout{}), c.want) })
	}
	m := slacktest.Message{Text: `ends <!date^` + soon + `^{time} on {date_short}|FALLBACK>`}
	compare(t, m.Tree(inZone(1)).Text(slacktest.Layout{}), "ends 3:30 PM on Jan 2, 2026")
	compare(t, m.FallbackFor(inZone(1)), "ends 3:30 PM on Jan 2, 2026")
}

func TestMarkupIsReadAsSlackReadsIt(t *testing.T) {
	m := slacktest.Message{Text: "*bold* _it_ ~no~ `a*b*` a*b*c <https://x.example|there> &lt;b&gt;\n&gt; said\n```\nx < y\n```\nend"}
	tree := m.Tree(inZone(0))
	compare(t, tree.Text(slacktest.Layout{}), "bold it no a*b* a*b*c there <b>\n> said\nx < y\nend")
	first := tree.Pieces[0].Spans
	if !first[0].Bold || !first[2].Italic || !first[4].Strike || !first[6].Code || first[8].URL != "https://x.example" {
		t.Errorf("got %+v, want styles and a link", first)
	}
}

const controls = `[
	{"type":"section","text":{"type":"mrkdwn","text":"*Pick*"},"fields":[{"type":"plain_text","text":"left"},{"type":"plain_text","text":"right"}],
		"accessory":{"type":"overflow","action_id":"o","options":[{"text":{"type":"plain_text","text":"Help"},"value":"h"}]}},
	{"type":"actions","elements":[
		{"type":"button","action_id":"a","style":"primary","text":{"type":"plain_text","text":"Approve"}},
		{"type":"button","action_id":"e","style":"danger","text":{"type":"plain_text","text":"End"},"confirm":{
			"title":{"type":"plain_text","text":"End it?"},"text":{"type":"mrkdwn","text":"Since <!date^1767364200^{time}|x>."},
			"confirm":{"type":"plain_text","text":"End"},"deny":{"type":"plain_text","text":"Keep"},"style":"danger"}},
		{"type":"static_select","action_id":"f","placeholder":{"type":"plain_text","text":"Format"},"option_groups":[
			{"label":{"type":"plain_text","text":"Shells"},"options":[
				{"text":{"type":"plain_text","text":"bash"},"value":"b"},{"text":{"type":"plain_text","text":"fish"},"value":"f"}]},
			{"label":{"type":"plain_text","text":"Files"},"options":[{"text":{"type":"plain_text","text":"json"},"value":"j"}]}]}]},
	{"type":"divider"},
	{"type":"context","elements":[{"type":"image","image_url":"https://x.example/i.png","alt_text":"a lock"},{"type":"mrkdwn","text":"small"}]},
	{"type":"video"}]`

func TestControlsAreDrawnAndTheirDetailsOnRequest(t *testing.T) {
	const want = "Pick\nleft\nright\n<… ▾>\n[Approve] [End] <Format ▾>\n———\n[image: a lock] small\n[unknown: video]"
	compare(t, drawn(controls, inZone(0), slacktest.Layout{}), want)
	compare(t, drawn(controls, inZone(0), slacktest.Layout{Detail: true}), "Pick\nleft\nright\n<… ▾>\n  ▸ Help\n"+
		"[Approve, green] [End, red] <Format ▾>\n  ▸ End asks: End it? Since 2:30 PM. [Keep] [End, red]\n  ▸ Shells: bash · fish\n  ▸ Files: json\n"+
		"———\n[image: a lock] small\n[unknown: video]")
}

func TestTerminalsGetProseWrappedAndSnippetsWhole(t *testing.T) {
	const blocks = `[{"type":"rich_text","elements":[
		{"type":"rich_text_list","style":"bullet","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"word word word word"}]}]},
		{"type":"rich_text_preformatted","elements":[{"type":"text","text":"export A='a very long line'"}]},
		{"type":"rich_text_section","elements":[{"type":"text","text":"after"}]}]}]`
	l := slacktest.Layout{Width: 14, Indent: "  "}
	compare(t, drawn(blocks, inZone(0), l), "  • word word\n    word word\n\nexport A='a very long line'\n\n  after")
	l.Exact = func(string) string { return "short" }
	compare(t, drawn(blocks, inZone(0), l), "  • word word\n    word word\n\nshort\n\n  after")
}

func TestTablesAndAttachmentsAreChecked(t *testing.T) {
	s := start(t)
	const table = `[{"type":"table","column_settings":[{},{"align":"right"}],"rows":[
		[{"type":"raw_text","text":"Account"},{"type":"raw_text","text":"Left"}],
		[{"type":"raw_text","text":"prod"},{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"1h"}]}]}]]}]`
	const attached = `[{"color":"#f00","blocks":[{"type":"header","text":{"type":"plain_text","text":"Red"}}]},
		{"title":"Old","text":"*way*","fields":[{"title":"Who","value":"bob"}],"footer":"foot"}]`
	post := func(blocks, attachments string) string {
		t.Helper()
		resp, err := http.PostForm(s.APIURL()+"chat.postMessage", url.Values{
			"token": {s.BotToken()}, "channel": {general}, "text": {"x"}, "blocks": {blocks}, "attachments": {attachments}})
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var answer struct{ Error string }
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return answer.Error
	}
	if got := post(table, attached); got != "" {
		t.Fatalf("got error %q, want none", got)
	}
	compare(t, s.InChannel(general)[0].Plain(), "Account  Left\nprod       1h\n│ Red\n│ Old\n│ way\n│ Who\n│ bob\n│ foot")
	if got := post(table[:len(table)-1]+","+table[1:], ""); got != "invalid_blocks" {
		t.Errorf("two tables: got error %q, want invalid_blocks", got)
	}
	if got := post("", `[{"blocks":[{"type":"header"}]}]`); got != "invalid_attachments" {
		t.Errorf("a header without text in an attachment: got error %q, want invalid_attachments", got)
	}
}
