package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/store/storetest"
)

// pages presses a button of the newest private message and waits until a
// message holds all parts.
func (w *world) pages(user, action string, parts ...string) {
	w.t.Helper()
	all := w.private(user)
	w.acked(w.slack.Press(user, all[len(all)-1].Ref(), "", action))
	w.shown(user, parts...)
}

func labels(buttons []slacktest.Button) string {
	var out []string
	for _, b := range buttons {
		out = append(out, b.Label)
	}
	return strings.Join(out, " ")
}

// someBuckets are cheap to name, many-00000 and on.
func someBuckets(n int) []awstest.Bucket {
	many := make([]awstest.Bucket, n)
	for i := range many {
		many[i] = awstest.Bucket{Name: fmt.Sprintf("many-%05d", i), Region: "eu-north-1", Created: time.Date(2024, 2, 3, 12, 0, 0, 0, time.UTC)}
	}
	return many
}

// TestBucketPagesComeFromAnyReplica pages with the replica that listed, then
// with another one alone, over a real Redis that holds no names.
func TestBucketPagesComeFromAnyReplica(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.AddBuckets("333333333333", someBuckets(2500)...)
	settings, url := w.realRedis()
	first := w.run(worldConfig, settings)
	m := w.says("U01ALICE", "/buckets", "staging "+w.alice.Code())
	wantText(t, m, "1–20 of 2,500 buckets in staging.", "many-00000", "eu-north-1", "Feb 3, 2024")
	if got, want := labels(m.Buttons()), "Next Search"; got != want {
		t.Errorf("got buttons %q, want %q", got, want)
	}
	second := w.run(worldConfig, settings)
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	w.pages("U01ALICE", "next", "21–40 of 2,500 buckets in staging.", "many-00020", "many-00039", "no new code needed")
	w.pages("U01ALICE", "next", "41–60 of 2,500")
	w.pages("U01ALICE", "previous", "21–40 of 2,500")
	if got := len(w.private("U01ALICE")); got != 1 {
		t.Errorf("got %d messages, want each page in place of the one before", got)
	}
	if got, want := w.stsCalls("ListBuckets"), 3+3; got != want {
		t.Errorf("got %d ListBuckets calls, want %d: one for each further page", got, want)
	}
	if got := w.stsCalls("AssumeRole"); got != 1 {
		t.Errorf("got %d AssumeRole calls, want 1", got)
	}
	for key, value := range storetest.Dump(t, url) {
		if strings.Contains(fmt.Sprint(key, value), "many-0") {
			t.Errorf("Redis holds the name of a bucket in %s", key)
		}
	}
	if listings := len(w.recorded(second, event.Listing)); listings != 4 {
		t.Errorf("got %d listings on the record, want one for each page shown", listings)
	}
}

func TestBucketPagesAreOfWhoeverListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.AddBuckets("333333333333", someBuckets(45)...)
	r := w.start()
	m := w.says("U01ALICE", "/buckets", "staging "+w.alice.Code())
	if _, err := w.slack.Press("U02BOB", m.Ref(), "", "next"); err == nil {
		t.Error("got a press of a message that bob does not see")
	}
	// Bob's own list of the same account is another one.
	w.says("U02BOB", "/buckets", "staging "+w.bob.Code())
	w.pages("U02BOB", "next", "21–40 of 45")
	wantText(t, w.private("U01ALICE")[0], "1–20 of 45")
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "next"))
	w.shown("U01ALICE", "21–40 of 45")
	w.later(r, 11*time.Minute)
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "next"))
	w.shown("U01ALICE", "This list has ended", "10m only", "/buckets staging")
	wantText(t, w.private("U01ALICE")[0], "21–40 of 45") // the list stays, the refusal is beside it
	w.later(r, time.Hour)
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "next"))
	w.shown("U01ALICE", "These credentials have ended.")
}

func TestBucketsAreSearchedInPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	m := w.says("U01ALICE", "/buckets", "prod "+w.alice.Code())
	w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "search"))
	v := w.modal("U01ALICE", "Bucket names that start with")
	for typed, wrong := range map[string]string{"prod logs": "without spaces", strings.Repeat("a", 64): "at most 63"} {
		w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"prefix": typed}))
		w.modal("U01ALICE", wrong)
	}
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"prefix": "Prod-Site"}))
	w.modal("U01ALICE", "15 buckets in prod that start with prod-site", "prod-site-02", "eu-west-1")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"prefix": "prod-"}))
	v = w.modal("U01ALICE", "1–20 of 45 buckets in prod that start with prod-")
	if got := labels(v.Buttons()); got != "Next" {
		t.Errorf("got buttons %q, want Next alone: the field is above", got)
	}
	w.acked(w.slack.Press("U01ALICE", v.Ref(), "", "next"))
	v = w.modal("U01ALICE", "21–40 of 45", "Bucket names that start with (optional): prod-", "[Search]")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"prefix": "nothing"}))
	v = w.modal("U01ALICE", "No buckets in prod start with nothing")
	wantText(t, w.private("U01ALICE")[0], "1–20 of 45") // the message stays as it was
	if got := w.stsCalls("AssumeRole"); got != 1 {
		t.Errorf("got %d AssumeRole calls, want no second code", got)
	}
	w.later(r, 11*time.Minute)
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"prefix": ""}))
	w.modal("U01ALICE", "This list has ended", "/buckets prod")
}

func TestBucketsPageInsideAModal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.acked(w.slack.Shortcut("U01ALICE", "assume"))
	v := w.modal("U01ALICE", "Account")
	w.choose("U01ALICE", v, "account", "prod", "prod")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"code": w.alice.Code()}))
	v = w.modal("U01ALICE", "export AWS_SESSION_TOKEN")
	w.acked(w.slack.Press("U01ALICE", v.Ref(), "", "buckets"))
	v = w.modal("U01ALICE", "1–20 of 45 buckets in prod")
	w.acked(w.slack.Press("U01ALICE", v.Ref(), "", "next"))
	v = w.modal("U01ALICE", "21–40 of 45 buckets in prod")
	w.acked(w.slack.Press("U01ALICE", v.Ref(), "", "search"))
	v = w.modal("U01ALICE", "Bucket names that start with")
	w.acked(w.slack.Submit("U01ALICE", v.ID, map[string]string{"prefix": "prod-logs"}))
	w.modal("U01ALICE", "15 buckets in prod that start with prod-logs")
	if got := len(w.slack.Views("U01ALICE")); got != 2 {
		t.Errorf("got %d modals, want the list on top of the credentials", got)
	}
}

// BenchmarkBuckets measures the reply to /buckets, which counts, and a press of
// Next, of an account with 100,000 buckets, from envelope to message.
func BenchmarkBuckets(b *testing.B) {
	w := newWorld(b)
	w.limit = 1 << 20 // counted, and never reached
	w.aws.AddBuckets("333333333333", someBuckets(100_000)...)
	settings, _ := w.realRedis()
	w.run(worldConfig, settings)
	w.says("U01ALICE", "/assume", "staging "+w.alice.Code())
	m := w.says("U01ALICE", "/buckets", "staging")
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			m = w.says("U01ALICE", "/buckets", "staging")
		}
	})
	b.Run("next", func(b *testing.B) {
		page := 0
		for b.Loop() {
			page++
			from := fmt.Sprintf("%d,%03d–", (page*20+1)/1000, (page*20+1)%1000)
			w.acked(w.slack.Press("U01ALICE", m.Ref(), "", "next"))
			w.shown("U01ALICE", strings.TrimLeft(strings.TrimPrefix(from, "0,"), "0"))
		}
	})
}

// TestASlowS3IsNotWaitedFor has S3 answer after two minutes: the person is told
// long before, and what became of what they sent.
func TestASlowS3IsNotWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.aws.Inject(awstest.Fault{Action: "ListBuckets", Latency: 2 * time.Minute})
	m := w.says("U01ALICE", "/buckets", "prod "+w.alice.Code())
	wantText(t, m, "S3 did not answer in time", "no new code is needed while your credentials live")
}
