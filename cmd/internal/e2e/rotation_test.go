package e2e

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/rotation"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

const bobKeyID = "AKIABOB0000000000000"

// exported is one variable of a bash snippet.
var exported = regexp.MustCompile(`export (AWS_[A-Z_]+)='([^']+)'`)

// served has bob ask for staging, uses what he is given, and returns the access key that the bot asked STS with.
func (w *world) served(when string) (signer string) {
	w.t.Helper()
	shown := w.says("U02BOB", "/assume", "staging "+w.bob.Code())
	env := map[string]string{}
	for _, snippet := range shown.Preformatted() {
		for _, m := range exported.FindAllStringSubmatch(snippet, -1) {
			env[m[1]] = m[2]
		}
	}
	issued := secret.Credentials{
		AccessKeyID:     env["AWS_ACCESS_KEY_ID"],
		SecretAccessKey: secret.New(env["AWS_SECRET_ACCESS_KEY"]),
		SessionToken:    secret.New(env["AWS_SESSION_TOKEN"]),
	}
	person := awsapi.NewAt(awsapi.Place{Endpoint: w.place, Key: issued}, "eu-west-1", w.getenv, w.now)
	if account, err := awsapi.NewRotator(person).Own(w.t.Context()); err != nil || account != "333333333333" {
		w.t.Fatalf("%s: the credentials are of the account %q, %v, want those of staging; bob was told:\n%s", when, account, err, shown.Plain())
	}
	for _, c := range slices.Backward(w.aws.Calls()) {
		if c.Action == "AssumeRole" {
			return c.AccessKeyID
		}
	}
	return ""
}

// TestARequestIsServedAtEachStepOfARotation: another replica replaces the key of bob, and he asks through Slack in
// between. The bot has the former key in memory when it is replaced, and no longer when it is deactivated.
func TestARequestIsServedAtEachStepOfARotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	another := awsapi.NewAt(*w.botOnAWS(), "eu-west-1", w.getenv, w.now)
	by := app.NewRotation(another, r.Store, r.Record, w.now)
	bob := rotation.Subject{Who: event.Person{ID: "U02BOB", Name: "bob@example.com"}, Secret: "assumebot/bob"}

	var steps []string
	fresh := "" // the new access key ID
	asks := func(when, want string) {
		t.Helper()
		if got := w.served(when); got != want {
			t.Errorf("%s: the bot asked with %s, want %s", when, got, want)
		}
	}
	asks("before", bobKeyID)
	for range 20 {
		p, err := by.Step(t.Context(), func() error { return nil }, bob, rotation.Order{Replace: bobKeyID})
		if err != nil {
			t.Fatal(err)
		}
		if p.Done() {
			break
		}
		if p.Did != "" && !slices.Contains(steps, p.Did) {
			steps = append(steps, p.Did)
			switch p.Did {
			case event.RotateCreate: // and stored, beside the one that is current
				fresh = p.Key
				w.later(r, 6*time.Minute) // so that the secret is read anew
				asks("created", bobKeyID)
			case event.RotateTest:
				w.later(r, 6*time.Minute)
				asks("tested", bobKeyID)
			case event.RotateSwitch:
				w.later(r, 30*time.Second)
				asks("switched, with the former one in memory", bobKeyID)
			default: // deactivated or deleted right now
				asks(p.Did, fresh)
			}
		}
		w.later(r, p.Wait)
	}
	if want := []string{event.RotateCreate, event.RotateTest, event.RotateSwitch, event.RotateDeactivate, event.RotateDelete}; !slices.Equal(steps, want) {
		t.Errorf("got the steps %q, want %q", steps, want)
	}
	if active, inactive := w.aws.KeyIDs(awstest.UserARN("111111111111", "bob")); !slices.Equal(active, []string{fresh}) || len(inactive) > 0 {
		t.Errorf("got the keys %q and %q inactive, want %s alone", active, inactive, fresh)
	}
	w.auditTells("Key replaced", "bob@example.com", fresh, bobKeyID)
}
