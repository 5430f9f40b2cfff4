package message

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/listing"
)

// goldenPage is a page of a list of total buckets.
func goldenPage(page, total int, prefix string, change func(*broker.BucketList)) broker.BucketList {
	list := goldenBuckets(0, prefix, true)
	list.Page, list.Total = page, total
	first := page * listing.PerPage
	for i := first; i < min(total, first+listing.PerPage); i++ {
		list.Buckets = append(list.Buckets, listing.Bucket{Name: fmt.Sprintf("logs-%05d", i), Region: "eu-west-1", Created: goldenTime})
	}
	if change != nil {
		change(&list)
	}
	return list
}

// bucketPageMessages are pages behind the first.
func bucketPageMessages() map[string]blockkit.Message {
	v := goldenVoice()
	return map[string]blockkit.Message{
		"buckets_middle": Buckets(v, goldenPage(7, 2345, "logs-", nil)),
		"buckets_last":   Buckets(v, goldenPage(17, 345, "", nil)),
		"buckets_more":   Buckets(v, goldenPage(0, 10_000, "", func(l *broker.BucketList) { l.AtLeast = true })),
		"buckets_found":  Buckets(v, goldenPage(0, 2, "logs-0000", nil)),
		"buckets_unkept": Buckets(v, goldenPage(0, 345, "", func(l *broker.BucketList) { l.Saved, l.Reused = false, false })),
		"buckets_search": BucketsWith(v, goldenPage(1, 345, "logs-", nil), ""),
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
		m := Buckets(goldenVoice(), list)
		if !m.Fits() {
			t.Errorf("names of %d: got more than %d bytes of blocks", length, blockkit.MaxBytes)
		}
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
		{goldenPage(1, 60, "", func(l *broker.BucketList) { l.Saved = false }), ""},
	}
	for _, test := range tests {
		var got []string
		for _, block := range Buckets(goldenVoice(), test.list).Blocks {
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
