package auditchannel

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
)

const (
	// wildly is what a person may type: none of it may ping, link or format.
	wildly     = "INC-42 <!channel> *bold* <https://x.example|link> @here"
	moreWildly = wildly + " <@U02BOB> <!subteam^S01LEADS>"
)

// TestPostsAreAsJudged compares every kind of post with its golden file.
func TestPostsAreAsJudged(t *testing.T) {
	all := map[string]blockkit.Message{
		"audit_folded_cancelled": foldMessage("U03CAROL/approval", tally{User: "carol@example.com", Kind: broker.EventApproval, Count: 2}),
		"audit_folded_failed":    foldMessage("U03CAROL/failed", tally{Kind: broker.EventFailed, Count: 1, Codes: map[broker.Code]int{broker.CodeWrongCode: 1}}),
		"audit_folded":           foldMessage("U03CAROL", tally{Count: 14, Codes: map[broker.Code]int{broker.CodeNotUser: 12, broker.CodeGrammar: 2}}),
		"audit_broken":           brokenMessage("1-1"),
		"audit_unshown":          unshownMessage("1-1"),
	}
	maps.Copy(all, configMessages())
	for _, events := range []map[string]broker.Event{requestEvents(), revokedEvents(), adminEvents(), approvalEvents(), mfaEvents(), keyEvents()} {
		for name, e := range events {
			m, post := render(e)
			if !post {
				t.Errorf("%s: a %s event is not posted", name, e.Kind)
			}
			all[name] = m
		}
	}
	goldentest.Messages(t, all)
}

// of returns copies of e, each with a change.
func of(e broker.Event, changes map[string]func(*broker.Event)) map[string]broker.Event {
	all := map[string]broker.Event{}
	for name, change := range changes {
		changed := e
		change(&changed)
		all[name] = changed
	}
	return all
}

// requestEvents are of what people ask for.
func requestEvents() map[string]broker.Event {
	all := of(broker.Event{
		SlackUser: "U01ALICE", SlackTeam: "T0123", User: "alice@example.com", Account: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall",
		Method: broker.MethodAssumeRole, MFA: true, Seconds: 3600, Reason: wildly,
		Principal: "arn:aws:sts::222222222222:assumed-role/OnCall/alice@example.com", AccessKeyID: "ASIAEXAMPLE000000000",
		Expires: goldentest.Now.Add(time.Hour), STSRequestID: "4b1ec7b2-0000-0000-0000-000000000000",
	}, map[string]func(*broker.Event){
		"audit_granted": func(e *broker.Event) { e.Kind = broker.EventGranted },
		"audit_without": func(e *broker.Event) { e.Kind, e.MFA, e.Reason = broker.EventGranted, false, "" },
		"audit_refused": func(e *broker.Event) {
			e.Kind, e.Code, e.Message = broker.EventRefused, broker.CodeNotAllowed, "You may not have prod."
			e.AccessKeyID, e.STSRequestID = "", ""
		},
		"audit_failed": func(e *broker.Event) {
			e.Kind, e.Code, e.AccessKeyID, e.Principal = broker.EventFailed, broker.CodeWrongCode, "", ""
			e.Message = "AWS did not accept that code: it is wrong, or was used already."
		},
		"audit_undelivered": func(e *broker.Event) {
			e.Kind, e.Code, e.Ref = broker.EventUndelivered, broker.CodeUndelivered, "abcdefgh"
		},
		"audit_undeleted": func(e *broker.Event) {
			e.Kind, e.Code, e.Ref, e.Purpose = broker.EventUndeleted, broker.CodeUndeleted, "abcdefgh", broker.PurposeShow
			e.RoleARN, e.Seconds, e.Reason, e.STSRequestID = "", 0, "", ""
			e.Message = "The credentials can still be read there."
		},
	})
	all["audit_stranger"] = broker.Event{Kind: broker.EventRefused, SlackUser: "U03CAROL", SlackTeam: "T0123", Account: "<!here>",
		Code: broker.CodeNotUser, Message: "You are not set up to use this bot."}
	return all
}

// revokedEvents are of what people take back themselves.
func revokedEvents() map[string]broker.Event {
	e := broker.Event{Kind: broker.EventRevoked, SlackUser: "U09ADMIN", SlackTeam: "T0123", User: "alice@example.com", Account: "hub"}
	return of(e, map[string]func(*broker.Event){
		"audit_revoked_not":     func(e *broker.Event) { e.Expires = goldentest.Now },
		"audit_revoked_nothing": func(*broker.Event) {},
	})
}

// adminEvents are of what admins do.
func adminEvents() map[string]broker.Event {
	kind := func(kind broker.EventKind) func(*broker.Event) { return func(e *broker.Event) { e.Kind = kind } }
	inVain := func(kind broker.EventKind) func(*broker.Event) {
		return func(e *broker.Event) { e.Kind, e.Code = kind, broker.CodeNotEnded }
	}
	all := of(broker.Event{
		SlackUser: "U09ADMIN", SlackTeam: "T0123", User: "admin@example.com", Target: "U02BOB", TargetName: "bob@example.com", Reason: wildly,
	}, map[string]func(*broker.Event){
		"audit_admin_blocked":       kind(broker.EventBlocked),
		"audit_admin_unblocked":     kind(broker.EventUnblocked),
		"audit_admin_not_unblocked": inVain(broker.EventUnblocked),
		"audit_admin_unlocked":      kind(broker.EventUnlocked),
		"audit_admin_not_locked":    inVain(broker.EventUnlocked),
		"audit_admin_refused": func(e *broker.Event) {
			e.Kind, e.Code, e.Message = broker.EventRefused, broker.CodeNotAdmin, "Only admins may block people."
		},
		"audit_admin_revoked": func(e *broker.Event) {
			e.Kind, e.Account, e.DeniedBefore = broker.EventRevoked, "prod", goldentest.Now
		},
	})
	admin := broker.Event{SlackUser: "U09ADMIN", SlackTeam: "T0123", User: "admin@example.com"}
	maps.Copy(all, of(admin, map[string]func(*broker.Event){
		"audit_admin_paused":  func(e *broker.Event) { e.Kind, e.Reason = broker.EventPaused, wildly },
		"audit_admin_resumed": func(e *broker.Event) { e.Kind, e.User = broker.EventResumed, "" },
		"audit_admin_who":     kind(broker.EventWho),
		"audit_admin_not_told": func(e *broker.Event) {
			e.Kind, e.User, e.Target, e.Code, e.Ref = broker.EventRevoked, "", "U07GONE", broker.CodeRevoker, "abcdefgh"
			e.Message = "The bot could not tell AWS to refuse the credentials of broken that were issued before: they work until they expire."
		},
	}))
	return all
}

// approvalEvents are of what becomes of an Approval.
func approvalEvents() map[string]broker.Event {
	return of(broker.Event{
		Kind: broker.EventApproval, SlackUser: "U02BOB", SlackTeam: "T0123", User: "bob@example.com", Account: "vault",
		RoleARN: "arn:aws:iam::222222222222:role/Vault", Seconds: 3600, Reason: moreWildly, Approval: "abcdefghijkl",
		Target: "U01ALICE", TargetName: "alice@example.com",
	}, map[string]func(*broker.Event){
		"audit_approval_approved": func(e *broker.Event) {
			e.State, e.ApprovedBy = approval.Approved, []string{"bob@example.com (U02BOB)"}
		},
		"audit_approval_denied": func(e *broker.Event) { e.State, e.Comment = approval.Denied, moreWildly },
		"audit_approval_cancelled": func(e *broker.Event) {
			e.State, e.SlackUser, e.User = approval.Cancelled, "U01ALICE", "alice@example.com"
		},
		"audit_approval_expired": func(e *broker.Event) {
			e.State, e.ApprovedBy = approval.Expired, []string{"bob@example.com (U02BOB)"}
		},
		"audit_approval_glass_expired": func(e *broker.Event) { e.State, e.BreakGlass = approval.Expired, true },
		"audit_approval_acknowledged":  func(e *broker.Event) { e.Kind = broker.EventAcknowledged },
		"audit_approval_granted": func(e *broker.Event) {
			e.Kind, e.Expires, e.MFA, e.Method = broker.EventGranted, goldentest.Now.Add(time.Hour), true, broker.MethodAssumeRole
			e.SlackUser, e.User, e.ApprovedBy = "U01ALICE", "alice@example.com", []string{"bob@example.com (U02BOB)", "U03CAROL"}
		},
	})
}

// mfaEvents are of MFA sessions.
func mfaEvents() map[string]broker.Event {
	return of(broker.Event{
		SlackUser: "U01ALICE", SlackTeam: "T0123", User: "alice@example.com", Purpose: broker.PurposeMFASession,
		Method: broker.MethodGetSessionToken, MFA: true, Seconds: 8 * 3600, AccessKeyID: "ASIASESSION000000000",
		Expires: goldentest.Now.Add(8 * time.Hour), STSRequestID: "4b1ec7b2-0000-0000-0000-000000000000",
	}, map[string]func(*broker.Event){
		"audit_mfa_begun": func(e *broker.Event) { e.Kind = broker.EventGranted },
		"audit_mfa_for": func(e *broker.Event) {
			e.Kind, e.Account, e.Reason = broker.EventGranted, "staging", "INC-42 <!channel> *bold*"
		},
		"audit_mfa_failed": func(e *broker.Event) {
			e.Kind, e.Account, e.AccessKeyID, e.Expires = broker.EventFailed, "staging", "", time.Time{}
			e.Code, e.Message = broker.CodeWrongCode, "AWS did not accept that code: it is wrong, or was used already."
		},
		"audit_mfa_refused": func(e *broker.Event) {
			e.Kind, e.Method, e.AccessKeyID, e.STSRequestID, e.Expires = broker.EventRefused, "", "", "", time.Time{}
			e.Code, e.Message = broker.CodeSessionsOff, "MFA sessions are switched off here: each request needs a code of its own."
		},
		"audit_mfa_ended": func(e *broker.Event) {
			e.Kind, e.Method, e.Seconds, e.STSRequestID = broker.EventEnded, "", 0, ""
		},
		"audit_mfa_used": func(e *broker.Event) {
			e.Kind, e.Purpose, e.Account, e.Method, e.Seconds = broker.EventGranted, broker.PurposeShow, "staging", broker.MethodAssumeRole, 3600
			e.RoleARN, e.Principal = "arn:aws:iam::333333333333:role/Developer", "arn:aws:sts::333333333333:assumed-role/Developer/alice@example.com"
			e.AccessKeyID, e.MFASession = "ASIAEXAMPLE000000000", "ASIASESSION000000000"
		},
	})
}

// keyEvents are of the keys that credentials are encrypted to.
func keyEvents() map[string]broker.Event {
	const ageKey, sshKey = "age1dfqsuujhw7mv…qt7v7ssmjgyq", "SHA256:mpJH2ZBPX6cs6a7DIEKTU7VqOrpJiA/6PWD4NhB8ClY"
	all := map[string]broker.Event{"audit_key_replaced_unreadable": {
		Kind: broker.EventKeyChanged, SlackUser: "U01ALICE", User: "alice", KeyChange: broker.KeyReplaced, Key: sshKey,
	}}
	for change, keys := range map[broker.KeyChange][2]string{broker.KeySet: {sshKey}, broker.KeyReplaced: {ageKey, sshKey}, broker.KeyRemoved: {"", sshKey}} {
		e := broker.Event{
			Kind: broker.EventKeyChanged, SlackUser: "U01ALICE", SlackTeam: "T0123", User: "alice@example.com", Purpose: broker.PurposeKey,
			Method: broker.MethodGetSessionToken, MFA: true, Seconds: 900, STSRequestID: "4b1ec7b2-0000-0000-0000-000000000000",
			KeyChange: change, Key: keys[0], PreviousKey: keys[1],
		}
		all["audit_key_"+string(change)] = e
		e.Kind, e.Code, e.Message = broker.EventFailed, broker.CodeWrongCode, "AWS did not accept that code: it is wrong, or was used already."
		all["audit_key_not_"+string(change)] = e
	}
	return all
}

func TestWhatOnlyWaitsIsNotInTheAuditChannel(t *testing.T) {
	for _, e := range []broker.Event{
		{Kind: broker.EventApproval, State: approval.Waiting},
		{Kind: broker.EventRefused, Code: broker.CodeNeedsApproval, Purpose: broker.PurposeShow},
	} {
		if _, post := render(e); post {
			t.Errorf("%+v is posted", e)
		}
	}
}

func TestAChangedGroupIsToldWithItsPeople(t *testing.T) {
	m, post := render(broker.Event{Kind: broker.EventMembership, Group: "S01", Added: []string{"U03EVE"}, Removed: slices.Repeat([]string{"U02BOB"}, 60)})
	text, err := json.Marshal(m.Blocks)
	if err != nil || !post {
		t.Fatal(post, err)
	}
	for _, part := range []string{"S01", "U03EVE", "U02BOB", "and 10 more"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("got %s, want %q in it", text, part)
		}
	}
}
