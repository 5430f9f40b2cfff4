package e2e

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/cloudtrail"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/reconcile"
)

const aliceARN = "arn:aws:iam::111111111111:user/alice"

// trail is what CloudTrail would deliver of what was asked of the fake AWS, with the fields that
// AWS documents. Calls from elsewhere are those that the AWS CLI made.
func (w *world) trail() []byte {
	w.t.Helper()
	var records []map[string]any
	for i, c := range w.aws.Calls() {
		if c.Service == "signin" {
			continue // its event is of another form, and has no access key of a person
		}
		identity := map[string]any{"type": "AssumedRole", "accessKeyId": c.AccessKeyID}
		switch name := map[string]string{aliceKeyID: "alice", "AKIABOB0000000000000": "bob", botKeyID: "assumebot"}[c.AccessKeyID]; {
		case name != "":
			identity = map[string]any{
				"type": "IAMUser", "arn": awstest.UserARN("111111111111", name), "accountId": "111111111111", "accessKeyId": c.AccessKeyID, "userName": name,
				"principalId": "AIDA" + strings.ToUpper(name),
			}
		case c.Service == "sts": // by an MFA session
			identity = map[string]any{"type": "IAMUser", "arn": aliceARN, "accountId": "111111111111", "accessKeyId": c.AccessKeyID, "userName": "alice"}
		}
		address := "192.0.2.10"
		if !strings.Contains(c.Agent, "app/assumebot") {
			address = "203.0.113.9"
		}
		record := map[string]any{
			"eventVersion": "1.11", "eventTime": c.Time.UTC().Format(time.RFC3339), "eventSource": c.Service + ".amazonaws.com", "eventName": c.Action,
			"awsRegion": c.Region, "sourceIPAddress": address, "userAgent": c.Agent, "userIdentity": identity, "requestID": c.RequestID,
			"eventID": "event-" + string(rune('a'+i%26)) + c.RequestID, "recipientAccountId": "111111111111", "responseElements": nil,
			"requestParameters": map[string]any{"roleArn": c.Params.Get("RoleArn"), "roleSessionName": c.Params.Get("RoleSessionName")},
		}
		if c.ErrorCode != "" {
			record["errorCode"] = c.ErrorCode
		}
		records = append(records, record)
	}
	slices.Reverse(records) // files are in no order
	data, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

// reconciled holds the record of r against the trail.
func (w *world) reconciled(r *replica) reconcile.Report {
	w.t.Helper()
	x, err := reconcile.Read(w.t.Context(), time.Time{}, audit.FromStore(r.Store.Log, r.Store.Checkpoints))
	if err != nil {
		w.t.Fatal(err)
	}
	m := reconcile.NewMatch(x, []reconcile.User{
		{ARN: aliceARN, Who: event.Person{ID: "U01ALICE", Name: "alice@example.com"}, Keys: []string{aliceKeyID}},
		{ARN: awstest.UserARN("111111111111", "bob"), Who: event.Person{ID: "U02BOB", Name: "bob@example.com"}, Keys: []string{"AKIABOB0000000000000"}},
	}, reconcile.Window{RecordUntil: w.now().Add(time.Hour)})
	err = cloudtrail.Read(bytes.NewReader(w.trail()), func(e cloudtrail.Event) error {
		m.Take(e)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return m.Report(1, true)
}

// TestWhatTheBotAsksOfAWSIsOnTheRecordAndNothingElse: whatever people do, each call that gives
// credentials is known by STS's own ID, and the first that somebody else makes with the same key
// is an alarm.
func TestWhatTheBotAsksOfAWSIsOnTheRecordAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newSessionWorld(t)
	r := w.run(sessionConfig, w.settings())
	said := func(command, text string, want ...string) {
		t.Helper()
		wantText(t, w.says("U01ALICE", command, text), want...)
	}
	said("/assume", "prod "+w.code(r), "prod is yours")
	said("/assume", "prod 000000", "code")
	said("/mfa", w.code(r), "Your MFA session runs until")
	said("/assume", "staging", "staging is yours")
	said("/buckets", "prod "+w.code(r), "prod")
	said("/assume", "hub "+w.code(r), "hub is yours")
	said("/assume", "open", "open is yours")
	said("/assume", "prod "+w.code(r)+" as console", "prod")
	said("/assume", "whoami staging", "alice")
	said("/assume", "key "+ageSealKey(t).public+" "+w.code(r), "Your key is set")
	wantText(t, w.says("U02BOB", "/assume", "hub "+w.bob.Code()), "hub is yours")
	report := w.reconciled(r)
	if len(report.Alarms) > 0 || len(report.Notes) > 0 || report.Record.Grants == 0 || report.Record.Matched != report.Record.Grants {
		t.Errorf("got %+v, notes %+v, %+v", report.Alarms, report.Notes, report.Record)
	}

	w.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, LoseAnswer: true})
	said("/assume", "prod "+w.code(r), "AWS")
	report = w.reconciled(r)
	if len(report.Alarms) > 0 || len(report.Notes) != 1 || report.Notes[0].Code != reconcile.NoteAnswerLost {
		t.Errorf("an answer was lost: got %+v, notes %+v", report.Alarms, report.Notes)
	}

	thief := awstest.Client{
		Endpoint: w.aws.URL(), Region: "eu-west-1", Credentials: awstest.Credentials{AccessKeyID: aliceKeyID, SecretAccessKey: aliceSecret},
	}
	if _, err := thief.CallerIdentity(t.Context()); err != nil {
		t.Fatal(err)
	}
	params := url.Values{"Action": {"AssumeRole"}, "RoleArn": {"arn:aws:iam::333333333333:role/Open"}, "RoleSessionName": {"alice@example.com"}}
	if _, err := thief.Issue(t.Context(), params); err != nil {
		t.Fatal(err)
	}
	report = w.reconciled(r)
	found := report.Alarms
	if len(found) != 2 || found[0].Code != event.UnknownCall || found[1].Code != event.KeyUsed || found[0].Address != "203.0.113.9" {
		t.Fatalf("got %+v", report.Alarms)
	}
	_, err := r.Record.Record(t.Context(), event.Event{ID: "found", Time: w.now(), Data: event.ReconciledData{
		Findings: []event.Mismatch{report.Alarms[0].Mismatch, report.Alarms[1].Mismatch},
	}})
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, w.auditTells("Alarm of CloudTrail"),
		"Somebody else may have such a key", "sts AssumeRole", "role/Open", "GetCallerIdentity", "203.0.113.9", aliceKeyID)
}
