package slacktest_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/slacktest"
)

func TestUsersAreListedInPagesDeactivatedOnesTooAndNoStrangers(t *testing.T) {
	s := start(t)
	api := client(s)
	for i := range 5 {
		s.AddUser(slacktest.User{ID: fmt.Sprintf("U09%d", i), Deleted: i == 3, Stranger: i == 4})
	}
	got, sizes := map[string]bool{}, []int{}
	for page := api.GetUsersPaginated(slack.GetUsersOptionLimit(2)); ; {
		var err error
		if page, err = page.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, u := range page.Users {
			if got[u.ID] {
				t.Errorf("%s: got twice", u.ID)
			}
			got[u.ID] = true
			if u.Deleted != (u.ID == "U093") {
				t.Errorf("%s: got deleted %t", u.ID, u.Deleted)
			}
		}
		if sizes = append(sizes, len(page.Users)); page.Cursor == "" {
			break
		}
	}
	if !got["U090"] || !got["U093"] || got["U094"] || sizes[0] != 2 {
		t.Errorf("got %v in pages of %v, want all of the workspace in pages of 2", got, sizes)
	}
	for _, test := range []struct {
		option slack.GetUsersOption
		want   string
	}{
		{slack.GetUsersOptionLimit(1001), "invalid_limit"},
		{slack.GetUsersOptionCursor("?"), "invalid_cursor"},
		{slack.GetUsersOptionTeamID("T0999"), "team_not_found"},
	} {
		_, err := api.GetUsersPaginated(test.option).Next(t.Context())
		wantError(t, err, test.want)
	}
}

func TestAMethodTakesSoManyCallsAMinute(t *testing.T) {
	s := start(t)
	now := time.Now()
	s.SetClock(func() time.Time { return now })
	s.LimitCalls("auth.test", 2)
	ask := func(limited time.Duration) {
		t.Helper()
		_, err := client(s).AuthTestContext(t.Context())
		var refused *slack.RateLimitedError
		if errors.As(err, &refused) != (limited > 0) || refused != nil && refused.RetryAfter != limited {
			t.Errorf("got %v, want to wait %s", err, limited)
		}
	}
	ask(0)
	now = now.Add(20 * time.Second)
	ask(0)
	ask(40 * time.Second)
	now = now.Add(40 * time.Second)
	ask(0)
	ask(20 * time.Second)
	s.LimitCalls("auth.test", 0)
	ask(time.Minute)
}
