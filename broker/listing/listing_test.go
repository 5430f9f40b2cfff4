package listing_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/listing"
)

// s3 is n buckets, whose tokens say how many come before.
type s3 struct {
	n, calls int
	takes    time.Duration // for each call
	now      time.Time
	onCall   func() error // before each; may be nil
}

func (s *s3) read(_ context.Context, token string) (part []listing.Bucket, next string, err error) {
	s.calls++
	s.now = s.now.Add(s.takes)
	if s.onCall != nil {
		err = s.onCall()
	}
	first := 0
	if token != "" && err == nil {
		first, err = strconv.Atoi(token)
	}
	if err != nil {
		return nil, "", errors.Join(listing.ErrNoSuchPart, err)
	}
	for i := first; i < min(first+listing.PerPart, s.n); i++ {
		part = append(part, listing.Bucket{Name: strconv.Itoa(i)})
	}
	if first+listing.PerPart < s.n {
		next = strconv.Itoa(first + listing.PerPart)
	}
	return part, next, nil
}

func (s *s3) walk() *listing.Walk {
	return &listing.Walk{Read: s.read, Now: func() time.Time { return s.now }}
}

// wantPage is a page as "which: first-last of total", after so many calls.
func (s *s3) wantPage(t *testing.T, w *listing.Walk, page, calls int, want string) {
	t.Helper()
	s.calls = 0
	buckets, page, err := w.Page(t.Context(), page)
	got := fmt.Sprintf("%d: none of %d", page, w.Known.Total)
	if len(buckets) > 0 {
		got = fmt.Sprintf("%d: %s-%s of %d", page, buckets[0].Name, buckets[len(buckets)-1].Name, w.Known.Total)
	}
	if !w.Known.Ended {
		got += "+"
	}
	if err != nil || got != want || s.calls != calls {
		t.Errorf("got %s with %d calls (%v), want %s with %d", got, s.calls, err, want, calls)
	}
}

func TestANewListIsCountedUpToTenCalls(t *testing.T) {
	for _, test := range []struct {
		n, calls int
		want     string
	}{
		{0, 1, "0: none of 0"},
		{20, 1, "0: 0-19 of 20"},
		{1000, 1, "0: 0-19 of 1000"},
		{1001, 2, "0: 0-19 of 1001"},
		{10_000, 10, "0: 0-19 of 10000"},
		{10_001, 10, "0: 0-19 of 10000+"},
	} {
		s := &s3{n: test.n}
		s.wantPage(t, s.walk(), 0, test.calls, test.want)
	}
}

func TestASlowListIsCountedForAFewSeconds(t *testing.T) {
	s := &s3{n: 10_000, takes: 2 * time.Second}
	s.wantPage(t, s.walk(), 0, 3, "0: 0-19 of 3000+")
}

func TestWhoWaitsNoLongerHasThePageThatIsThere(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &s3{n: 10_000}
	s.onCall = func() error {
		if s.calls == 2 {
			cancel()
		}
		return ctx.Err()
	}
	if got, _, err := s.walk().Page(ctx, 0); err != nil || len(got) != listing.PerPage {
		t.Errorf("got %d buckets, %v, want the page", len(got), err)
	}
	if got, _, err := s.walk().Page(ctx, 0); err == nil {
		t.Errorf("got %d buckets, want an error where the page is not there", len(got))
	}
}

func TestAKnownListTakesOneCallForAPage(t *testing.T) {
	s := &s3{n: 2505}
	w := s.walk()
	s.wantPage(t, w, -1, 3, "0: 0-19 of 2505")
	s.wantPage(t, w, 60, 1, "60: 1200-1219 of 2505")
	s.wantPage(t, w, 125, 1, "125: 2500-2504 of 2505")
	s.wantPage(t, w, 1<<40, 2, "125: 2500-2504 of 2505") // behind the end is the last
	s.n = 1010
	s.wantPage(t, w, 125, 3, "50: 1000-1009 of 1010") // they became fewer, by more than a part
	w.Known.Parts[1].Token = "stale"
	s.wantPage(t, w, 50, 3, "50: 1000-1009 of 1010")
}

func TestTheFirstPartFailsAsItDoes(t *testing.T) {
	s := &s3{n: 1, onCall: func() error { return errors.New("down") }}
	if _, _, err := s.walk().Page(t.Context(), 0); !errors.Is(err, listing.ErrNoSuchPart) || s.calls != 1 {
		t.Errorf("got %v after %d calls, want the error after one", err, s.calls)
	}
}

func TestWhatCannotBeAListingKnowsNothing(t *testing.T) {
	sound := listing.Listing{Parts: []listing.Part{{}, {First: 1000, Token: "1000"}}, Total: 1500, Ended: true}
	if diff := cmp.Diff(sound, sound.Sound()); diff != "" {
		t.Errorf("a sound one (-want +got):\n%s", diff)
	}
	for name, l := range map[string]listing.Listing{
		"no parts":             {Total: 5},
		"begins in the middle": {Parts: []listing.Part{{First: 5}}, Total: 9},
		"goes back":            {Parts: []listing.Part{{}, {First: 2000}, {First: 1000}}, Total: 3000},
		"below zero":           {Parts: []listing.Part{{}, {First: -1}}, Total: 3000},
		"fewer than its parts": {Parts: []listing.Part{{}, {First: 1000}}, Total: 999},
	} {
		if diff := cmp.Diff(listing.Listing{}, l.Sound()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
