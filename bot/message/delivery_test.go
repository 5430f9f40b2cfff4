package message

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// deliveryMessages are the messages of reminders and of credentials that go by
// direct message, or did not arrive.
func deliveryMessages(t *testing.T) map[string]blockkit.Message {
	t.Helper()
	v := goldenVoice()
	ending := goldenIssued(true).Grant
	ending.Expires = goldenTime.Add(5*time.Minute - 300*time.Millisecond)
	issued := goldenIssued(true)
	issued.Account.DMLife = 5 * time.Minute
	shown, err := Issued(v, issued, snippet.Bash)
	if err != nil {
		t.Fatal(err)
	}
	lost := issued
	lost.Saved = false
	return map[string]blockkit.Message{
		"reminder":            Reminder(v, ending, false),
		"dm_placeholder":      Placeholder(issued),
		"dm_issued":           WithDeadline(shown, goldenTime.Add(5*time.Minute)),
		"dm_sent":             Sent(issued),
		"dm_removed":          Removed(issued.Grant),
		"dm_not_deleted":      Undeleted(issued.Grant, false),
		"dm_only_removed":     Undeleted(issued.Grant, true),
		"undelivered":         Undelivered(v, issued, broker.CodeUndelivered, "abcdefgh"),
		"undelivered_unkept":  Undelivered(v, lost, broker.CodeUndelivered, "abcdefgh"),
		"undelivered_stopped": Stopped(v, issued, "abcdefgh"),
		"undelivered_late":    Late(blockkit.NewMessage("You may not have prod.", blockkit.Paragraph(blockkit.Bold("You may not have prod."))), goldenTime),
		"interrupted":         Interrupted(v, Stop{Asked: prose.Say(prose.AssumeCmd("who"))}, "abcdefgh"),
		"interrupted_code":    Interrupted(v, Stop{Asked: prose.Say(prose.AssumeCmd("prod")), Code: true}, "abcdefgh"),
		"interrupted_session": Interrupted(v, Stop{Asked: prose.Say(prose.MFACmd()), Code: true, Session: true}, "abcdefgh"),
		"interrupted_key":     Interrupted(v, Stop{Asked: prose.Say(prose.AssumeCmd("key")), Code: true, Key: true}, "abcdefgh"),
		"interrupted_lost":    Interrupted(v, Stop{Asked: prose.Say(prose.AssumeCmd("prod")), Code: true, Lost: true}, "abcdefgh"),
		"interrupted_unclear": Interrupted(v, Stop{Asked: prose.Say("your message"), Unknown: true}, "abcdefgh"),
		"unknown_outcome":     UnknownOutcome(v, "prod", broker.PurposeShow, "abcdefgh"),
		"unknown_key":         UnknownOutcome(v, "", broker.PurposeKey, "abcdefgh"),
		"unknown_session":     UnknownOutcome(v, "prod", broker.PurposeMFASession, "abcdefgh"),
		"undelivered_unknown": Undelivered(v, issued, broker.CodeDeliveryUnknown, "abcdefgh"),
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
