package e2e

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awstest"
)

func TestBucketsListsTheFirstTwenty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	m := w.says("U01ALICE", "/buckets", "prod "+w.alice.Code())
	wantText(t, m, "1–20 of 45 buckets in prod", "prod-data-01", "eu-west-1", "Jan 2, 2024", "[Next] [Search]")
	if got := strings.Count(m.Plain(), "eu-west-1"); got != 20 {
		t.Errorf("got %d buckets, want the first 20", got)
	}
	wantText(t, w.audit(1)[0], "Granted prod", "list buckets")
}

func TestBucketsNeedsNoNewCodeInsideTheRevealWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	m := w.says("U01ALICE", "/buckets", "prod prefix prod-site")
	wantText(t, m, "15 buckets in prod that start with prod-site", "no new code needed")
	m = w.says("U01ALICE", "/buckets", "prod prefix nothing-")
	wantText(t, m, "No buckets in prod start with nothing-")
	if got := w.stsCalls("AssumeRole"); got != 1 {
		t.Errorf("got %d AssumeRole calls, want 1", got)
	}
	w.later(r, 11*time.Minute)
	wantText(t, w.says("U01ALICE", "/buckets", "prod"), "prod needs the code")
}

func TestBucketsHasItsOwnSentences(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.aws.AddRole(awstest.Role{Account: "333333333333", Name: "Developer", Deny: []string{"s3:ListAllMyBuckets"},
		Trust: awstest.Trust{Principals: []string{"arn:aws:iam::111111111111:root"}}})
	r := w.start()
	wantText(t, w.says("U01ALICE", "/buckets", "open"), "No buckets in open.", "NO MFA")
	m := w.says("U01ALICE", "/buckets", "staging "+w.alice.Code())
	wantText(t, m, "The role of staging may not list buckets.", "s3:ListAllMyBuckets", "Reference:")
	w.later(r, time.Minute)
	wantText(t, w.says("U01ALICE", "/buckets", "hub "+w.alice.Code()), "1 bucket in hub", "hub-state")
}

func TestBucketsReadsEveryPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	many := make([]awstest.Bucket, 2500)
	for i := range many {
		many[i] = awstest.Bucket{Name: "many-" + strings.Repeat("0", 4-len(strconv.Itoa(i))) + strconv.Itoa(i), Region: "eu-west-1"}
	}
	w.aws.AddBuckets("333333333333", many...)
	w.start()
	wantText(t, w.says("U01ALICE", "/buckets", "staging "+w.alice.Code()), "2,500 buckets in staging", "many-0000", "many-0019")
	if got := w.stsCalls("ListBuckets"); got != 3 {
		t.Errorf("got %d ListBuckets calls, want 3 pages", got)
	}
}
