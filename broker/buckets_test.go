package broker_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/prose"
)

func (m *memory) SaveListing(_ context.Context, user, grantID, prefix string, l listing.Listing, ttl time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.listErr != nil || ttl <= 0 {
		return errDown
	}
	if m.listings == nil {
		m.listings = map[string]listing.Listing{}
	}
	m.listings[user+grantID+prefix] = l
	return nil
}

func (m *memory) LoadListing(_ context.Context, user, grantID, prefix string) (listing.Listing, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.listings[user+grantID+prefix]
	return l, ok, m.listErr
}

// withBuckets gives prod n buckets, b-000000 and on, and alice credentials. Its clock
// stands: a list that takes long is not counted to its end.
func withBuckets(t *testing.T, n int) *bench {
	t.Helper()
	b := newBench(t)
	b.still = time.Now()
	many := make([]awstest.Bucket, n)
	for i := range many {
		many[i] = awstest.Bucket{Name: fmt.Sprintf("b-%06d", i), Region: "eu-west-1", Created: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
	}
	b.aws.AddBuckets("222222222222", many...)
	if _, err := b.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) s3Calls() int {
	n := 0
	for _, c := range b.aws.Calls() {
		if c.Action == "ListBuckets" {
			n++
		}
	}
	return n
}

// seen is a page as a person understands it.
func seen(l broker.BucketList) string {
	if len(l.Buckets) == 0 {
		return fmt.Sprintf("page %d: none of %d", l.Page, l.Total)
	}
	more := ""
	if l.AtLeast {
		more = " and more"
	}
	return fmt.Sprintf("page %d: %s to %s, %d of %d%s", l.Page, l.Buckets[0].Name, l.Buckets[len(l.Buckets)-1].Name, len(l.Buckets), l.Total, more)
}

// wantPage asks for a page with so many calls of S3.
func (b *bench) wantPage(t *testing.T, grant, prefix string, page, calls int, want string) {
	t.Helper()
	before := b.s3Calls()
	list, err := b.Lists.BucketPage(t.Context(), b.request("", ""), grant, prefix, page)
	if err != nil {
		t.Fatal(err)
	}
	if got := seen(list); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := b.s3Calls() - before; got != calls {
		t.Errorf("page %d: got %d calls, want %d", page, got, calls)
	}
}

func TestBucketsGivesTheFirstPageAndTheTotal(t *testing.T) {
	tests := []struct {
		n, calls int
		want     string
	}{
		{0, 1, "page 0: none of 0"},
		{20, 1, "page 0: b-000000 to b-000019, 20 of 20"},
		{45, 1, "page 0: b-000000 to b-000019, 20 of 45"},
		{2500, 3, "page 0: b-000000 to b-000019, 20 of 2500"},
		{10_000, 10, "page 0: b-000000 to b-000019, 20 of 10000"},
		{10_001, 10, "page 0: b-000000 to b-000019, 20 of 10000 and more"},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.n), func(t *testing.T) {
			b := withBuckets(t, test.n)
			list, err := b.Lists.Buckets(t.Context(), b.request("prod", ""), "")
			if err != nil {
				t.Fatal(err)
			}
			if got := seen(list); got != test.want || !list.Saved || !list.Reused {
				t.Errorf("got %s, kept %t, want %s, kept", got, list.Saved, test.want)
			}
			if got := b.s3Calls(); got != test.calls {
				t.Errorf("got %d calls, want %d", got, test.calls)
			}
		})
	}
}

func TestBucketPagesTakeOneCallEach(t *testing.T) {
	b := withBuckets(t, 100_000)
	began := time.Now()
	list, err := b.Lists.Buckets(t.Context(), b.request("prod", ""), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("first page of 100,000: %v", time.Since(began))
	id := list.Grant.ID
	b.wantPage(t, id, "", 1, 1, "page 1: b-000020 to b-000039, 20 of 10000 and more")
	b.wantPage(t, id, "", 50, 1, "page 50: b-001000 to b-001019, 20 of 10000 and more")
	b.wantPage(t, id, "", 49, 1, "page 49: b-000980 to b-000999, 20 of 10000 and more")
	b.wantPage(t, id, "", 500, 1, "page 500: b-010000 to b-010019, 20 of 11000 and more")
	b.wantPage(t, id, "b-0999", 0, 1, "page 0: b-099900 to b-099919, 20 of 100")
	b.wantPage(t, id, "b-09", 1, 10, "page 1: b-090020 to b-090039, 20 of 10000")
	b.wantPage(t, id, "b-09", 2, 1, "page 2: b-090040 to b-090059, 20 of 10000")
	b.wantPage(t, id, "z", 3, 2, "page 0: none of 0")
	var bytes int
	for _, l := range b.listings {
		for _, p := range l.Parts {
			bytes += len(p.Token)
		}
	}
	t.Logf("%d listings kept, %d bytes of tokens", len(b.listings), bytes)
	if got := b.kinds()[len(b.kinds())-1]; got != event.Listing {
		t.Errorf("got a %s event last, want each page on the record", got)
	}
}

func TestBucketPagesSurviveChangesAndLosses(t *testing.T) {
	b := withBuckets(t, 2505)
	list, err := b.Lists.Buckets(t.Context(), b.request("prod", ""), "")
	if err != nil {
		t.Fatal(err)
	}
	id := list.Grant.ID
	b.wantPage(t, id, "", 125, 1, "page 125: b-002500 to b-002504, 5 of 2505")
	// A bucket that comes moves those behind it on, and hides none.
	b.aws.AddBuckets("222222222222", awstest.Bucket{Name: "a-new"})
	b.wantPage(t, id, "", 49, 1, "page 49: b-000979 to b-000998, 20 of 2505")
	b.wantPage(t, id, "", 50, 1, "page 50: b-000999 to b-001018, 20 of 2505")
	b.wantPage(t, id, "", 125, 1, "page 125: b-002499 to b-002504, 6 of 2506")
	b.wantPage(t, id, "", 126, 2, "page 125: b-002499 to b-002504, 6 of 2506") // behind the end
	// Lost, unreadable or stale, what is kept costs calls alone.
	b.listings = nil
	b.wantPage(t, id, "", 60, 3, "page 60: b-001199 to b-001218, 20 of 2506")
	b.listErr = errDown
	b.wantPage(t, id, "", 60, 3, "page 60: b-001199 to b-001218, 20 of 2506")
	b.listErr = nil
	for key, l := range b.listings {
		for i := range l.Parts {
			l.Parts[i].Token = strings.Repeat("x", i)
		}
		b.listings[key] = l
	}
	b.wantPage(t, id, "", 60, 4, "page 60: b-001199 to b-001218, 20 of 2506")
}

func TestBucketPagesAreTheCallersAloneWhileKept(t *testing.T) {
	b := withBuckets(t, 45)
	list, err := b.Lists.Buckets(t.Context(), b.request("prod", ""), "")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(change func(*broker.Request)) error {
		r := b.request("", "")
		change(&r)
		_, err := b.Lists.BucketPage(t.Context(), r, list.Grant.ID, "", 1)
		return err
	}
	bob := *b.config.Users.Find("U01ALICE")
	bob.Slack, bob.Name, bob.SessionName = "U02BOB", "bob", "bob"
	b.config.Users.Add(bob.Slack, bob)
	b.config.Accounts.Find("prod").Rules = allow("U01ALICE", "U02BOB")
	wantCode(t, ask(func(r *broker.Request) { r.Caller.User = "U02BOB" }), broker.CodeGrantGone)
	wantCode(t, ask(func(r *broker.Request) { r.Caller.User = "U03CAROL" }), broker.CodeNotUser)
	_, err = b.Lists.BucketPage(t.Context(), b.request("", ""), "another", "", 1)
	wantCode(t, err, broker.CodeGrantGone)
	before := b.s3Calls()
	b.failOn[event.Listing] = true
	wantCode(t, ask(func(*broker.Request) {}), broker.CodeRecord)
	b.failOn[event.Listing] = false
	b.config.Accounts.Find("prod").Allow = nil
	wantCode(t, ask(func(*broker.Request) {}), broker.CodeNotAllowed)
	b.config.Accounts.Find("prod").Rules = allow("U01ALICE")
	if err := b.ForgetCredentials(t.Context(), "U01ALICE", list.Grant.ID); err != nil {
		t.Fatal(err)
	}
	e := wantCode(t, ask(func(*broker.Request) {}), broker.CodeRevealOver)
	if !strings.Contains(prose.Plain(e.Hint), "buckets prod") {
		t.Errorf("got hint %q, want the command", prose.Plain(e.Hint))
	}
	if diff := cmp.Diff(before, b.s3Calls()); diff != "" {
		t.Errorf("S3 was asked all the same: %s", diff)
	}
}
