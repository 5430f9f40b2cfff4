package bot

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
)

// mfaMessages are the messages about MFA sessions.
func mfaMessages() map[string]blockkit.Message {
	b := goldenBot()
	b.Serve(nil, Settings{RevealWindow: 10 * time.Minute, MFASession: 8 * time.Hour})
	session := broker.Session{
		ID: "abcdefghijkl", User: "U01ALICE", AccessKeyID: "ASIASESSION000000000",
		Began: goldenTime.Add(-time.Hour), Expires: goldenTime.Add(7 * time.Hour),
	}
	own := broker.Identity{Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/alice", UserID: "AIDAEXAMPLE"}
	return map[string]blockkit.Message{
		"mfa_begun":        b.mfaBegunMessage(broker.Session{Began: goldenTime, Expires: goldenTime.Add(8 * time.Hour)}),
		"mfa_status":       b.mfaStatusMessage(session, true),
		"mfa_status_none":  b.mfaStatusMessage(broker.Session{}, false),
		"mfa_ended":        b.mfaEndedMessage(session, true),
		"mfa_ended_broken": b.mfaEndedMessage(broker.Session{}, true),
		"mfa_ended_none":   b.mfaEndedMessage(broker.Session{}, false),
		"mfa_used":         b.mfaUsedMessage("prod"),
		"mfa_whoami":       b.whoamiMessage(broker.WhoAmI{Own: own, Session: &session}),
		"mfa_buckets": func() blockkit.Message {
			list := goldenBuckets(1, "", false)
			list.Grant.MFASession = session.AccessKeyID
			return b.bucketsMessage(list)
		}(),
		"mfa_help": b.helpMessage([]broker.Account{{Name: "staging"}}, false, true),
	}
}

func TestHelpTellsOfMFASessionsOnlyWhereThereAreAny(t *testing.T) {
	b := goldenBot()
	if got := b.withSessionHelp([]blockkit.Span{blockkit.Plain("one")}); len(got) != 1 {
		t.Errorf("got %d lines without MFA sessions, want 1", len(got))
	}
	b.Serve(nil, Settings{RevealWindow: 10 * time.Minute, MFASession: time.Hour})
	if got := b.withSessionHelp([]blockkit.Span{blockkit.Plain("one")}); len(got) != 2 {
		t.Errorf("got %d lines with MFA sessions, want 2", len(got))
	}
}
