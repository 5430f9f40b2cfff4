package drill

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/store/storetest"
)

// Each step fails where the installation misbehaves.

func TestCredentialsThatAWSDoesNotIssueFailTheirStep(t *testing.T) {
	w := newWorld(t)
	w.alice.SetOutOfStep(true)
	r := w.drills(t)
	wantFailed(t, r, "credentials", "the record has the grant", "device_not_validated")
	if got := results(r); got["tokens"] != NotTried || got["revoke"] != NotTried {
		t.Errorf("got %v, want what needs credentials not to be tried", got)
	}
}

func TestShorterTokensFailTheirStep(t *testing.T) {
	w := newWorld(t)
	w.padding = 900
	wantFailed(t, w.drills(t), "tokens", "900 bytes")
}

func TestAnAWSThatDoesNotRefuseAWrongCodeFailsTheRefusal(t *testing.T) {
	w := newWorld(t)
	w.typing = func(_ *drill, text string) {
		if strings.HasPrefix(text, "prod ") {
			w.aws.Inject(awstest.Fault{Action: "GetSessionToken", Error: &awstest.FaultError{Code: "Throttling", Message: "Rate exceeded"}})
		}
	}
	wantFailed(t, w.drills(t), "refusal", "a wrong code is refused by AWS", "throttled")
}

func TestAnAccountThatTheUserMayHaveIsNoRefusal(t *testing.T) {
	w := newWorld(t, "allow: [U03CAROL]", "allow: [U03CAROL, U01ALICE]")
	r := w.drills(t)
	if !strings.Contains(r.Steps[2].Why, "in part: the config has none") {
		t.Errorf("got %+v, want it to say that no Account could be tried", r.Steps[2])
	}
}

func TestAnAdminWhoIsNoneCanNeitherUnlockNorPauseAndWhatStaysIsSaid(t *testing.T) {
	w := newWorld(t)
	w.Admin = "U03CAROL"
	r := w.drills(t)
	wantFailed(t, r, "lock_out", "an admin ends it", "not_an_admin", "NOT UNDONE: the lock-out of alice")
	wantFailed(t, r, "pause", "an admin pauses the bot")
	if len(r.Left) != 1 {
		t.Errorf("got %q left", r.Left)
	}
	told := ""
	for _, m := range w.slack.InChannel("C0AUDIT") {
		told += m.Plain()
	}
	if !strings.Contains(told, "Not undone: the lock-out of alice") {
		t.Errorf("the audit channel does not tell what is not undone:\n%s", told)
	}
}

func TestARevokerThatAWSDoesNotLetInFailsTheRevocation(t *testing.T) {
	w := newWorld(t)
	w.aws.AddRole(awstest.Role{Account: "333333333333", Name: "Revoker", Trust: awstest.Trust{Principals: []string{awstest.UserARN("111111111111", "alice")}}})
	wantFailed(t, w.drills(t), "revoke", "AWS refuses the credentials that are out", "revocation_failed")
}

func TestWithoutARevokerThatPartIsNotTried(t *testing.T) {
	w := newWorld(t, "    revoker: arn:aws:iam::333333333333:role/Revoker\n", "")
	r := w.drills(t)
	if got := r.Steps[5]; got.Result != Passed || !strings.Contains(got.Why, "staging has no revoker") || got.Checks[len(got.Checks)-1].Result != NotTried {
		t.Errorf("got %+v", got)
	}
}

func TestABotThatAsksAWSWithoutRedisFailsItsStep(t *testing.T) {
	w := newWorld(t)
	w.uncut = true // as if it served on
	wantFailed(t, w.drills(t), "redis_away", "AWS is not asked", "1 calls")
}

func TestARecordOfWhichAnEntryIsGoneFailsItsStep(t *testing.T) {
	w := newWorld(t)
	rdb := storetest.Raw(t, w.Settings.RedisURL.Reveal())
	say := w.Say
	w.Say = func(line string) {
		say(line)
		if strings.Contains(line, "redis away") {
			deleteEntry(t, rdb)
		}
	}
	r, err := Run(t.Context(), w.Options)
	if err == nil {
		wantFailed(t, r, "record")
	} else if r.Steps[len(r.Steps)-1].Result != Failed {
		t.Errorf("got %+v, %v", r.Steps, err)
	}
}

func deleteEntry(t *testing.T, rdb redis.UniversalClient) {
	t.Helper()
	keys, err := rdb.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Error(err)
	}
	gone := int64(0)
	for _, key := range keys {
		if n, err := rdb.XDel(t.Context(), key, "3-0").Result(); err == nil {
			gone += n
		}
	}
	if gone == 0 {
		t.Error("no entry was deleted")
	}
}

func TestADrillThatIsStoppedLiftsThePauseAndEndsWhatItWasGiven(t *testing.T) {
	w := newWorld(t)
	ctx, stop := context.WithCancelCause(t.Context())
	w.typing = func(_ *drill, text string) {
		if strings.HasPrefix(text, "resume") {
			stop(errors.New("told to stop"))
		}
	}
	r, err := Run(ctx, w.Options)
	if err != nil {
		t.Fatal(err)
	}
	wantFailed(t, r, "pause", "told to stop")
	if got := results(r); got["revoke"] != NotTried || len(r.Left) != 0 {
		t.Errorf("got %v, left %q", got, r.Left)
	}
	// Another drill may begin: nothing is paused, and nobody locked out.
	w.typing = nil
	w.Skip = []string{"credentials", "tokens", "lock_out", "pause", "revoke", "redis_away"}
	if again := w.drills(t); again.Result != Passed {
		t.Errorf("got %v", results(again))
	}
}

// What was typed when it was stopped is still done by the bot.
func TestADrillThatIsStoppedWaitsForWhatItTypedAndTakesThatBack(t *testing.T) {
	for _, prefix := range []string{"pause", "staging "} {
		t.Run(prefix, func(t *testing.T) {
			w := newWorld(t)
			w.Skip = []string{"lock_out"}
			ctx, stop := context.WithCancelCause(t.Context())
			w.typing = func(_ *drill, text string) {
				if strings.HasPrefix(text, prefix) {
					stop(errors.New("told to stop"))
				}
			}
			w.aws.Inject(awstest.Fault{Action: "AssumeRole", Latency: 300 * time.Millisecond})
			r, err := Run(ctx, w.Options)
			if err != nil || r.Result != Failed || len(r.Left) != 0 {
				t.Fatalf("got %v, left %q, %v", results(r), r.Left, err)
			}
			w.typing = func(d *drill, text string) {
				live, err := d.app.Store.Grants.LiveGrants(t.Context(), w.User)
				if err != nil || len(live) > 0 {
					t.Errorf("before %q: %d grants are left, %v", text, len(live), err)
				}
			}
			w.Skip = []string{"credentials", "tokens", "lock_out", "pause", "revoke", "redis_away"}
			if again := w.drills(t); again.Result != Passed {
				t.Errorf("got %v", results(again))
			}
		})
	}
}

func TestADrillInWhichNothingWasTriedOrThatWasStoppedHasNotPassed(t *testing.T) {
	t.Parallel()
	one := Step{Name: "record", Result: Passed}
	for name, steps := range map[string][]Step{
		"no step": nil, "all left out": {{Name: "record", Result: NotTried, Why: "whoever ran it left it out"}},
		"stopped": {one, {Name: "record", Result: NotTried, Why: stopped}},
	} {
		if got := resultOf(steps, nil); got != Failed {
			t.Errorf("%s: got %s", name, got)
		}
	}
	if got := resultOf([]Step{one, {Name: "pause", Result: NotTried}}, nil); got != Passed {
		t.Errorf("got %s", got)
	}
}

func TestADrillIsNotBegunWhereItCouldShowNothingOrDoHarm(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*world)
		want   string
	}{
		"a stranger":          {func(w *world) { w.User = "U09NOBODY" }, "is no User"},
		"no such account":     {func(w *world) { w.Account = "nowhere" }, "is no Account"},
		"not theirs":          {func(w *world) { w.Account = "prod" }, "may not have prod"},
		"their own admin":     {func(w *world) { w.Admin = w.User }, "nobody unlocks themselves"},
		"a step that is none": {func(w *world) { w.Skip = []string{"lunch"} }, "there is no step"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.change(w)
			if r, err := Run(t.Context(), w.Options); err == nil || !strings.Contains(err.Error(), test.want) || r.Drill != "" {
				t.Errorf("got %+v, %v", r, err)
			}
			if n := len(w.aws.Calls()); n > 0 {
				t.Errorf("AWS was asked %d times", n)
			}
		})
	}
}
