package bot

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
)

// deliveryMessages are the messages of reminders and of credentials that go by
// direct message, or did not arrive.
func deliveryMessages(t *testing.T) map[string]blockkit.Message {
	t.Helper()
	b := goldenBot()
	ending := goldenIssued(true).Grant
	ending.Expires = goldenTime.Add(5*time.Minute - 300*time.Millisecond)
	issued := goldenIssued(true)
	issued.Account.DMLife = 5 * time.Minute
	shown, err := b.issuedMessage(issued, snippet.Bash)
	if err != nil {
		t.Fatal(err)
	}
	lost := issued
	lost.Kept = false
	return map[string]blockkit.Message{
		"reminder":            b.reminderMessage(ending, false),
		"dm_placeholder":      placeholderMessage(issued),
		"dm_issued":           withDeadline(shown, goldenTime.Add(5*time.Minute)),
		"dm_sent":             sentMessage(issued),
		"dm_removed":          removedMessage(issued.Grant),
		"dm_not_deleted":      b.undeletedMessage(issued.Grant, false),
		"dm_only_removed":     b.undeletedMessage(issued.Grant, true),
		"undelivered":         b.undeliveredMessage(issued, broker.CodeUndelivered, "abcdefgh"),
		"undelivered_unkept":  b.undeliveredMessage(lost, broker.CodeUndelivered, "abcdefgh"),
		"undelivered_stopped": b.stoppedMessage(issued, "abcdefgh"),
		"undelivered_late":    late(blockkit.NewMessage("You may not have prod.", blockkit.Paragraph(blockkit.Bold("You may not have prod."))), goldenTime),
		"undelivered_unknown": b.undeliveredMessage(issued, broker.CodeDeliveryUnknown, "abcdefgh"),
	}
}

func TestInMinutes(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "less than a minute", 29 * time.Second: "less than a minute", 31 * time.Second: "1 minute",
		5*time.Minute - time.Second: "5 minutes", 59*time.Minute + 40*time.Second: "1 hour", 2 * time.Hour: "2 hours", 90 * time.Minute: "90 minutes",
	} {
		if got := inMinutes(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}

func TestOnlyWhatIsNotRenewedIsReminded(t *testing.T) {
	g := goldenIssued(true).Grant
	other := func(change func(*broker.Grant)) []broker.Grant {
		o := g
		o.ID, o.Issued, o.Expires = "other", g.Issued.Add(time.Minute), g.Expires.Add(time.Minute)
		change(&o)
		return []broker.Grant{g, o}
	}
	for name, test := range map[string]struct {
		grants []broker.Grant
		want   bool
	}{
		"alone":                {[]broker.Grant{g}, true},
		"ended":                {nil, false},
		"renewed":              {other(func(*broker.Grant) {}), false},
		"renewed for less":     {other(func(o *broker.Grant) { o.Expires = g.Expires.Add(-time.Minute) }), true},
		"an older one":         {other(func(o *broker.Grant) { o.Issued = g.Issued.Add(-time.Minute) }), true},
		"another account":      {other(func(o *broker.Grant) { o.Account = "staging" }), true},
		"one to list buckets":  {other(func(o *broker.Grant) { o.Purpose = broker.PurposeBuckets }), true},
		"one for the console":  {other(func(o *broker.Grant) { o.Purpose = broker.PurposeConsole }), false},
		"one of before v. now": {other(func(o *broker.Grant) { o.Purpose = "" }), false},
	} {
		if _, got := wantsReminder(test.grants, g.ID); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
