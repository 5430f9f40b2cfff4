package auditchannel

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
)

const (
	// wildly is what a person may type: none of it may ping, link or format.
	wildly     = "INC-42 <!channel> *bold* <https://x.example|link> @here"
	moreWildly = wildly + " <@U02BOB> <!subteam^S01LEADS>"
)

// TestPostsAreAsJudged compares every kind of post with its golden file.
func TestPostsAreAsJudged(t *testing.T) {
	all := map[string]blockkit.Message{
		"audit_folded_cancelled": foldMessage("U03CAROL/approval", tally{User: "carol@example.com", Kind: event.Approval, Count: 2}),
		"audit_folded_failed":    foldMessage("U03CAROL/failed", tally{Kind: event.Failed, Count: 1, Codes: map[broker.Code]int{broker.CodeWrongCode: 1}}),
		"audit_folded":           foldMessage("U03CAROL", tally{Count: 14, Codes: map[broker.Code]int{broker.CodeNotUser: 12, broker.CodeGrammar: 2}}),
		"audit_broken":           brokenMessage(4711),
		"audit_unshown":          unshownMessage(4711),
		"audit_missed":           missedMessage(4711, 3),
		"audit_stopped":          stoppedMessage(fmt.Errorf("%w: the entries from 7 to 9 are lost", record.ErrStopped)),
	}
	all["audit_again"] = again(all["audit_folded"])
	all["audit_digest"] = digest(linesOf(grantTo(1), withoutMFA(),
		did("U03CAROL", event.RefusedData{Account: "prod", Failure: event.Failure{Code: string(broker.CodeNotAllowed)}})))
	maps.Copy(all, configMessages())
	for _, events := range []map[string]told{requestEvents(), revokedEvents(), adminEvents(), approvalEvents(), mfaEvents(), keyEvents(), recordEvents()} {
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

// linesOf are Events as a digest tells them.
func linesOf(events ...event.Event) (lines []line) {
	a := New(Deps{Log: slog.New(slog.DiscardHandler)})
	for i, e := range events {
		n, _ := a.lineOf(record.Followed{Number: int64(4711 + i), Event: e})
		lines = append(lines, n)
	}
	return lines
}

// withoutMFA is a grant because of what is typed wildly.
func withoutMFA() event.Event {
	e := grantTo(2)
	p := e.Data.(event.GrantedData)
	p.MFA, p.Reason = false, event.NewText(wildly)
	e.Data = p
	return e
}

// of returns copies of e, each with a change.
func of(e told, changes map[string]func(*told)) map[string]told {
	all := map[string]told{}
	for name, change := range changes {
		changed := e
		change(&changed)
		all[name] = changed
	}
	return all
}

// by is what somebody did.
func by(user, name string) told {
	return told{Event: event.Event{Actor: event.Actor{User: user, Team: "T0123", Name: name}}}
}

func byAlice() told { return by("U01ALICE", "alice@example.com") }

// why puts on e what went wrong.
func (t *told) why(code broker.Code, ref string) {
	t.Failure = event.Failure{Code: string(code), Ref: ref}
}

// requestEvents are of what people ask for.
func requestEvents() map[string]told {
	e := byAlice()
	e.Act = event.Act{
		Account: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall", Method: "AssumeRole", MFA: true, Seconds: 3600, Reason: event.NewText(wildly),
	}
	e.Issued = event.Issued{
		Principal: "arn:aws:sts::222222222222:assumed-role/OnCall/alice@example.com", AccessKeyID: "ASIAEXAMPLE000000000",
		Expires: event.At(goldentest.Now.Add(time.Hour)), STSRequestID: "4b1ec7b2-0000-0000-0000-000000000000",
	}
	all := of(e, map[string]func(*told){
		"audit_granted": func(e *told) { e.Kind, e.entry = event.Granted, new(int64(4711)) },
		"audit_granted_twice": func(e *told) {
			e.Kind, e.MFASession, e.STSRegion, e.STSUnanswered = event.Granted, "ASIASESSION000000000", "eu-central-1", "eu-west-1"
		},
		"audit_without": func(e *told) { e.Kind, e.MFA, e.Reason = event.Granted, false, event.Text{} },
		"audit_refused": func(e *told) {
			e.Kind, e.AccessKeyID, e.STSRequestID = event.Refused, "", ""
			e.why(broker.CodeNotAllowed, "")
		},
		"audit_failed": func(e *told) {
			e.Kind, e.AccessKeyID, e.Principal = event.Failed, "", ""
			e.why(broker.CodeWrongCode, "")
		},
		"audit_undelivered": func(e *told) {
			e.Kind = event.Undelivered
			e.why(broker.CodeUndelivered, "abcdefgh")
		},
		"audit_undeleted": func(e *told) {
			e.Kind, e.Purpose = event.Undeleted, string(broker.PurposeShow)
			e.RoleARN, e.Seconds, e.Reason, e.STSRequestID = "", 0, event.Text{}, ""
			e.why(broker.CodeUndeleted, "abcdefgh")
		},
	})
	stranger := by("U03CAROL", "")
	stranger.Kind, stranger.Account = event.Refused, "<!here>"
	stranger.why(broker.CodeNotUser, "")
	all["audit_stranger"] = stranger
	return all
}

// revokedEvents are of what people take back themselves.
func revokedEvents() map[string]told {
	e := by("U09ADMIN", "alice@example.com")
	e.Kind, e.Account = event.Revoked, "hub"
	return of(e, map[string]func(*told){
		"audit_revoked_not":     func(e *told) { e.Expires = event.At(goldentest.Now) },
		"audit_revoked_nothing": func(*told) {},
	})
}

// adminEvents are of what admins do.
func adminEvents() map[string]told {
	kind := func(kind event.Kind) func(*told) { return func(e *told) { e.Kind = kind } }
	inVain := func(kind event.Kind) func(*told) {
		return func(e *told) {
			e.Kind = kind
			e.why(broker.CodeNotEnded, "")
		}
	}
	admin := by("U09ADMIN", "admin@example.com")
	ofBob := admin
	ofBob.Target, ofBob.Reason = event.Person{ID: "U02BOB", Name: "bob@example.com"}, event.NewText(wildly)
	all := of(ofBob, map[string]func(*told){
		"audit_admin_blocked":       kind(event.Blocked),
		"audit_admin_unblocked":     kind(event.Unblocked),
		"audit_admin_not_unblocked": inVain(event.Unblocked),
		"audit_admin_unlocked":      kind(event.Unlocked),
		"audit_admin_not_locked":    inVain(event.Unlocked),
		"audit_admin_refused": func(e *told) {
			e.Kind = event.Refused
			e.why(broker.CodeNotAdmin, "")
			e.Detail = "block"
		},
		"audit_admin_revoked": func(e *told) { e.Kind, e.Account, e.DeniedBefore = event.Revoked, "prod", event.At(goldentest.Now) },
	})
	maps.Copy(all, of(admin, map[string]func(*told){
		"audit_admin_paused": func(e *told) { e.Kind, e.Reason = event.Paused, event.NewText(wildly) },
		"audit_admin_paused_until": func(e *told) {
			e.Kind, e.Reason, e.Until = event.Paused, event.NewText("drill 4711"), event.At(goldentest.Now.Add(10*time.Minute))
		},
		"audit_admin_resumed": func(e *told) { e.Kind, e.Actor.Name = event.Resumed, "" },
		"audit_admin_who":     kind(event.Who),
		"audit_admin_status":  kind(event.Status),
		"audit_admin_history": func(e *told) {
			e.Kind = event.History
			e.Data = event.HistoryData{
				Target: event.Person{ID: "U02BOB", Name: "bob@example.com"}, Account: "prod", What: "refused", Since: event.At(goldentest.Now), Before: 4711,
			}
		},
		"audit_admin_history_all": func(e *told) { e.Kind, e.Data = event.History, event.HistoryData{} },
		"audit_admin_not_told": func(e *told) {
			e.Kind, e.Actor.Name, e.Target.ID, e.Account = event.Revoked, "", "U07GONE", "broken"
			e.why(broker.CodeRevoker, "abcdefgh")
		},
	}))
	return all
}

// approvalEvents are of what becomes of an Approval.
func approvalEvents() map[string]told {
	bob := event.Person{ID: "U02BOB", Name: "bob@example.com"}
	e := by("U02BOB", "bob@example.com")
	e.Kind, e.Target = event.Approval, event.Person{ID: "U01ALICE", Name: "alice@example.com"}
	e.Act = event.Act{
		Account: "vault", RoleARN: "arn:aws:iam::222222222222:role/Vault", Seconds: 3600, Reason: event.NewText(moreWildly), Approval: "abcdefghijkl",
	}
	return of(e, map[string]func(*told){
		"audit_approval_approved": func(e *told) { e.State, e.ApprovedBy = string(approval.Approved), []event.Person{bob} },
		"audit_approval_denied":   func(e *told) { e.State, e.Comment = string(approval.Denied), event.NewText(moreWildly) },
		"audit_approval_cancelled": func(e *told) {
			e.State, e.Actor = string(approval.Cancelled), byAlice().Actor
		},
		"audit_approval_expired":       func(e *told) { e.State, e.ApprovedBy = string(approval.Expired), []event.Person{bob} },
		"audit_approval_glass_expired": func(e *told) { e.State, e.BreakGlass = string(approval.Expired), true },
		"audit_approval_acknowledged":  func(e *told) { e.Kind = event.Acknowledged },
		"audit_approval_granted": func(e *told) {
			e.Kind, e.Expires, e.MFA, e.Method = event.Granted, event.At(goldentest.Now.Add(time.Hour)), true, "AssumeRole"
			e.Actor, e.ApprovedBy = byAlice().Actor, []event.Person{bob, {ID: "U03CAROL"}}
		},
	})
}

// mfaEvents are of MFA sessions.
func mfaEvents() map[string]told {
	e := byAlice()
	e.Act = event.Act{Purpose: string(broker.PurposeMFASession), Method: "GetSessionToken", MFA: true, Seconds: 8 * 3600}
	e.Issued = event.Issued{
		AccessKeyID: "ASIASESSION000000000", Expires: event.At(goldentest.Now.Add(8 * time.Hour)), STSRequestID: "4b1ec7b2-0000-0000-0000-000000000000",
	}
	return of(e, map[string]func(*told){
		"audit_mfa_begun": func(e *told) { e.Kind = event.Granted },
		"audit_mfa_for": func(e *told) {
			e.Kind, e.Account, e.Reason = event.Granted, "staging", event.NewText("INC-42 <!channel> *bold*")
		},
		"audit_mfa_failed": func(e *told) {
			e.Kind, e.Account, e.AccessKeyID, e.Expires = event.Failed, "staging", "", event.Time{}
			e.why(broker.CodeWrongCode, "")
		},
		"audit_mfa_refused": func(e *told) {
			e.Kind, e.Method, e.AccessKeyID, e.STSRequestID, e.Expires = event.Refused, "", "", "", event.Time{}
			e.why(broker.CodeSessionsOff, "")
		},
		"audit_mfa_ended": func(e *told) { e.Kind, e.Method, e.Seconds, e.STSRequestID = event.Ended, "", 0, "" },
		"audit_mfa_used": func(e *told) {
			e.Kind, e.Purpose, e.Account, e.Method, e.Seconds = event.Granted, string(broker.PurposeShow), "staging", "AssumeRole", 3600
			e.RoleARN, e.Principal = "arn:aws:iam::333333333333:role/Developer", "arn:aws:sts::333333333333:assumed-role/Developer/alice@example.com"
			e.AccessKeyID, e.MFASession = "ASIAEXAMPLE000000000", "ASIASESSION000000000"
		},
	})
}

// keyEvents are of the keys that credentials are encrypted to.
func keyEvents() map[string]told {
	const ageKey, sshKey = "age1dfqsuujhw7mv…qt7v7ssmjgyq", "SHA256:mpJH2ZBPX6cs6a7DIEKTU7VqOrpJiA/6PWD4NhB8ClY"
	unreadable := by("U01ALICE", "alice")
	unreadable.Kind, unreadable.KeyChange, unreadable.Key = event.KeyChanged, string(broker.KeyReplaced), sshKey
	all := map[string]told{"audit_key_replaced_unreadable": unreadable}
	for change, keys := range map[broker.KeyChange][2]string{broker.KeySet: {sshKey}, broker.KeyReplaced: {ageKey, sshKey}, broker.KeyRemoved: {"", sshKey}} {
		e := byAlice()
		e.Kind = event.KeyChanged
		e.Act = event.Act{
			Purpose: string(broker.PurposeKey), Method: "GetSessionToken", MFA: true, Seconds: 900,
			KeyChange: string(change), Key: keys[0], PreviousKey: keys[1],
		}
		e.STSRequestID = "4b1ec7b2-0000-0000-0000-000000000000"
		all["audit_key_"+string(change)] = e
		e.Kind = event.Failed
		e.why(broker.CodeWrongCode, "")
		all["audit_key_not_"+string(change)] = e
	}
	return all
}

// recordEvents are of what the record tells of itself, and of what it keeps no more.
func recordEvents() map[string]told {
	all := map[string]told{}
	for name, p := range map[string]event.Payload{
		"audit_record_opened": event.OpenedData{Origin: "example.com/record/2", After: &event.Earlier{
			Origin: "example.com/record", Lost: event.Range{First: 41, Count: 3}, AcceptedBy: "root",
		}},
		"audit_record_alarm":     event.AlarmData{Code: "later", About: "witness.example", Entries: &event.Range{First: 41, Count: 3}},
		"audit_record_forked":    event.AlarmData{Code: "rewound_or_forked", About: "witness.example", Size: 41},
		"audit_record_put_back":  event.AlarmData{Code: "entries_put_back", Entries: &event.Range{First: 41, Count: 3}},
		"audit_record_mark":      event.AlarmData{Code: "mark_forged"},
		"audit_record_tiles":     event.AlarmData{Code: "tiles_made_anew", Entries: &event.Range{First: 0, Count: 256}},
		"audit_record_unproved":  event.AlarmData{Code: "tiles_lost", Entries: &event.Range{First: 0, Count: 256}},
		"audit_record_unknown":   event.UnknownData{Act: event.Act{Account: "prod", Method: "AssumeRole"}},
		"audit_record_not_acted": event.NotActedData{Act: event.Act{Account: "prod"}},
		"audit_record_imported": event.NewImported("1-1", []byte(
			`{"id":"x","kind":"granted","slack_user":"U01ALICE","user":"alice@example.com","account":"prod","reason":"<!here>"}`)),
		"audit_record_imported_junk": event.NewImported("1-1", []byte(`x`)),
		"audit_record_forgotten":     event.ForgottenData{Entry: 41, By: "root"},
		"audit_reconciled":           reconciled(),
		"audit_reconciled_lacking": event.ReconciledData{Findings: []event.Mismatch{{
			ID: "c3", Code: event.NotInCloudTrail, Target: event.Person{ID: "U01ALICE", Name: "alice"}, Grant: "abcdefghijkl",
			AccessKeyID: "ASIAEXAMPLE000000000", Calls: 1, First: event.At(goldentest.Now), Last: event.At(goldentest.Now),
		}}},
		"audit_rotation": event.RotationData{
			State: event.RotationDone, Step: event.RotateSwitch, Target: event.Person{ID: "U01ALICE", Name: "alice"},
			AccessKeyID: "AKIANEW0000000000000", PreviousKey: "AKIAALICE00000000000",
		},
		"audit_rotation_by_hand": event.RotationData{
			State: event.RotationDone, Step: event.RotateSwitch, Target: event.Person{ID: "U01ALICE", Name: "alice"},
			AccessKeyID: "AKIANEW0000000000000", PreviousKey: "AKIAALICE00000000000", AtOnce: true, RunBy: "root",
		},
		"audit_rotation_foreign": event.RotationData{
			State: event.RotationFailed, Target: event.Person{ID: "U01ALICE", Name: "alice"}, AccessKeyID: "AKIASTRANGE000000000", Code: "foreign_key",
		},
		"audit_rotation_refused": event.RotationData{
			State: event.RotationFailed, Step: event.RotateCreate, Target: event.Person{ID: "U01ALICE", Name: "alice"}, Code: "refused", AWSCode: "AccessDenied",
		},
		"audit_drill_began": event.DrillData{
			Drill: "kx2m7q4v", State: event.DrillBegan, RunBy: "carol", Target: event.Person{ID: "U01ALICE", Name: "alice"},
			Admin: event.Person{ID: "U02BOB", Name: "bob"}, Account: "staging",
		},
		"audit_drill_ended": event.DrillData{
			Drill: "kx2m7q4v", State: event.DrillEnded, RunBy: "carol", Target: event.Person{ID: "U01ALICE", Name: "alice"},
			Account: "staging", Steps: []event.DrillStep{{Name: "credentials", Result: "passed"}, {Name: "revoke", Result: "not_tried"}},
		},
		"audit_drill_failed": event.DrillData{
			Drill: "kx2m7q4v", State: event.DrillEnded, RunBy: "carol", Target: event.Person{ID: "U01ALICE", Name: "alice"},
			Account: "staging", Left: []string{"the pause"},
			Steps: []event.DrillStep{{Name: "credentials", Result: "passed"}, {Name: "pause", Result: "failed"}, {Name: "redis_away", Result: "failed"}},
		},
		"audit_record_later": event.Other{Of: "withdrawn", Raw: []byte(`{}`)},
	} {
		e := byAlice().Event
		e.Kind, e.Request, e.Stop, e.Data = p.Kind(), "abcdefghijkl", true, p
		all[name] = factsOf(e)
	}
	maps.Copy(all, withoutTheirText("audit", event.GrantedData{
		Act:    event.Act{Account: "prod", MFA: true, Reason: event.NewText("INC-42")},
		Issued: event.Issued{Expires: event.At(goldentest.Now.Add(time.Hour))},
	}))
	maps.Copy(all, withoutTheirText("audit_record_imported", event.NewImported("1-1", []byte(`{"kind":"granted"}`))))
	return all
}

// reconciled is a stolen key, as CloudTrail shows it, and one that was told before.
func reconciled() event.ReconciledData {
	const alice = "arn:aws:iam::111111111111:user/alice"
	before := int64(4711)
	return event.ReconciledData{
		Since: event.At(goldentest.Now.Add(-24 * time.Hour)), Until: event.At(goldentest.Now), More: 3,
		Findings: []event.Mismatch{
			{
				ID: "a1", Code: event.UnknownCall, Target: event.Person{ID: "U01ALICE", Name: "alice"}, IAMUser: alice, AccessKeyID: "AKIAALICE00000000000",
				Service: "sts.amazonaws.com", Call: "AssumeRole", RoleARN: "arn:aws:iam::222222222222:role/OnCall", AWSCode: "AccessDenied",
				Address: "203.0.113.9", Calls: 14, First: event.At(goldentest.Now.Add(-2 * time.Hour)), Last: event.At(goldentest.Now.Add(-time.Hour)),
			},
			{
				ID: "b2", Code: event.KeyUsed, IAMUser: alice, AccessKeyID: "AKIAALICE00000000000", Service: "s3.amazonaws.com", Call: "ListBuckets",
				Address: "203.0.113.9", Calls: 1, First: event.At(goldentest.Now), Last: event.At(goldentest.Now), Told: &before,
			},
		},
	}
}

// withoutTheirText are Events whose text was erased, and altered.
func withoutTheirText(name string, p event.Payload) map[string]told {
	e := byAlice().Event
	e.ID, e.Time, e.Data = "e1", goldentest.Now, p
	leaf, aside, err := e.Encode()
	if err != nil {
		panic(err)
	}
	all := map[string]told{}
	for how, aside := range map[string][]byte{"_erased": nil, "_altered": append(aside, 'x')} {
		e, err := event.Decode(leaf, aside)
		if err != nil {
			panic(err)
		}
		all[name+how] = factsOf(e)
	}
	return all
}

func TestWhatOnlyWaitsIsNotInTheAuditChannel(t *testing.T) {
	for _, p := range []event.Payload{
		event.ApprovalData{State: string(approval.Waiting)},
		event.RefusedData{Failure: event.Failure{Code: string(broker.CodeNeedsApproval)}, Purpose: string(broker.PurposeShow)},
		event.RestatedData{},
		event.UsedData{Grants: []event.Usage{{Grant: "abcdefghijkl", Calls: 3}}},
	} {
		if _, post := render(factsOf(event.Event{Kind: p.Kind(), Data: p})); post {
			t.Errorf("%+v is posted", p)
		}
	}
}

func TestAChangedGroupIsToldWithItsPeople(t *testing.T) {
	p := event.MembershipData{Group: "S01", Added: []string{"U03EVE"}, Removed: slices.Repeat([]string{"U02BOB"}, 60), Piece: event.Piece{Part: 1, Parts: 2}}
	m, post := render(factsOf(event.Event{Kind: event.Membership, Data: p}))
	text, err := json.Marshal(m.Blocks)
	if err != nil || !post {
		t.Fatal(post, err)
	}
	for _, part := range []string{"S01", "U03EVE", "U02BOB", "and 10 more", "part 1 of 2"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("got %s, want %q in it", text, part)
		}
	}
}
