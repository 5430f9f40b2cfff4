package rotation_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// ends counts the calls of a rotation that nothing disturbs.
func ends(t *testing.T) (b *bench, calls int) {
	t.Helper()
	b = newBench(t)
	p := b.process()
	p.run(daily)
	b.settled()
	if t.Failed() {
		t.FailNow()
	}
	return b, p.calls
}

// disturb makes a rotation for each of its calls, with trouble at that call.
func disturb(t *testing.T, trouble func(b *bench, p *process, call string) (after func() error)) {
	t.Helper()
	b, calls := ends(t)
	for n := 1; n <= calls; n++ {
		b.reset()
		p, at := b.process(), ""
		p.at = func(p *process, call string) func() error {
			if p.calls != n {
				return func() error { return nil }
			}
			at = call
			return trouble(b, p, call)
		}
		p.run(daily)
		b.process().run(daily) // who comes next
		b.settled()
		if t.Failed() {
			t.Fatalf("at call %d of %d, %s", n, calls, at)
		}
	}
}

func TestARotationGoesOnAfterItsProcessDiedBeforeAnyCall(t *testing.T) {
	t.Parallel()
	disturb(t, func(_ *bench, p *process, _ string) func() error {
		p.dead = true
		return nil
	})
}

func TestARotationGoesOnAfterItsProcessDiedAfterAnyCall(t *testing.T) {
	t.Parallel()
	disturb(t, func(_ *bench, p *process, _ string) func() error {
		return func() error {
			p.dead = true
			return errDead
		}
	})
}

func TestARotationGoesOnAfterAnyAnswerThatWasLost(t *testing.T) {
	t.Parallel()
	disturb(t, func(*bench, *process, string) func() error {
		return func() error { return errors.New("connection reset") }
	})
}

// TestAFrozenProcessDoesNoHarmWhenItWakes: it stands still right before each of its calls, after it saw that it
// held the lease, and another has rotated the key meanwhile, to the end.
func TestAFrozenProcessDoesNoHarmWhenItWakes(t *testing.T) {
	t.Parallel()
	disturb(t, func(b *bench, _ *process, _ string) func() error {
		b.process().run(daily)
		return func() error { return nil }
	})
}

// TestAProcessThatStandsStillForAFewStepsOfAnotherDoesNoHarm: the other has done a part alone.
func TestAProcessThatStandsStillForAFewStepsOfAnotherDoesNoHarm(t *testing.T) {
	t.Parallel()
	disturb(t, func(b *bench, _ *process, _ string) func() error {
		r := b.process().rotation()
		for range 3 {
			if done, err := r.Step(t.Context(), held, b.alice, daily); err == nil {
				b.advance(min(done.Wait, time.Minute))
			}
		}
		return func() error { return nil }
	})
}

func TestEachStepIsOnTheRecordBeforeAndAfterItIsDone(t *testing.T) {
	t.Parallel()
	b, _ := ends(t)
	var got []string
	for _, e := range b.events {
		d := e.Data.(event.RotationData)
		got = append(got, d.Step+" "+d.State)
		if d.Target != b.alice.Who || d.StoredIn != name || d.IAMUser != b.user() {
			t.Errorf("got %+v, want whose key it is", d)
		}
	}
	want := []string{
		"create intent", "create done", "store intent", "store done", "test done", "switch intent", "switch done",
		"deactivate intent", "deactivate done", "delete intent", "delete done",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestTheOtherFieldsOfASecretAreKept: people keep more in it than the key.
func TestTheOtherFieldsOfASecretAreKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.aws.PutSecret(hub, name, `{"owner":"team <a>","Access_Key_ID":"x","access_key_id":"`+aliceKey+
		`","secret_access_key":"`+aliceSecret+`","big":12345678901234567890,"more":{"a":[1,null]}}`)
	b.process().run(daily)
	b.settled()
	got := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(b.aws.SecretNow(hub, name, "AWSCURRENT")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 5 || string(got["big"]) != "12345678901234567890" || string(got["more"]) != `{"a":[1,null]}` {
		t.Errorf("got %d fields, big %s, more %s; want owner, big and more beside the new key", len(got), got["big"], got["more"])
	}
}
