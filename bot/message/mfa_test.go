package message

import (
	"slices"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
)

// mfaMessages are the messages about MFA sessions.
func mfaMessages() map[string]blockkit.Message {
	v := goldenVoice()
	v.MFASession = 8 * time.Hour
	session := broker.Session{
		ID: "abcdefghijkl", User: "U01ALICE", AccessKeyID: "ASIASESSION000000000",
		Began: goldenTime.Add(-time.Hour), Expires: goldenTime.Add(7 * time.Hour),
	}
	own := broker.Identity{Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/alice", UserID: "AIDAEXAMPLE"}
	return map[string]blockkit.Message{
		"mfa_begun":        MFABegun(v, broker.Session{Began: goldenTime, Expires: goldenTime.Add(8 * time.Hour)}),
		"mfa_status":       MFAStatus(v, session, true),
		"mfa_status_none":  MFAStatus(v, broker.Session{}, false),
		"mfa_ended":        MFAEnded(session, true),
		"mfa_ended_broken": MFAEnded(broker.Session{}, true),
		"mfa_ended_none":   MFAEnded(broker.Session{}, false),
		"mfa_used":         MFAUsed(v, "prod"),
		"mfa_whoami":       WhoAmI(broker.WhoAmI{Own: own, Session: &session}),
		"mfa_buckets": func() blockkit.Message {
			list := goldenBuckets(1, "", false)
			list.Grant.MFASession = session.AccessKeyID
			return Buckets(v, list)
		}(),
		"mfa_help": new(Helps).Help(v, slices.Values([]policy.Account{{Name: "staging"}}), false, true),
	}
}

func TestHelpTellsOfMFASessionsOnlyWhereThereAreAny(t *testing.T) {
	v := goldenVoice()
	if got := withSessionHelp(v, blockkit.Line("one")); len(got) != 1 {
		t.Errorf("got %d lines without MFA sessions, want 1", len(got))
	}
	v.MFASession = time.Hour
	if got := withSessionHelp(v, blockkit.Line("one")); len(got) != 2 {
		t.Errorf("got %d lines with MFA sessions, want 2", len(got))
	}
}
