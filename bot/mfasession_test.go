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

// mfaAuditMessages are what the audit channel is told of MFA sessions.
func mfaAuditMessages(t *testing.T) map[string]blockkit.Message {
	t.Helper()
	event := broker.Event{
		SlackUser: "U01ALICE", SlackTeam: "T0123", User: "alice@example.com", Purpose: broker.PurposeMFASession,
		Method: broker.MethodGetSessionToken, MFA: true, Seconds: 8 * 3600, AccessKeyID: "ASIASESSION000000000",
		Expires: goldenTime.Add(8 * time.Hour), STSRequestID: "4b1ec7b2-0000-0000-0000-000000000000",
	}
	audit := func(change func(*broker.Event)) blockkit.Message {
		e := event
		change(&e)
		m, post := auditMessage(e)
		if !post {
			t.Fatalf("a %s event is not posted", e.Kind)
		}
		return m
	}
	return map[string]blockkit.Message{
		"audit_mfa_begun": audit(func(e *broker.Event) { e.Kind = broker.EventGranted }),
		"audit_mfa_for": audit(func(e *broker.Event) {
			e.Kind, e.Account, e.Reason = broker.EventGranted, "staging", "INC-42 <!channel> *bold*"
		}),
		"audit_mfa_failed": audit(func(e *broker.Event) {
			e.Kind, e.Account, e.AccessKeyID, e.Expires = broker.EventFailed, "staging", "", time.Time{}
			e.Code, e.Message = broker.CodeWrongCode, "AWS did not accept that code: it is wrong, or was used already."
		}),
		"audit_mfa_refused": audit(func(e *broker.Event) {
			e.Kind, e.Method, e.AccessKeyID, e.STSRequestID, e.Expires = broker.EventRefused, "", "", "", time.Time{}
			e.Code, e.Message = broker.CodeSessionsOff, "MFA sessions are switched off here: each request needs a code of its own."
		}),
		"audit_mfa_ended": audit(func(e *broker.Event) {
			e.Kind, e.Method, e.Seconds, e.STSRequestID = broker.EventEnded, "", 0, ""
		}),
		"audit_mfa_used": audit(func(e *broker.Event) {
			e.Kind, e.Purpose, e.Account, e.Method, e.Seconds = broker.EventGranted, broker.PurposeShow, "staging", broker.MethodAssumeRole, 3600
			e.RoleARN, e.Principal = "arn:aws:iam::333333333333:role/Developer", "arn:aws:sts::333333333333:assumed-role/Developer/alice@example.com"
			e.AccessKeyID, e.MFASession = "ASIAEXAMPLE000000000", "ASIASESSION000000000"
		}),
	}
}

func TestHelpTellsOfMFASessionsOnlyWhereThereAreAny(t *testing.T) {
	b := goldenBot()
	if got := b.withSessionHelp(blockkit.Codes("one")); len(got) != 1 {
		t.Errorf("got %d lines without MFA sessions, want 1", len(got))
	}
	b.Serve(nil, Settings{RevealWindow: 10 * time.Minute, MFASession: time.Hour})
	if got := b.withSessionHelp(blockkit.Codes("one")); len(got) != 2 {
		t.Errorf("got %d lines with MFA sessions, want 2", len(got))
	}
}
