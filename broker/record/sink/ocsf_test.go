package sink

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
)

// required are the attributes that a class of OCSF 1.3.0 must have, beside those of all.
// https://schema.ocsf.io/1.3.0/classes
var (
	requiredOfAll = []string{"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}
	required      = map[int][]string{
		detectionFinding: {"finding_info"},
		authorizeSession: {"user", "privileges"}, // one of privileges and group
		userAccess:       {"user", "privileges"},
		apiActivity:      {"actor", "api", "src_endpoint"},
	}
)

func ocsfIn(t *testing.T, e record.Followed) (all map[string]json.RawMessage, known ocsfEvent) {
	t.Helper()
	out, err := ocsfOf(origin, e)
	if err == nil {
		err = json.Unmarshal(out, &all)
	}
	if err == nil {
		err = json.Unmarshal(out, &known)
	}
	if err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return all, known
}

// TestEveryEventHasWhatOCSFRequires, and all of it in unmapped.
func TestEveryEventHasWhatOCSFRequires(t *testing.T) {
	act := event.Act{Account: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall", Method: "AssumeRole", MFA: true, Reason: event.NewText("INC-42")}
	glass := act
	glass.BreakGlass = true
	bob := event.Person{ID: "U02BOB", Name: "bob"}
	issued := event.Issued{AccessKeyID: "ASIAEXAMPLE", Expires: event.Time{Time: time.Date(2026, 7, 1, 13, 0, 0, 0, time.UTC)}}
	for name, test := range map[string]struct {
		data                            event.Payload
		class, activity, status, severe int
	}{
		"granted":     {event.GrantedData{Act: act, Issued: issued}, 3003, 1, 1, 1},
		"break-glass": {event.GrantedData{Act: glass, Issued: issued}, 3003, 1, 1, 4},
		"failed":      {event.FailedData{Act: act, Failure: event.Failure{Code: "wrong_code"}}, 3003, 1, 2, 2},
		"refused":     {event.RefusedData{Account: "prod", Failure: event.Failure{Code: "not_allowed"}}, 3003, 1, 2, 2},
		"question":    {event.RefusedData{Failure: event.Failure{Code: "not_a_user"}}, 6003, 99, 2, 2},
		"unknown":     {event.UnknownData{Act: act}, 3003, 1, 0, 3},
		"revoked":     {event.RevokedData{Account: "prod", Target: bob}, 3005, 2, 1, 2},
		"ended":       {event.EndedData{Given: event.Given{Account: "prod", Issued: issued}}, 3005, 2, 1, 2},
		"blocked":     {event.BlockedData{Order: event.Order{Target: bob}}, 6003, 99, 1, 3},
		"paused":      {event.PausedData{}, 6003, 99, 1, 3},
		"resumed":     {event.ResumedData{}, 6003, 99, 1, 1},
		"intent":      {event.IntentData{Act: act}, 6003, 99, 1, 1},
		"approval":    {event.ApprovalData{}, 6003, 99, 1, 1},
		"config":      {event.ConfigData{}, 6003, 99, 1, 1},
		"locked out":  {event.LockedOutData{}, 2004, 1, 1, 4},
		"reconciled":  {event.ReconciledData{Findings: []event.Mismatch{{ID: "a1", Code: event.UnknownCall}}}, 2004, 1, 1, 4},
		"used":        {event.UsedData{}, 6003, 99, 1, 1},
		"alarm":       {event.AlarmData{Code: "witness_away"}, 2004, 1, 1, 4},
	} {
		e := numbered(t, 4711, test.data)
		all, got := ocsfIn(t, e)
		if got.ClassUID != test.class || got.ActivityID != test.activity || got.StatusID != test.status || got.SeverityID != test.severe ||
			got.CategoryUID != test.class/1000 || got.TypeUID != test.class*100+test.activity {
			t.Errorf("%s: got class %d, activity %d, type %d, status %d, severity %d", name, got.ClassUID, got.ActivityID, got.TypeUID, got.StatusID, got.SeverityID)
		}
		for _, attribute := range append(required[got.ClassUID], requiredOfAll...) {
			if v := string(all[attribute]); v == "" || v == "null" || v == "{}" || v == "[]" {
				t.Errorf("%s: got no %s", name, attribute)
			}
		}
		if got.Metadata.Sequence != 4711 || got.Metadata.LogName != origin || got.Time != e.Event.Time.UnixMilli() || string(got.Unmapped.Event) != string(e.Leaf) {
			t.Errorf("%s: got %+v of %d", name, got.Metadata, got.Time)
		}
	}
	_, got := ocsfIn(t, numbered(t, 1, event.GrantedData{Act: act, Issued: issued}))
	if got.User.Name != "alice" || got.Session.UID != "ASIAEXAMPLE" || !got.Session.MFA || got.Cloud.Account.UID != "222222222222" || got.Message != "INC-42" ||
		got.Privileges[0] != act.RoleARN || got.Session.Expires != issued.Expires.UnixMilli() {
		t.Errorf("got %+v", got)
	}
}

// TestWhatNobodyKnowsIsStillAnEventOfOCSF: an entry that cannot be read, and one of a later
// release whose fields are others.
func TestWhatNobodyKnowsIsStillAnEventOfOCSF(t *testing.T) {
	_, got := ocsfIn(t, record.Followed{Number: 3, Broken: "its MAC is wrong"})
	if got.ClassUID != detectionFinding || got.SeverityID != high || got.Unmapped.Broken == "" {
		t.Errorf("got %+v", got)
	}
	e := numbered(t, 4, event.Other{Of: "later", Raw: json.RawMessage(`{"account":7,"reason":"x"}`)})
	if _, got := ocsfIn(t, e); got.ClassUID != apiActivity || got.API.Operation != "later" {
		t.Errorf("got %+v", got)
	}
}
