package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/store"
)

const (
	trailHub, trailProd = "111111111111", "222222222222"
	trailRole           = "arn:aws:iam::222222222222:role/OnCall"
	trailAlice          = "arn:aws:iam::111111111111:user/alice"
	trailKeyID          = "AKIAALICE00000000000"
)

// trails is `trails DIR`: a Redis with the record of two Grants of alice, 30 hours and a minute
// old, whose IAM user a fake AWS knows. Log files of CloudTrail are in directories below DIR, and
// in s3://trail:
//
//	clean    what the bot did, and what the older Grant was used for
//	stolen   a key of alice used from elsewhere
//	again    the same, and once more, later
//	lacking  what else happened then, without the call for the older Grant
//	hostile  stolen, and files that cannot be read
func trails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: trails DIR")
	}
	check := func(err error) {
		if err != nil {
			ts.Fatalf("%v", err)
		}
	}
	t := trailWorld{at: time.Now().Add(-30 * time.Hour).Truncate(time.Second), dir: ts.MkAbs(args[0])}
	check(t.serve(ts))
	check(t.record(ts))
	call := t.assume("one")
	around := []map[string]any{t.other(trailHub, -time.Hour), t.other(trailProd, -time.Hour), t.other(trailHub, 29*time.Hour), t.other(trailProd, 29*time.Hour)}
	use := t.event("s3.amazonaws.com", "GetObject", 10*time.Minute)
	use["userIdentity"] = map[string]any{"type": "AssumedRole", "accessKeyId": "ASIAONE0000000000000", "accountId": trailProd}
	clean := append(around, call, t.atRole(call), use)
	stolen := t.event("sts.amazonaws.com", "AssumeRole", 2*time.Hour)
	stolen["sourceIPAddress"], stolen["errorCode"] = "203.0.113.9", "AccessDenied"
	stolen["userAgent"] = "aws-cli\x1b[2J"
	again := t.event("sts.amazonaws.com", "AssumeRole", 3*time.Hour)
	again["sourceIPAddress"], again["errorCode"] = "203.0.113.9", "AccessDenied"
	check(t.write("clean", clean))
	check(t.write("stolen", append(clean, stolen)))
	check(t.write("again", append(clean, stolen, again)))
	check(t.write("lacking", around))
	check(t.write("hostile", append(clean, stolen)))
	check(os.WriteFile(filepath.Join(t.dir, "hostile", "cut.json.gz"), []byte{0x1f, 0x8b, 8}, 0o600))
	check(os.WriteFile(filepath.Join(t.dir, "hostile", "\x1b[2J.json"), []byte("{}"), 0o600))
	check(os.Symlink("/etc/passwd", filepath.Join(t.dir, "hostile", "link.json")))
}

type trailWorld struct {
	at  time.Time
	dir string
	aws *awstest.Server
	n   int
}

func (t *trailWorld) serve(ts *testscript.TestScript) (err error) {
	if t.aws, err = awstest.Start(); err != nil {
		return err
	}
	ts.Defer(func() { _ = t.aws.Close() })
	t.aws.AddUser(awstest.User{Account: trailHub, Name: "alice", AccessKeyID: trailKeyID, SecretAccessKey: "alice-secret-key"})
	t.aws.AddUser(awstest.User{Account: trailHub, Name: "bot", AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: "bot-secret-key"})
	t.aws.AddBuckets(trailHub, awstest.Bucket{Name: "trail", Region: "eu-west-1"})
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": t.aws.URL(), "AWS_ACCESS_KEY_ID": "AKIABOT0000000000000", "AWS_SECRET_ACCESS_KEY": "bot-secret-key", "AWS_REGION": "eu-west-1",
		"ALICE_AWS_ACCESS_KEY_ID": trailKeyID, "ALICE_AWS_SECRET_ACCESS_KEY": "alice-secret-key",
	} {
		ts.Setenv(name, value)
	}
	return nil
}

// record writes the record, with the environment that reads it.
func (t *trailWorld) record(ts *testscript.TestScript) error {
	m, err := miniredis.Run()
	if err != nil {
		return err
	}
	ts.Defer(m.Close)
	url, seal := "redis://"+m.Addr(), app.NewSealKey()
	private, public, err := tree.NewKey("example.com/assumebot")
	if err != nil {
		return err
	}
	for name, value := range map[string]string{"REDIS_URL": url, "ASSUMEBOT_SEAL_KEYS": seal.Reveal(), "ASSUMEBOT_RECORD_KEY": private, "PUBLIC_KEY": public} {
		ts.Setenv(name, value)
	}
	ctx := context.Background()
	st, err := store.Open(ctx, store.Options{URL: secret.New(url), SealKeys: []secret.Text{seal}})
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }()
	l := record.New(record.Deps{
		Entries: st.Log, Keys: st.LogKeys, Origin: "example.com/assumebot", Replica: "r1", Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	running, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { l.Run(running) })
	defer done.Wait()
	defer stop()
	for _, g := range []struct {
		id, key string
		at      time.Time
	}{{"one", "ASIAONE0000000000000", t.at}, {"young", "ASIAYOUNG00000000000", time.Now().Add(-time.Minute)}} {
		act := event.Act{Attempt: g.id, Account: "prod", RoleARN: trailRole, Purpose: "show", Method: "AssumeRole", MFA: true}
		granted := event.GrantedData{Act: act, Issued: event.Issued{
			AccessKeyID: g.key, Expires: event.At(g.at.Add(time.Hour)), STSRequestID: "request-" + g.id, STSRegion: "eu-west-1",
		}}
		for _, p := range []event.Payload{event.IntentData{Act: act}, granted} {
			t.n++
			e := event.Event{ID: fmt.Sprintf("e%d", t.n), Time: g.at, Request: g.id, Data: p, Actor: event.Actor{User: "U01ALICE", Name: "alice"}}
			if _, err := l.Record(ctx, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// event is a record of CloudTrail with the fields that AWS documents, of a call with alice's key.
func (t *trailWorld) event(source, call string, after time.Duration) map[string]any {
	t.n++
	return map[string]any{
		"eventVersion": "1.11", "eventTime": t.at.Add(after).UTC().Format(time.RFC3339), "eventSource": source, "eventName": call,
		"awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.10", "userAgent": "aws-sdk-go-v2/1.39 app/assumebot",
		"requestID": fmt.Sprintf("request-%d", t.n), "eventID": fmt.Sprintf("event-%d", t.n), "eventType": "AwsApiCall", "recipientAccountId": trailHub,
		"requestParameters": map[string]any{"roleArn": trailRole, "roleSessionName": "alice"}, "responseElements": nil,
		"userIdentity": map[string]any{
			"type": "IAMUser", "principalId": "AIDAALICE00000000000", "arn": trailAlice, "accountId": trailHub, "accessKeyId": trailKeyID, "userName": "alice",
		},
	}
}

func (t *trailWorld) assume(id string) map[string]any {
	e := t.event("sts.amazonaws.com", "AssumeRole", 0)
	e["requestID"] = "request-" + id
	e["responseElements"] = map[string]any{"credentials": map[string]any{"accessKeyId": "ASIAONE0000000000000", "expiration": "Nov 25, 2026, 4:07:39 PM"}}
	return e
}

func (t *trailWorld) atRole(of map[string]any) map[string]any {
	e := map[string]any{}
	for k, v := range of {
		e[k] = v
	}
	e["eventID"], e["recipientAccountId"] = "copy-"+fmt.Sprint(of["eventID"]), trailProd
	e["userIdentity"] = map[string]any{"type": "AWSAccount", "principalId": "AIDAALICE00000000000", "accountId": trailHub}
	return e
}

func (t *trailWorld) other(account string, after time.Duration) map[string]any {
	e := t.event("ec2.amazonaws.com", "DescribeInstances", after)
	e["recipientAccountId"] = account
	e["userIdentity"] = map[string]any{"type": "AssumedRole", "accessKeyId": "ASIAOTHER00000000000", "accountId": account}
	return e
}

// write packs records as a trail delivers them, into a directory and into s3://trail/NAME.
func (t *trailWorld) write(name string, records []map[string]any) error {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if err := json.NewEncoder(z).Encode(map[string]any{"Records": records}); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	day := t.at.Add(30 * time.Hour).UTC()
	key := fmt.Sprintf("AWSLogs/%s/CloudTrail/eu-west-1/%s/%[1]s_CloudTrail_eu-west-1_%s_Mu0KsOhtH1ar15ZZ.json.gz",
		trailHub, day.Format("2006/01/02"), day.Format("20060102T1504Z"))
	t.aws.SetObject("trail", name+"/"+key, out.Bytes())
	path := filepath.Join(t.dir, name, key)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		return err
	}
	digest := filepath.Join(t.dir, name, "AWSLogs", trailHub, "CloudTrail-Digest", "x.json.gz")
	if err := os.MkdirAll(filepath.Dir(digest), 0o700); err != nil {
		return err
	}
	return os.WriteFile(digest, []byte("{}"), 0o600)
}
