package bot

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
)

// goldenPage is a page of a list of total buckets.
func goldenPage(page, total int, prefix string, change func(*broker.BucketList)) broker.BucketList {
	list := goldenBuckets(0, prefix, true)
	list.Page, list.Total = page, total
	first := page * broker.BucketsPerPage
	for i := first; i < min(total, first+broker.BucketsPerPage); i++ {
		list.Buckets = append(list.Buckets, broker.Bucket{Name: fmt.Sprintf("logs-%05d", i), Region: "eu-west-1", Created: goldenTime})
	}
	if change != nil {
		change(&list)
	}
	return list
}

// bucketPageMessages are pages behind the first.
func bucketPageMessages() map[string]blockkit.Message {
	b := goldenBot()
	return map[string]blockkit.Message{
		"buckets_middle": b.bucketsMessage(goldenPage(7, 2345, "logs-", nil)),
		"buckets_last":   b.bucketsMessage(goldenPage(17, 345, "", nil)),
		"buckets_more":   b.bucketsMessage(goldenPage(0, 10_000, "", func(l *broker.BucketList) { l.AtLeast = true })),
		"buckets_found":  b.bucketsMessage(goldenPage(0, 2, "logs-0000", nil)),
		"buckets_unkept": b.bucketsMessage(goldenPage(0, 345, "", func(l *broker.BucketList) { l.Kept, l.Reused = false, false })),
		"buckets_search": b.bucketsWith(goldenPage(1, 345, "logs-", nil), ""),
	}
}

// TestPagesFitWithTheLongestNames takes names from before 2018 too, which have
// up to 255 characters.
func TestPagesFitWithTheLongestNames(t *testing.T) {
	for _, length := range []int{63, 255} {
		list := goldenPage(4000, 100_000, strings.Repeat("x", length), func(l *broker.BucketList) {
			for i := range l.Buckets {
				l.Buckets[i].Name, l.Buckets[i].Region = strings.Repeat("x", length), "ap-southeast-7"
			}
			l.Grant.MFA = false
		})
		m := goldenBot().bucketsMessage(list)
		if !m.Fits() {
			t.Errorf("names of %d: got %d bytes of blocks, want at most %d", length, jsonSize(m.Blocks), blockkit.MaxBytes)
		}
		t.Logf("names of %d: %d bytes of blocks", length, jsonSize(m.Blocks))
	}
}

func TestButtonsLeadOnlyToPagesThatAre(t *testing.T) {
	tests := []struct {
		list broker.BucketList
		want string
	}{
		{goldenPage(0, 20, "", nil), ""},
		{goldenPage(0, 21, "", nil), "next=1 ,search=0 "},
		{goldenPage(1, 60, "a", nil), "previous=0 a,next=2 a,search=0 a"},
		{goldenPage(2, 60, "", nil), "previous=1 ,search=0 "},
		{goldenPage(0, 3, "a", nil), "search=0 a"},
		{goldenPage(0, 0, "a", nil), "search=0 a"},
		{goldenPage(0, 0, "", nil), ""},
		{goldenPage(1, 40, "", func(l *broker.BucketList) { l.AtLeast = true }), "previous=0 ,next=2 ,search=0 "},
		{goldenPage(1, 60, "", func(l *broker.BucketList) { l.Kept = false }), ""},
	}
	for _, test := range tests {
		var got []string
		for _, block := range goldenBot().bucketsMessage(test.list).Blocks {
			if actions, ok := block.(*slack.ActionBlock); ok {
				for _, e := range actions.Elements.ElementSet {
					b := e.(*slack.ButtonBlockElement)
					got = append(got, b.ActionID+"="+b.Value)
				}
			}
		}
		if got := strings.Join(got, ","); got != test.want {
			t.Errorf("page %d of %d: got buttons %q, want %q", test.list.Page, test.list.Total, got, test.want)
		}
	}
}

func TestValuesOfButtonsComeBack(t *testing.T) {
	for value, want := range map[string]string{
		"3 logs-": "3 logs-", "0 ": "0 ", "12": "12 ", "": "0 ", "x logs-": "0 ", "99999999999999999999 a": "0 ",
	} {
		page, prefix := readPage(value)
		if got := fmt.Sprintf("%d %s", page, prefix); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}

func TestSearchIsReadKindly(t *testing.T) {
	tests := []struct{ typed, want, wrong string }{
		{"", "", ""},
		{"  ", "", ""},
		{" Prod-Logs- ", "prod-logs-", ""},
		{"logs\u2013a", "logs-a", ""},
		{strings.Repeat("a", 63), strings.Repeat("a", 63), ""},
		{strings.Repeat("a", 64), "", "at most 63"},
		{"prod logs", "", "without spaces"},
		{"<!here>", "", "letters, digits"},
		{"größe", "", "letters, digits"},
	}
	for _, test := range tests {
		view := slack.View{State: &slack.ViewState{Values: map[string]map[string]slack.BlockAction{fieldPrefix: {fieldPrefix: {Value: test.typed}}}}}
		got, wrong := readSearch(view)
		if got != test.want || !strings.Contains(wrong, test.wrong) || (wrong == "") != (test.wrong == "") {
			t.Errorf("%q: got %q, %q, want %q, %q", test.typed, got, wrong, test.want, test.wrong)
		}
	}
	if got, wrong := readSearch(slack.View{}); got != "" || wrong != "" {
		t.Errorf("no state: got %q, %q, want nothing", got, wrong)
	}
}
