package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/audit"
)

// archiveInS3 is the record's archive, in a bucket with Object Lock.
const archiveInS3 = "record: {archive: s3://audit/assumebot, object_lock: {mode: COMPLIANCE, days: 400}, require: [archive]}\n"

// verifyBucket verifies the archive as `record verify --s3` does.
func (w *world) verifyBucket() audit.Verified {
	w.t.Helper()
	bucket, err := awsapi.NewAt(*w.botOnAWS(), "eu-west-1", w.getenv, w.now).Archive("s3://audit/assumebot", awsapi.ObjectLock{})
	if err != nil {
		w.t.Fatal(err)
	}
	source, err := audit.FromArchive(w.t.Context(), bucket)
	if err != nil {
		w.t.Fatal(err)
	}
	keys, err := w.settingsOn("").PublicKeys(nil, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	got, err := audit.Verify(w.t.Context(), audit.Verification{Source: source, Keys: keys})
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// TestAnArchiveInS3IsLockedAndNamesWhatWasWrittenOver has the bot archive a full tile, and
// then somebody who may do anything in the bucket try to be rid of it.
func TestAnArchiveInS3IsLockedAndNamesWhatWasWrittenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.AddBuckets("111111111111", awstest.Bucket{Name: "audit", Region: "eu-west-1", ObjectLock: true})
	settings, _ := w.realRedis()
	r := w.run(worldConfig+archiveInS3, settings)
	for range 3 {
		var some []event.Event
		for i := range 100 {
			some = append(some, event.Event{ID: fmt.Sprintf("e%d", i), Time: w.now(), Data: event.RefusedData{Account: "prod"}})
		}
		if _, err := r.Record.Record(t.Context(), some...); err != nil {
			t.Fatal(err)
		}
	}
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours")
	granted := grantIn(t, r)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if got := w.verifyBucket(); len(got.Findings) > 0 || got.Signed <= granted {
		t.Fatalf("got %d entries, %v, want the grant, entry %d, among them", got.Signed, got.Findings, granted)
	}

	for _, path := range []string{"tile/0/000", "tile/entries/000"} {
		was := w.aws.Objects("audit")["assumebot/"+path]
		if left := was.LockUntil.Sub(w.now()); was.LockMode != "COMPLIANCE" || left < 399*24*time.Hour || left > 400*24*time.Hour {
			t.Errorf("%s: locked by %q for %s, want 400 days", path, was.LockMode, left)
		}
		root := awstest.Client{Endpoint: w.place, Region: "eu-west-1", Credentials: awstest.Credentials{AccessKeyID: botKeyID, SecretAccessKey: botSecret}}
		var refused *awstest.APIError
		err := root.DeleteVersion(t.Context(), "audit", "assumebot/"+path, was.Version)
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), "object lock") {
			t.Errorf("%s: deleted: got %v, want that it is locked", path, err)
		}
	}

	entries := w.aws.Objects("audit")["assumebot/tile/entries/000"].Data
	w.aws.SetObject("audit", "assumebot/tile/entries/000", []byte(strings.Replace(string(entries), "\"prod\"", "\"Prod\"", 1)))
	if got := w.verifyBucket().Findings; len(got) != 1 || got[0].Fault != audit.FaultBroken {
		t.Errorf("written over: got %v, want the entry that is broken", got)
	}
	w.aws.SetObject("audit", "assumebot/tile/entries/000", nil)
	if got := w.verifyBucket().Findings; len(got) != 1 || got[0].Fault != audit.FaultMissing {
		t.Errorf("hidden by a delete marker: got %v, want the entries that are missing", got)
	}
}
