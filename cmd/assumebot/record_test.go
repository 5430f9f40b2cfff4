package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/published"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/store"
)

// records is `records DIR`: a Redis with a record of 300 signed entries, of which 0 and 7
// have the same reason and 8 has one that is a formula, and copies of it in DIR and in
// s3://audit/assumebot. The environment is set as the bot has it, and PUBLIC_KEY, OTHER_KEY.
func records(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: records DIR")
	}
	check := func(err error) {
		if err != nil {
			ts.Fatalf("%v", err)
		}
	}
	m, err := miniredis.Run()
	check(err)
	ts.Defer(m.Close)
	url, seal := "redis://"+m.Addr(), app.NewSealKey()
	private, public, err := tree.NewKey("example.com/assumebot")
	check(err)
	_, other, err := tree.NewKey("example.com/assumebot")
	check(err)
	for name, value := range map[string]string{
		"REDIS_URL": url, "ASSUMEBOT_SEAL_KEYS": seal.Reveal(), "ASSUMEBOT_RECORD_KEY": private, "PUBLIC_KEY": public, "OTHER_KEY": other,
	} {
		ts.Setenv(name, value)
	}
	ctx := context.Background()
	st, err := store.Open(ctx, store.Options{URL: secret.New(url), SealKeys: []secret.Text{seal}})
	check(err)
	defer func() { _ = st.Close() }()
	check(writeRecord(ctx, st, private))
	check(os.MkdirAll(ts.MkAbs(args[0]), 0o700))
	dir, err := archive.OpenDir(ts.MkAbs(args[0]))
	check(err)
	defer func() { _ = dir.Close() }()
	bucket, err := bucket(ts)
	check(err)
	for _, to := range []archive.Objects{dir, bucket} {
		check(copyRecord(ctx, st, to))
	}
}

// bucket is that of s3://audit/assumebot, which the environment of the script reaches.
func bucket(ts *testscript.TestScript) (archive.Objects, error) {
	const account, id, key = "111122223333", "AKIABOT0000000000000", "bot-secret-key"
	aws, err := awstest.Start()
	if err != nil {
		return nil, err
	}
	ts.Defer(func() { _ = aws.Close() })
	aws.AddUser(awstest.User{Account: account, Name: "bot", AccessKeyID: id, SecretAccessKey: key})
	aws.AddBuckets(account, awstest.Bucket{Name: "audit", Region: "eu-west-1"})
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": aws.URL(), "AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": key, "AWS_REGION": "eu-west-1",
	} {
		ts.Setenv(name, value)
	}
	at := awsapi.Place{Endpoint: aws.URL(), Key: secret.Credentials{AccessKeyID: id, SecretAccessKey: secret.New(key)}}
	return awsapi.NewAt(at, "eu-west-1", func(string) string { return "" }, time.Now).Archive("s3://audit/assumebot", awsapi.ObjectLock{})
}

func writeRecord(ctx context.Context, st *store.Store, private string) error {
	signer, err := tree.NewSigner(private)
	if err != nil {
		return err
	}
	silent := slog.New(slog.DiscardHandler)
	l := record.New(record.Deps{Entries: st.Log, Keys: st.LogKeys, Origin: signer.Origin(), Replica: "r1", Now: time.Now, Log: silent})
	running, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { l.Run(running) })
	defer done.Wait()
	defer stop()
	reason := event.NewText("INC-42 failover")
	for first := 0; first < 300; first += 100 {
		var events []event.Event
		for i := first; i < first+100; i++ {
			data := event.RefusedData{Account: "prod", Failure: event.Failure{Code: "denied"}}
			switch i {
			case 0, 7:
				data.Reason = reason
			case 8:
				data.Reason = event.NewText("=1+1")
			}
			who := event.Actor{User: "U01ALICE", Name: "alice"}
			if i%100 == 99 {
				who, data.Account = event.Actor{User: "U02BOB", Name: "bob"}, "dev"
			}
			e := event.Event{ID: "e" + strconv.Itoa(i), Time: time.Date(2026, 5, 1+first/100, 12, 0, 0, 0, time.UTC), Actor: who, Data: data}
			events = append(events, e)
		}
		if _, err := l.Record(ctx, events...); err != nil {
			return err
		}
	}
	publisher := record.NewPublisher(record.PublisherDeps{
		Log:    l,
		Store:  st.Checkpoints,
		Signer: signer,
		Leases: st.Leases,
		Needed: func(context.Context) (int64, error) { return math.MaxInt64, nil },
		Out:    silent,
	})
	return lease.New(st.Leases, published.Lease, time.Minute, silent).Do(ctx, publisher.Publish)
}

// copyRecord writes what is signed of the record as an archive has it.
func copyRecord(ctx context.Context, st *store.Store, d archive.Objects) error {
	note, err := audit.FromStore(st.Log, st.Checkpoints).Checkpoint(ctx)
	if err != nil {
		return err
	}
	for _, t := range tree.TilesBetween(0, 300) {
		tiles, err := st.Checkpoints.Tiles(ctx, []string{tree.TilePath(t)})
		if err != nil {
			return err
		}
		if err := d.Create(ctx, tree.TilePath(t), tiles[tree.TilePath(t)]); err != nil {
			return err
		}
		if t.L == 0 {
			if err := copyEntries(ctx, st, d, t); err != nil {
				return err
			}
		}
	}
	return d.Replace(ctx, archive.CheckpointPath, nil, note)
}

func copyEntries(ctx context.Context, st *store.Store, d archive.Objects, t tlog.Tile) error {
	entries, err := st.Log.Read(ctx, t.N*256, t.W)
	if err != nil {
		return err
	}
	var leaves [][]byte
	var numbers []int64
	for _, e := range entries {
		leaves, numbers = append(leaves, e.Leaf), append(numbers, e.Number)
	}
	bundle, err := tree.Bundle(leaves)
	if err != nil {
		return err
	}
	asides, err := st.Log.Asides(ctx, numbers)
	if err != nil {
		return err
	}
	for n, aside := range asides {
		if err := d.Create(ctx, archive.AsidePath(n), aside); err != nil {
			return err
		}
	}
	return d.Create(ctx, tree.TilePath(tree.BundleOf(t)), bundle)
}

func TestNumbersAreWrittenAsRepliesDo(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 12: "12", 999: "999", 4711: "4,711", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := number(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

func TestACheckpointOfARecordThatWasClosedIsNoFault(t *testing.T) {
	var out strings.Builder
	why := fmt.Errorf("%w: it is of a, and this record is a/2", audit.ErrOtherLog)
	err := verified(&out, audit.Verified{Findings: []audit.Finding{{Fault: audit.FaultHistory, Entry: -1, Err: why}}}, &app.RecordReader{}, "")
	said := out.String()
	if !errors.Is(err, audit.ErrOtherLog) || strings.Contains(said, "WRONG") || !strings.Contains(said, "next: a loss was accepted between the two") {
		t.Errorf("got %v, %s", err, said)
	}
}
