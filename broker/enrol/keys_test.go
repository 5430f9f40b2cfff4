package enrol_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/enrol"
	"github.com/assumebot/assumebot/broker/rotation"
	"github.com/assumebot/assumebot/broker/secret"
)

// stored is the ID of the key that the secret holds.
func (b *bench) stored() string {
	var in struct {
		ID string `json:"access_key_id"`
	}
	_ = json.Unmarshal([]byte(b.aws.SecretNow(hub, secretName, "AWSCURRENT")), &in)
	return in.ID
}

// keys are the IDs of all keys of the person.
func (b *bench) keys() []string {
	active, inactive := b.aws.KeyIDs(b.user())
	return append(active, inactive...)
}

// second is another key of the person, which somebody else made.
func (b *bench) second() secret.Credentials {
	b.t.Helper()
	b.aws.SetNewKeysUnknown(0)
	key, err := b.people.CreateKey(b.t.Context(), "alice")
	if err != nil {
		b.t.Fatal(err)
	}
	return key
}

// halfRemoved is a person of whom `user remove` has deleted the key that the secret holds, and has died then. Another
// key is there, which somebody has made since.
func halfRemoved(t *testing.T) (b *bench, gone string, left secret.Credentials) {
	t.Helper()
	b = newBench(t)
	if err := b.add(); err != nil {
		t.Fatal(err)
	}
	gone = b.stored()
	b.at = func(b *bench, _ string) (error, error) {
		if len(b.keys()) == 0 {
			return errDied, nil
		}
		return nil, nil
	}
	if err := b.enrolment().Remove(t.Context()); !errors.Is(err, errDied) || b.stored() != gone {
		t.Fatalf("got %v with %q stored, want it dead with %q stored", err, b.stored(), gone)
	}
	left = b.second()
	b.at, b.changes = nil, 0
	return b, gone, left
}

func TestAKeyThatIsGoneIsReplacedThoughAnotherIsThere(t *testing.T) {
	t.Parallel()
	b, gone, left := halfRemoved(t)
	p, err := b.enrolment().Plan(t.Context())
	plan := strings.Join(p.Todo, "\n")
	if err != nil || !strings.Contains(plan, gone) || !strings.Contains(plan, left.AccessKeyID) || b.changes > 0 {
		t.Errorf("got %q, %v after %d changes, want a plan that names %s and %s", plan, err, b.changes, gone, left.AccessKeyID)
	}
	if err := b.add(); err != nil {
		t.Fatal(err)
	}
	if b.whole(); b.stored() == gone || b.stored() == left.AccessKeyID {
		t.Errorf("got %s stored, want a new one", b.stored())
	}
}

func TestAKeyThatSomebodyUsesIsLeftThoughTheStoredOneIsGone(t *testing.T) {
	t.Parallel()
	b, _, left := halfRemoved(t)
	if _, err := b.people.Owner(t.Context(), left); err != nil {
		t.Fatal(err)
	}
	for what, try := range map[string]func(*bench) error{"plan": planned, "add": (*bench).add} {
		var foreign *enrol.Foreign
		if err := try(b); !errors.As(err, &foreign) || !strings.Contains(err.Error(), left.AccessKeyID) || b.changes > 0 {
			t.Errorf("%s: got %v after %d changes, want that key named and nothing done", what, err, b.changes)
		}
	}
}

func planned(b *bench) error {
	_, err := b.enrolment().Plan(b.t.Context())
	return err
}

// TestAPlanNamesTheKeysThatAreDeleted is of a run that died between making a key and storing it.
func TestAPlanNamesTheKeysThatAreDeleted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.at = func(_ *bench, call string) (error, error) {
		if call == "PutKey" || call == "DeleteKey" {
			return errDied, nil
		}
		return nil, nil
	}
	_ = b.add()
	b.at = nil
	lost := b.keys()
	p, err := b.enrolment().Plan(t.Context())
	if plan := strings.Join(p.Todo, "\n"); err != nil || len(lost) != 1 || !strings.Contains(plan, "delete the access key "+lost[0]) {
		t.Errorf("got %q, %v, want it to name the keys %v", plan, err, lost)
	}
	if err := b.add(); err != nil {
		t.Fatal(err)
	}
	b.whole()
}

func TestAddGoesOnAfterARemoveThatDiedAtAnyCall(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for n := 1; ; n++ {
			b, at := newBench(t), ""
			if err := b.add(); err != nil {
				t.Fatal(err)
			}
			b.second()
			b.changes = 0
			if at = b.dyingAt(n, after, func(b *bench) error { return b.enrolment().Remove(t.Context()) }); at == "" {
				break
			}
			err := b.add()
			active, _ := b.aws.KeyIDs(b.user())
			works := slices.Contains(active, b.stored())
			var foreign *enrol.Foreign
			if (err == nil) != works || err != nil && (!errors.As(err, &foreign) || !strings.Contains(err.Error(), "is not active")) {
				t.Fatalf("after it died at %s, done: %v: got %v with %s stored and the keys %v active", at, after, err, b.stored(), active)
			}
			if err != nil { // and says what to do
				if err = b.enrolment().Remove(t.Context()); err == nil {
					err = b.add()
				}
				if b.whole(); err != nil || t.Failed() {
					t.Fatalf("after it died at %s, done: %v, and ran again: %v", at, after, err)
				}
			}
		}
	}
}

func TestWhatThePlanHasNotSaidIsNotDone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(b *bench)
		since  func(b *bench) (id string)
		want   string
	}{
		"a key is there": {func(*bench) {}, func(b *bench) string {
			if err := b.people.CreateUser(t.Context(), b.person()); err != nil {
				t.Fatal(err)
			}
			return b.second().AccessKeyID
		}, "EntityAlreadyExists"},
		"another key is there": {func(b *bench) {
			if err := b.add(); err != nil {
				t.Fatal(err)
			}
			b.aws.DeleteKey(b.stored())
		}, func(b *bench) string { return b.second().AccessKeyID }, "was made since this began"},
		"the stored key is gone": {func(b *bench) {
			if err := b.add(); err != nil {
				t.Fatal(err)
			}
		}, func(b *bench) string {
			left := b.second()
			b.aws.DeleteKey(b.stored())
			return left.AccessKeyID
		}, "is gone since this began"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			c.before(b)
			e := b.enrolment()
			e.Policy = strings.Replace(e.Policy, "OnCall", "Developer", 1) // so that there is something to do
			plan, err := e.Plan(t.Context())
			if err != nil || len(plan.Todo) == 0 {
				t.Fatalf("got %q, %v, want a plan", plan.Todo, err)
			}
			id := c.since(b)
			_, _, err = e.Add(t.Context(), plan)
			if err == nil || !strings.Contains(err.Error(), c.want) || !slices.Equal(b.keys(), []string{id}) {
				t.Errorf("got %v and the keys %v, want %q and %s alone", err, b.keys(), c.want, id)
			}
		})
	}
}

func TestARunWaitsForAnotherThatIsAboutToStoreItsKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	made, store := make(chan struct{}), make(chan struct{})
	stores := sync.OnceFunc(func() { close(store) })
	b.at = func(_ *bench, call string) (error, error) {
		if call == "PutKey" {
			close(made)
			<-store
		}
		return nil, nil
	}
	first := make(chan error, 1)
	go func() { first <- b.add() }()
	<-made
	b.at = nil
	waited := time.Duration(0)
	other := b.enrolment()
	other.Pause = func(_ context.Context, d time.Duration) error {
		stores()
		waited = d
		return <-first
	}
	plan, err := other.Plan(t.Context())
	if err == nil {
		_, _, err = other.Add(t.Context(), plan)
	}
	stores()
	if err != nil || waited <= 0 || waited > time.Minute {
		t.Errorf("got %v after waiting %s, want that it waits, and leaves all as it is", err, waited)
	}
	b.whole()
}

func TestASecretThatIsBroughtBackStillHoldsItsKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.add(); err != nil {
		t.Fatal(err)
	}
	was := b.stored()
	if err := b.people.DeleteSecret(t.Context(), secretName); err != nil {
		t.Fatal(err)
	}
	plan, err := b.enrolment().Plan(t.Context())
	if err != nil || len(plan.Todo) != 1 || !strings.HasPrefix(plan.Todo[0], "bring back the secret") {
		t.Errorf("got %q, %v, want the secret brought back and nothing else", plan.Todo, err)
	}
	if err := b.add(); err != nil {
		t.Fatal(err)
	}
	if b.whole(); b.stored() != was {
		t.Errorf("got %s stored, want %s", b.stored(), was)
	}
}

// TestASecretOfAnOlderReleaseIsTakenForWhole: its version does not tell which key it holds.
func TestASecretOfAnOlderReleaseIsTakenForWhole(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.add(); err != nil {
		t.Fatal(err)
	}
	b.aws.PutSecret(hub, secretName, b.aws.SecretNow(hub, secretName, "AWSCURRENT"))
	b.whole()
	plan, err := b.enrolment().Plan(t.Context())
	if _, told := plan.Secret.Key(); err != nil || told {
		t.Errorf("got %t, %v, want that nobody knows which key it is", told, err)
	}
	b.aws.DisableKey(b.stored())
	if _, err := b.enrolment().Plan(t.Context()); err == nil || !strings.Contains(err.Error(), b.stored()) {
		t.Errorf("deactivated: got %v, want the key named", err)
	}
	b.aws.DeleteKey(b.stored())
	if err := b.add(); err != nil {
		t.Fatal(err)
	}
	b.whole()
}

func TestAKeyThatSomebodyMakesAtTheSameTimeIsLeft(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other := ""
	b.at = func(b *bench, call string) (error, error) {
		if call == "CreateKey" {
			other = b.second().AccessKeyID
		}
		return nil, nil
	}
	err := b.add()
	if err == nil || !strings.Contains(err.Error(), other) || !slices.Equal(b.keys(), []string{other}) || b.stored() != "" {
		t.Errorf("got %v with %q stored and the keys %v, want %s named and left, and nothing stored", err, b.stored(), b.keys(), other)
	}
}

// late is an IAM whose list of keys is behind.
type late struct {
	calls
	behind bool
}

func (l *late) Keys(ctx context.Context, user string) ([]rotation.Key, error) {
	if l.behind {
		return nil, nil
	}
	return l.People.Keys(ctx, user)
}

func TestAKeyThatIAMListsLateIsWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.add(); err != nil {
		t.Fatal(err)
	}
	was, iam, e := b.stored(), &late{calls{b.people, b}, true}, b.enrolment()
	e.IAM, b.changes = iam, 0
	e.Pause = func(context.Context, time.Duration) error {
		iam.behind = false
		return nil
	}
	plan, err := e.Plan(t.Context())
	if err == nil {
		_, _, err = e.Add(t.Context(), plan)
	}
	if err != nil || b.changes > 0 || b.stored() != was {
		t.Errorf("got %v after %d changes with %s stored, want %s left", err, b.changes, b.stored(), was)
	}
	b.whole()
}
