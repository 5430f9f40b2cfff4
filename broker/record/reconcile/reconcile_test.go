package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/cloudtrail"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/reconcile"
)

func TestWhatTheBotDidIsNoAlarm(t *testing.T) {
	w := newWorld(t)
	w.grant(noon, "one")
	own := w.assume(noon, "one")
	// An MFA session is issued by GetSessionToken, and signs the next call.
	act := event.Act{Attempt: "s", Purpose: "mfa_session", Method: "GetSessionToken", MFA: true}
	w.note(noon, "two", event.IntentData{Act: act})
	w.note(noon, "two", event.GrantedData{Act: act, Issued: event.Issued{AccessKeyID: "ASIASESSION", STSRequestID: "request-session", STSRegion: region}})
	w.grant(noon.Add(time.Minute), "chained")
	session, chained := w.assume(noon, "session"), w.assume(noon.Add(time.Minute), "chained")
	session.Name, session.IssuedKeyID, chained.Identity.AccessKeyID = "GetSessionToken", "ASIASESSION", "ASIASESSION"
	// A wrong code, and a code that was checked for a key.
	for _, p := range []event.Payload{
		event.FailedData{Act: event.Act{Attempt: "f", Method: "AssumeRole", RoleARN: onCall}, Issued: event.Issued{STSRequestID: "request-failed"}},
		event.KeyChangedData{Act: event.Act{Attempt: "k", Method: "GetSessionToken"}, STSRequestID: "request-key"},
	} {
		w.note(noon, "x", p)
	}
	failed, key := w.assume(noon, "failed"), w.assume(noon, "key")
	failed.ErrorCode, failed.IssuedKeyID, key.Name, key.IssuedKeyID = "AccessDenied", "", "GetSessionToken", "ASIAUNSEEN"
	// An Event of an earlier release has no request ID.
	w.note(noon, "old", event.GrantedData{Act: act, Issued: event.Issued{AccessKeyID: "ASIAold", STSRegion: region}})
	// What tools and the bot ask, which gives nobody anything.
	who := w.stolen(noon, cloudtrail.STS, "GetCallerIdentity")
	who.Address, who.Agent = botAddress, botAgent
	age := w.stolen(noon, "iam.amazonaws.com", "ListAccessKeys")
	age.Address, age.Agent = botAddress, botAgent
	// Somebody else's.
	stranger := w.stolen(noon, cloudtrail.STS, "AssumeRole")
	stranger.Identity.ARN, stranger.Identity.AccessKeyID = "arn:aws:iam::111111111111:user/ci", "AKIACI"
	w.tell(who, age, own, w.atRole(own), session, chained, failed, key, w.assume(noon, "old"), stranger, own)
	r := w.report()
	if alarms, notes := codes(r); len(alarms) > 0 || len(notes) > 0 || len(r.CannotTell) > 0 {
		t.Errorf("got alarms %v, notes %v, %v", alarms, notes, r.CannotTell)
	}
	if r.Record.Grants != 4 || r.Record.Matched != 4 || r.CloudTrail.BotCalls != 2 || r.Unjudged != (reconcile.Unjudged{}) {
		t.Errorf("got %+v", r)
	}
}

// TestAStolenKeyIsAnAlarm: whatever is done with it, by whom of the configured users, and
// wherever CloudTrail has it.
func TestAStolenKeyIsAnAlarm(t *testing.T) {
	for name, test := range map[string]struct {
		change func(w *world, e *cloudtrail.Event)
		want   string
	}{
		"AssumeRole":         {func(*world, *cloudtrail.Event) {}, event.UnknownCall},
		"refused":            {func(_ *world, e *cloudtrail.Event) { e.ErrorCode, e.IssuedKeyID = "AccessDenied", "" }, event.UnknownCall},
		"GetSessionToken":    {func(_ *world, e *cloudtrail.Event) { e.Name, e.RoleARN = "GetSessionToken", "" }, event.UnknownCall},
		"GetFederationToken": {func(_ *world, e *cloudtrail.Event) { e.Name = "GetFederationToken" }, event.UnknownCall},
		"AssumeRoot":         {func(_ *world, e *cloudtrail.Event) { e.Name = "AssumeRoot" }, event.UnknownCall},
		"no request ID":      {func(_ *world, e *cloudtrail.Event) { e.RequestID = "" }, event.UnknownCall},
		"as the bot calls itself": {func(_ *world, e *cloudtrail.Event) {
			e.Agent = botAgent
		}, event.UnknownCall},
		"from the bot's own address": {func(_ *world, e *cloudtrail.Event) { e.Agent, e.Address = botAgent, botAddress }, event.UnknownCall},
		"another key of the IAM user": {func(_ *world, e *cloudtrail.Event) {
			e.Identity.AccessKeyID = "AKIASECOND"
		}, event.UnknownCall},
		"a name of the revoker":      {func(_ *world, e *cloudtrail.Event) { e.SessionName = "assumebot-revoker" }, event.UnknownCall},
		"in the role's account only": {func(w *world, e *cloudtrail.Event) { *e = w.atRole(*e) }, event.UnknownCall},
		"with the bot's MFA session": {func(_ *world, e *cloudtrail.Event) { e.Identity.AccessKeyID = "ASIASESSION" }, event.UnknownCall},
		"its MFA session elsewhere": {func(_ *world, e *cloudtrail.Event) {
			e.Identity.AccessKeyID, e.Source, e.Name = "ASIASESSION", "s3.amazonaws.com", "ListBuckets"
		}, event.UnknownSession},
		"a session nobody knows": {func(_ *world, e *cloudtrail.Event) {
			e.Identity.AccessKeyID, e.Identity.Created, e.Source, e.Name = "ASIANOBODY", noon, "s3.amazonaws.com", "ListBuckets"
		}, event.UnknownSession},
		"ListBuckets":       {func(_ *world, e *cloudtrail.Event) { e.Source, e.Name = "s3.amazonaws.com", "ListBuckets" }, event.KeyUsed},
		"GetCallerIdentity": {func(_ *world, e *cloudtrail.Event) { e.Name = "GetCallerIdentity" }, event.KeyUsed},
		"GetCallerIdentity as the bot, from elsewhere": {func(_ *world, e *cloudtrail.Event) {
			e.Name, e.Agent = "GetCallerIdentity", botAgent
		}, event.KeyUsed},
		"from the bot's address, what the bot never does": {func(_ *world, e *cloudtrail.Event) {
			e.Source, e.Name, e.Agent, e.Address = "iam.amazonaws.com", "CreateAccessKey", botAgent, botAddress
		}, event.KeyUsed},
		"without a name, by the key": {func(_ *world, e *cloudtrail.Event) {
			e.Identity.Type, e.Identity.ARN, e.Source, e.Name = "", "", "s3.amazonaws.com", "ListBuckets"
		}, event.KeyUsed},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.grant(noon, "one")
			act := event.Act{Attempt: "s", Purpose: "mfa_session", Method: "GetSessionToken", MFA: true}
			w.note(noon, "two", event.GrantedData{Act: act, Issued: event.Issued{AccessKeyID: "ASIASESSION", STSRequestID: "request-session", STSRegion: region}})
			session := w.assume(noon, "session")
			session.Name = "GetSessionToken"
			e := w.stolen(noon.Add(2*time.Hour), cloudtrail.STS, "AssumeRole")
			test.change(w, &e)
			w.tell(e, w.assume(noon, "one"), session, e) // delivered twice, and before what it is told by
			r := w.report()
			if len(r.Alarms) != 1 || r.Alarms[0].Code != test.want || r.Alarms[0].Calls != 1 || r.Alarms[0].IAMUser != aliceARN || r.Alarms[0].Target != alice {
				t.Fatalf("got %+v and notes %+v", r.Alarms, r.Notes)
			}
			if a := r.Alarms[0]; a.Address != e.Address || a.Agent != e.Agent || a.EventID != e.ID || !a.First.Equal(e.Time) {
				t.Errorf("got %+v", a)
			}
		})
	}
}

func TestBothCopiesOfACallAreOneCall(t *testing.T) {
	w := newWorld(t)
	e := w.stolen(noon, cloudtrail.STS, "AssumeRole")
	w.grant(noon, "one")
	w.tell(e, w.atRole(e), w.assume(noon, "one"))
	if r := w.report(); len(r.Alarms) != 1 || r.Alarms[0].Calls != 1 || r.CloudTrail.Doubles != 1 {
		t.Errorf("got %+v, %+v", r.Alarms, r.CloudTrail)
	}
}

// TestWhatIsNoSignOfAStolenKeyIsANote: it is told, and does not wake anybody.
func TestWhatIsNoSignOfAStolenKeyIsANote(t *testing.T) {
	lost := func(w *world) {
		act := event.Act{Attempt: "lost", RoleARN: onCall, Method: "AssumeRole"}
		w.note(noon, "x", event.IntentData{Act: act})
		w.note(noon.Add(time.Minute), "x", event.UnknownData{Act: act})
	}
	for name, test := range map[string]struct {
		before func(*world)
		change func(*cloudtrail.Event)
		want   string // "": an alarm
	}{
		"another key": {nil, func(e *cloudtrail.Event) {
			e.Source, e.Name, e.Identity.AccessKeyID = "s3.amazonaws.com", "ListBuckets", "AKIASECOND"
		}, reconcile.NoteOtherKey},
		"a sign-in": {nil, func(e *cloudtrail.Event) {
			e.Source, e.Name, e.Identity.AccessKeyID = "signin.amazonaws.com", "ConsoleLogin", ""
		}, reconcile.NoteConsole},
		"in the console": {nil, func(e *cloudtrail.Event) {
			e.Source, e.Name, e.Identity.AccessKeyID, e.Identity.FromConsole = "s3.amazonaws.com", "ListBuckets", "ASIACONSOLE", true
		}, reconcile.NoteConsole},
		"no key": {nil, func(e *cloudtrail.Event) {
			e.Source, e.Name, e.Identity.AccessKeyID = "iam.amazonaws.com", "ChangePassword", ""
		}, reconcile.NoteNoKey},
		"from before the record": {nil, func(e *cloudtrail.Event) {
			e.Source, e.Name, e.Identity.AccessKeyID, e.Identity.Created = "s3.amazonaws.com", "ListBuckets", "ASIAOLD", noon.Add(-50*time.Hour)
		}, reconcile.NoteOlder},
		"an answer that was lost":         {lost, func(e *cloudtrail.Event) { e.Address, e.Agent = botAddress, botAgent }, reconcile.NoteAnswerLost},
		"a lost answer, from elsewhere":   {lost, func(e *cloudtrail.Event) { e.Agent = botAgent }, ""},
		"a lost answer, as somebody else": {lost, func(e *cloudtrail.Event) { e.Address = botAddress }, ""},
		"a lost answer, of another role":  {lost, func(e *cloudtrail.Event) { e.Address, e.Agent, e.RoleARN = botAddress, botAgent, "x" }, ""},
		"a lost answer, at another time":  {lost, func(e *cloudtrail.Event) { e.Address, e.Agent, e.Time = botAddress, botAgent, noon.Add(time.Hour) }, ""},
		"a lost answer, of another call":  {lost, func(e *cloudtrail.Event) { e.Address, e.Agent, e.Name = botAddress, botAgent, "GetSessionToken" }, ""},
		"an intent that nobody has closed": {func(w *world) {
			w.note(noon, "x", event.IntentData{Act: event.Act{Attempt: "o", RoleARN: onCall, Method: "AssumeRole"}})
		}, func(e *cloudtrail.Event) { e.Address, e.Agent = botAddress, botAgent }, reconcile.NoteAnswerLost},
		"an attempt of which AWS knows none": {func(w *world) {
			act := event.Act{Attempt: "n", RoleARN: onCall, Method: "AssumeRole"}
			w.note(noon, "x", event.IntentData{Act: act})
			w.note(noon, "x", event.NotActedData{Act: act})
		}, func(e *cloudtrail.Event) { e.Address, e.Agent = botAddress, botAgent }, ""},
		"a region that did not answer": {func(w *world) {
			act := event.Act{Attempt: "u", RoleARN: onCall, Method: "AssumeRole"}
			w.note(noon, "x", event.IntentData{Act: act})
			w.note(noon, "x", event.GrantedData{Act: act, Issued: event.Issued{STSUnanswered: "eu-central-1"}})
		}, func(e *cloudtrail.Event) { e.Address, e.Agent, e.Region = botAddress, botAgent, "eu-central-1" }, reconcile.NoteAnswerLost},
	} {
		w := newWorld(t)
		w.grant(noon, "one")
		if test.before != nil {
			test.before(w)
		}
		e := w.stolen(noon, cloudtrail.STS, "AssumeRole")
		test.change(&e)
		w.tell(e, w.assume(noon, "one"))
		alarms, notes := codes(w.report())
		want := map[string]int64{test.want: 1}
		if test.want == "" {
			notes, want = alarms, map[string]int64{event.UnknownCall: 1}
		} else if len(alarms) > 0 {
			t.Errorf("%s: got alarms %v", name, alarms)
		}
		if !maps.Equal(notes, want) {
			t.Errorf("%s: got %v, want %v", name, notes, want)
		}
	}
}

// TestAKeyThatTheBotSharesIsTheBotsToo: with default: true its own calls are signed by it.
func TestAKeyThatTheBotSharesIsTheBotsToo(t *testing.T) {
	for shared, want := range map[bool]int{true: 0, false: 3} {
		w := newWorld(t)
		w.users[0].Shared = shared
		w.grant(noon, "one")
		revoke := w.stolen(noon, cloudtrail.STS, "AssumeRole")
		revoke.RoleARN, revoke.SessionName = "arn:aws:iam::222222222222:role/AssumebotRevoker", "assumebot-revoker"
		secret, archive := w.stolen(noon, "secretsmanager.amazonaws.com", "GetSecretValue"), w.stolen(noon, "s3.amazonaws.com", "PutObject")
		for _, e := range []*cloudtrail.Event{&revoke, &secret, &archive} {
			e.Address, e.Agent = botAddress, botAgent
		}
		w.tell(revoke, secret, archive, w.assume(noon, "one"))
		if r := w.report(); len(r.Alarms) != want {
			t.Errorf("shared %t: got %+v", shared, r.Alarms)
		}
		revoke.RoleARN, revoke.RequestID = onCall, "another"
		w.tell(revoke)
		if r := w.report(); len(r.Alarms) != want+1 {
			t.Errorf("shared %t: got %+v of a role that people ask for", shared, r.Alarms)
		}
	}
}

func TestAGrantThatCloudTrailLacksIsAnAlarm(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*world)
		want   string
	}{
		"it should be there":       {func(*world) {}, "alarm"},
		"delivery may take longer": {func(w *world) { w.events = slices.DeleteFunc(w.events, after(noon.Add(reconcile.Delay))) }, "young"},
		"the trail began after it": {func(w *world) {
			w.events = slices.DeleteFunc(w.events, func(e cloudtrail.Event) bool { return e.Time.Before(noon) })
		}, "uncovered"},
		"another region":         {func(w *world) { w.moved("us-east-1", "") }, "uncovered"},
		"other accounts":         {func(w *world) { w.moved("", "333333333333") }, "uncovered"},
		"not asked for":          {func(w *world) { w.window.Since = noon.Add(time.Hour) }, ""},
		"not asked for any more": {func(w *world) { w.window.Until = noon.Add(-time.Hour) }, ""},
		"the role's account is all": {func(w *world) {
			w.events = slices.DeleteFunc(w.events, func(e cloudtrail.Event) bool { return e.Account == hub })
		}, "alarm"},
	} {
		w := newWorld(t)
		w.grant(noon, "one")
		test.change(w)
		r := w.report()
		got := ""
		switch {
		case len(r.Alarms) == 1 && r.Alarms[0].Code == event.NotInCloudTrail && r.Alarms[0].Grant == "one" && r.Alarms[0].Target == alice:
			got = "alarm"
		case r.Unjudged.GrantsTooYoung == 1 && len(r.CannotTell) == 0:
			got = "young"
		case r.Unjudged.GrantsNotCovered == 1 && len(r.CannotTell) == 1:
			got = "uncovered"
		}
		if got != test.want || got != "alarm" && len(r.Alarms) > 0 {
			t.Errorf("%s: got %q, %+v, want %q", name, got, r, test.want)
		}
	}
	w := newWorld(t)
	w.grant(noon, "one")
	if r := w.match().Report(1, false); len(r.Alarms) > 0 || r.Unjudged.GrantsNotCovered != 1 {
		t.Errorf("a file could not be read: got %+v", r.Alarms)
	}
}

func after(at time.Time) func(cloudtrail.Event) bool {
	return func(e cloudtrail.Event) bool { return e.Time.After(at) }
}

func (w *world) moved(region, account string) {
	for i := range w.events {
		if region != "" {
			w.events[i].Region = region
		}
		if account != "" {
			w.events[i].Account = account
		}
	}
}

func TestTellsWhatAGrantWasUsedFor(t *testing.T) {
	w := newWorld(t)
	w.grant(noon, "one")
	w.grant(noon, "idle")
	w.grant(noon.Add(24*time.Hour), "live")
	denied := w.used(noon.Add(30*time.Minute), "one", "s3.amazonaws.com")
	denied.ErrorCode = "AccessDenied"
	chained := w.used(noon.Add(20*time.Minute), "one", cloudtrail.STS)
	chained.Name = "AssumeRole"
	first := w.used(noon.Add(10*time.Minute), "one", "s3.amazonaws.com")
	w.tell(denied, first, first, chained, w.assume(noon, "one"), w.assume(noon, "idle"), w.assume(noon.Add(24*time.Hour), "live"),
		w.used(noon.Add(24*time.Hour), "live", "ec2.amazonaws.com"))
	m := w.match()
	want := []event.Usage{
		{
			Grant: "one", AccessKeyID: "ASIAone", Calls: 3, Refused: 1, First: event.At(noon.Add(10 * time.Minute)), Last: event.At(noon.Add(30 * time.Minute)),
			Services: []event.ServiceUsed{{Name: "s3.amazonaws.com", Calls: 2}, {Name: cloudtrail.STS, Calls: 1}},
		},
		{Grant: "idle", AccessKeyID: "ASIAidle"},
	}
	if got := m.Ended(); !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	if got := m.Usages(); len(got) != 3 || got[2].Calls != 1 {
		t.Errorf("got %+v", got)
	}
	// What is on the record is not told again, unless more is known.
	w.note(noon.Add(30*time.Hour), "", event.UsedData{Grants: want[:1]})
	if got := w.match().Ended(); !cmp.Equal(got, want[1:]) {
		t.Error(cmp.Diff(want[1:], got))
	}
	w.tell(w.used(noon.Add(40*time.Minute), "one", "s3.amazonaws.com"))
	if got := w.match().Ended(); len(got) != 2 || got[0].Calls != 4 {
		t.Errorf("got %+v", got)
	}
}

func TestUsesAreBoundedForEachGrant(t *testing.T) {
	w := newWorld(t)
	w.grant(noon, "one")
	w.tell(w.assume(noon, "one"))
	for i := range 100 {
		w.tell(w.used(noon.Add(time.Minute), "one", fmt.Sprintf("s%d%s.amazonaws.com", i, strings.Repeat("x", 200))))
	}
	got := w.match().Ended()
	if len(got) != 1 || got[0].Calls != 100 || len(got[0].Services) != 12 || got[0].More != 88 || len(got[0].Services[0].Name) > 128 {
		t.Errorf("got %+v", got)
	}
}

// TestAnAlarmIsToldOnce: and again if it happened again, with what told it first.
func TestAnAlarmIsToldOnce(t *testing.T) {
	w := newWorld(t)
	w.tell(w.stolen(noon, cloudtrail.STS, "AssumeRole"))
	m := w.match()
	first := m.New(m.Report(1, true).Alarms)
	if len(first) != 1 || first[0].Told != nil {
		t.Fatalf("got %+v", first)
	}
	w.note(noon.Add(time.Hour), "", event.ReconciledData{Findings: []event.Mismatch{first[0].Mismatch}})
	if m := w.match(); len(m.New(m.Report(1, true).Alarms)) != 0 {
		t.Errorf("it is told twice")
	}
	second := w.stolen(noon.Add(2*time.Hour), cloudtrail.STS, "AssumeRole")
	second.Agent = botAgent // whatever the caller calls itself
	w.tell(second)
	m = w.match()
	again := m.New(m.Report(1, true).Alarms)
	if len(again) != 1 || again[0].Told == nil || *again[0].Told != 1 || again[0].Calls != 2 || again[0].ID != first[0].ID {
		t.Errorf("got %+v", again)
	}
}

// TestAFloodHidesNothing: of what an attacker can do in plenty there is a bounded number of
// lines, and another key's alarm is among them.
func TestAFloodHidesNothing(t *testing.T) {
	w := newWorld(t)
	w.users = append(w.users, reconcile.User{ARN: "arn:aws:iam::111111111111:user/bob", Keys: []string{"AKIABOB"}})
	for i := range 20_000 {
		e := w.stolen(noon, cloudtrail.STS, "AssumeRole")
		e.Address, e.Identity.AccessKeyID = fmt.Sprintf("2001:db8::%x", i), fmt.Sprintf("ASIA%d", i)
		w.tell(e)
	}
	bob := w.stolen(noon, cloudtrail.STS, "AssumeRole")
	bob.Identity.ARN, bob.Identity.AccessKeyID = "arn:aws:iam::111111111111:user/bob", "AKIABOB"
	w.tell(bob)
	r := w.report()
	alarms, _ := codes(r)
	if alarms[event.UnknownCall] != 20_001 || len(r.Alarms) > 4002 {
		t.Errorf("got %v in %d alarms", alarms, len(r.Alarms))
	}
	if !slices.ContainsFunc(r.Alarms, func(a reconcile.Alarm) bool { return a.IAMUser == bob.Identity.ARN && a.Calls == 1 }) {
		t.Error("bob's is not there")
	}
}

func TestWhatTheRecordDoesNotReachIsNotJudged(t *testing.T) {
	w := newWorld(t)
	w.grant(noon, "one")
	w.window.RecordUntil = noon.Add(time.Hour)
	late, early := w.stolen(noon.Add(2*time.Hour), cloudtrail.STS, "AssumeRole"), w.stolen(noon.Add(-49*time.Hour), "s3.amazonaws.com", "ListBuckets")
	w.tell(w.assume(noon, "one"), late, early)
	r := w.report()
	if len(r.Alarms) > 0 || r.Unjudged.CallsTooYoung != 1 || r.Unjudged.CallsTooOld != 1 || len(r.CannotTell) != 1 {
		t.Errorf("got %+v", r)
	}
}

func TestSaysWhyItCannotTell(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*world)
		want   string
	}{
		"no events":    {func(w *world) { w.events = nil }, "no events"},
		"all outside":  {func(w *world) { w.window.Since = noon.Add(100 * time.Hour) }, "outside of the time"},
		"no entries":   {func(w *world) { w.record.leaves = nil }, "the record has no entries"},
		"broken entry": {func(w *world) { w.record.leaves = append(w.record.leaves, []byte("x")) }, "1 entries of the record cannot be read"},
		"unnamed user": {func(w *world) {
			w.users = []reconcile.User{{ARN: "arn:aws:iam::111111111111:user/bob"}}
			w.grant(noon, "one")
			w.tell(w.assume(noon, "one"))
		}, "add --iam-user " + aliceARN},
	} {
		w := newWorld(t)
		test.change(w)
		if r := w.report(); len(r.CannotTell) != 1 || !strings.Contains(r.CannotTell[0], test.want) {
			t.Errorf("%s: got %q, want %q", name, r.CannotTell, test.want)
		}
	}
}

// TestARecordInPartsIsReadAsOne: an archive, and the store that goes on from it.
func TestARecordInPartsIsReadAsOne(t *testing.T) {
	w := newWorld(t)
	w.grant(noon, "one")
	w.grant(noon, "two")
	archive, store := shelf{leaves: w.record.leaves[:4]}, shelf{first: 2, leaves: w.record.leaves[2:]}
	x, err := reconcile.Read(context.Background(), time.Time{}, &archive, &store)
	if err != nil || x.First != 0 || x.Next != 5 || x.Unreadable != 0 {
		t.Errorf("got %+v, %v", x, err)
	}
	store = shelf{first: 5, leaves: w.record.leaves[:1]}
	if _, err := reconcile.Read(context.Background(), time.Time{}, &archive, &store); err == nil || !strings.Contains(err.Error(), "the entry 4 is missing") {
		t.Errorf("got %v", err)
	}
	empty := shelf{}
	if x, err := reconcile.Read(context.Background(), time.Time{}, &empty, &store); err != nil || x.First != 5 || x.Next != 6 {
		t.Errorf("got %+v, %v", x, err)
	}
}

func TestMoreGrantsThanAreHeldIsAnError(t *testing.T) {
	w := newWorld(t)
	w.grant(noon, "one")
	outcome := w.record.leaves[2]
	const most = 1000
	w.record.leaves = slices.Repeat([][]byte{outcome}, most)
	if _, err := reconcile.ReadAtMost(context.Background(), most, time.Time{}, &w.record); err != nil {
		t.Errorf("of as many: got %v", err)
	}
	w.record.leaves = append(w.record.leaves, outcome)
	if _, err := reconcile.ReadAtMost(context.Background(), most, time.Time{}, &w.record); !errors.Is(err, reconcile.ErrTooMany) {
		t.Errorf("got %v", err)
	}
	if x, err := reconcile.ReadAtMost(context.Background(), most, noon.Add(100*time.Hour), &w.record); err != nil || x.Next == 0 {
		t.Errorf("of a later time: got %v", err)
	}
}
