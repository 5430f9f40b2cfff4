package enrol_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/enrol"
	"github.com/assumebot/assumebot/broker/secret"
)

const hub, secretName = "111111111111", "assumebot/alice"

// bench is an AWS in which an operator works who has the shipped policy and no more.
type bench struct {
	t      *testing.T
	aws    *awstest.Server
	people awsapi.People
	now    time.Time
	said   []string

	shown   []enrol.Device
	wrong   int // how many times the person types what is wrong
	changes int // calls that change something
	at      func(b *bench, call string) (before, after error)
}

func shipped(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("../../deploy/iam/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	aws, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	b := &bench{t: t, aws: aws, now: time.Now().Truncate(time.Second)}
	aws.SetClock(func() time.Time { return b.now })
	aws.AddManagedPolicy(hub, "assumebot-people", shipped(t, "user-policy.json"))
	aws.AddUser(awstest.User{
		Account: hub, Name: "operator", AccessKeyID: "AKIAOPERATOR00000000", SecretAccessKey: "op", Policy: shipped(t, "user-admin-policy.json"),
	})
	aws.SetNewKeysUnknown(2)
	place := awsapi.Place{Endpoint: aws.URL(), Key: secret.Credentials{AccessKeyID: "AKIAOPERATOR00000000", SecretAccessKey: secret.New("op")}}
	b.people = awsapi.NewPeople(awsapi.NewAt(place, "eu-west-1", func(string) string { return "" }, func() time.Time { return b.now }))
	return b
}

func (b *bench) person() enrol.Person {
	return enrol.Person{
		Name: "alice", Path: "/assumebot/", Secret: secretName, Policy: compact(b.t, shipped(b.t, "user-policy.json")),
		Boundary: "arn:aws:iam::" + hub + ":policy/assumebot-people",
	}
}

func compact(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	out, _ := json.Marshal(v)
	return string(out)
}

func (b *bench) enrolment() *enrol.Enrolment {
	calls := calls{b.people, b}
	return &enrol.Enrolment{Person: b.person(), Deps: enrol.Deps{
		IAM: calls, Devices: calls, Secrets: calls, Owners: calls, Terminal: b,
		Say: func(format string, args ...any) { b.said = append(b.said, fmt.Sprintf(format, args...)) },
		Now: func() time.Time { return b.now },
		Pause: func(ctx context.Context, d time.Duration) error {
			b.now = b.now.Add(d)
			return ctx.Err()
		},
	}}
}

// Show implements [enrol.Terminal].
func (b *bench) Show(d enrol.Device) error {
	b.shown = append(b.shown, d)
	return nil
}

// Codes implements [enrol.Terminal]: what an authenticator shows that has scanned the newest device.
func (b *bench) Codes(context.Context, bool) (string, string, error) {
	seed := b.shown[len(b.shown)-1].Seed.Reveal()
	if b.wrong > 0 {
		b.wrong--
		return totp(b.t, seed, b.now), totp(b.t, seed, b.now.Add(-time.Hour)), nil
	}
	first := totp(b.t, seed, b.now)
	b.now = b.now.Add(30 * time.Second)
	return first, totp(b.t, seed, b.now), nil
}

// totp is RFC 6238 over a seed as a person would type it.
func totp(t *testing.T, seed string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.DecodeString(seed)
	if err != nil {
		t.Fatal(err)
	}
	m := hmac.New(sha1.New, key)
	_ = binary.Write(m, binary.BigEndian, at.Unix()/30)
	sum := m.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// calls are those to AWS, any of which may go wrong.
type calls struct {
	awsapi.People
	b *bench
}

func (c calls) do(call string, work func() error) error {
	c.b.changes++
	if c.b.at == nil {
		return work()
	}
	before, after := c.b.at(c.b, call)
	if before != nil {
		return before
	}
	return errors.Join(work(), after)
}

func (c calls) CreateUser(ctx context.Context, p enrol.Person) error {
	return c.do("CreateUser", func() error { return c.People.CreateUser(ctx, p) })
}

func (c calls) PutPolicy(ctx context.Context, user, text string) error {
	return c.do("PutPolicy", func() error { return c.People.PutPolicy(ctx, user, text) })
}

func (c calls) CreateDevice(ctx context.Context, path, name string) (d enrol.Device, err error) {
	err = c.do("CreateDevice", func() (err error) { d, err = c.People.CreateDevice(ctx, path, name); return err })
	return d, err
}

func (c calls) EnableDevice(ctx context.Context, user, serial, first, second string) error {
	return c.do("EnableDevice", func() error { return c.People.EnableDevice(ctx, user, serial, first, second) })
}

func (c calls) CreateSecret(ctx context.Context, name string) error {
	return c.do("CreateSecret", func() error { return c.People.CreateSecret(ctx, name) })
}

func (c calls) CreateKey(ctx context.Context, user string) (key secret.Credentials, err error) {
	err = c.do("CreateKey", func() (err error) { key, err = c.People.CreateKey(ctx, user); return err })
	return key, err
}

func (c calls) RestoreSecret(ctx context.Context, name string) error {
	return c.do("RestoreSecret", func() error { return c.People.RestoreSecret(ctx, name) })
}

func (c calls) PutEmpty(ctx context.Context, name, version string) error {
	return c.do("PutEmpty", func() error { return c.People.PutEmpty(ctx, name, version) })
}

func (c calls) DeactivateKey(ctx context.Context, user, id string) error {
	return c.do("DeactivateKey", func() error { return c.People.DeactivateKey(ctx, user, id) })
}

func (c calls) PutKey(ctx context.Context, name string, key secret.Credentials) error {
	return c.do("PutKey", func() error { return c.People.PutKey(ctx, name, key) })
}

func (c calls) DeleteKey(ctx context.Context, user, id string) error {
	return c.do("DeleteKey", func() error { return c.People.DeleteKey(ctx, user, id) })
}

func (c calls) DeleteSecret(ctx context.Context, name string) error {
	return c.do("DeleteSecret", func() error { return c.People.DeleteSecret(ctx, name) })
}

func (c calls) DeactivateDevice(ctx context.Context, user, serial string) error {
	return c.do("DeactivateDevice", func() error { return c.People.DeactivateDevice(ctx, user, serial) })
}

func (c calls) DeleteDevice(ctx context.Context, serial string) error {
	return c.do("DeleteDevice", func() error { return c.People.DeleteDevice(ctx, serial) })
}

func (c calls) DeletePolicy(ctx context.Context, user string) error {
	return c.do("DeletePolicy", func() error { return c.People.DeletePolicy(ctx, user) })
}

func (c calls) DeleteUser(ctx context.Context, name string) error {
	return c.do("DeleteUser", func() error { return c.People.DeleteUser(ctx, name) })
}

func (b *bench) user() string { return awstest.UserARN(hub, "assumebot/alice") }

// whole holds once all is made: one key, which works and is stored, one device, and nothing left to do.
func (b *bench) whole() {
	b.t.Helper()
	active, inactive := b.aws.KeyIDs(b.user())
	if len(inactive) > 0 || len(active) != 1 || active[0] != b.stored() {
		b.t.Errorf("got the keys %v and %v, with %q stored, want the one that is stored", active, inactive, b.stored())
	}
	plan, err := b.enrolment().Plan(b.t.Context())
	if err != nil || len(plan.Todo) > 0 || !slices.Equal(plan.Devices, []string{deviceARN}) {
		b.t.Errorf("got %q left to do with the devices %v, %v; want nothing", plan.Todo, plan.Devices, err)
	}
}

func (b *bench) add() error {
	e := b.enrolment()
	plan, err := e.Plan(b.t.Context())
	if err == nil {
		_, _, err = e.Add(b.t.Context(), plan)
	}
	return err
}

func TestAPersonIsMadeInOneGoUnderTheShippedPolicy(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.wrong = 1
	plan, err := b.enrolment().Plan(t.Context())
	if err != nil || len(plan.Todo) != 5 || b.changes > 0 {
		t.Fatalf("got %q, %v after %d changes, want five steps and none done", plan.Todo, err, b.changes)
	}
	if err := b.add(); err != nil {
		t.Fatal(err)
	}
	b.whole()
	text := strings.Join(b.said, "\n")
	if !strings.Contains(text, "AWS knows it as "+b.user()) {
		t.Errorf("got %s, want the key tested", text)
	}
	if strings.Contains(text, b.shown[0].Seed.Reveal()) || strings.Contains(text, b.aws.SecretNow(hub, secretName, "AWSCURRENT")[60:]) {
		t.Errorf("a secret is printed: %s", text)
	}
	before := b.changes
	if err := b.add(); err != nil || b.changes != before {
		t.Errorf("again: got %v after %d changes, want nothing done", err, b.changes-before)
	}
}

var errDied = errors.New("the process has ended")

// dyingAt runs what ends, as its process does, at call n, before or after it. It tells which call that was.
func (b *bench) dyingAt(n int, after bool, run func(b *bench) error) (at string) {
	dead := false
	b.at = func(b *bench, call string) (error, error) {
		if dead {
			return errDied, nil
		}
		if b.changes != n {
			return nil, nil
		}
		dead, at = true, call
		if after {
			return nil, errDied
		}
		return errDied, nil
	}
	if err := run(b); !dead && err != nil {
		b.t.Fatal(err)
	}
	b.at = nil
	return at
}

func TestAddGoesOnAfterItsProcessDiedAtAnyCall(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{false, true} {
		for n := 1; ; n++ {
			b := newBench(t)
			at := b.dyingAt(n, after, (*bench).add)
			if at == "" {
				break
			}
			if err := b.add(); err != nil {
				t.Fatalf("after it died at %s: %v", at, err)
			}
			if b.whole(); t.Failed() {
				t.Fatalf("after it died at %s, done: %v", at, after)
			}
		}
	}
}

func TestRemoveTakesAllAwayAfterItsProcessDiedAtAnyCall(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		b, at, dead := newBench(t), "", false
		if err := b.add(); err != nil {
			t.Fatal(err)
		}
		b.changes = 0
		b.at = func(b *bench, call string) (error, error) {
			if dead = dead || b.changes == n; dead {
				at = call
				return nil, errDied
			}
			return nil, nil
		}
		err := b.enrolment().Remove(t.Context())
		b.at = nil
		if dead {
			err = b.enrolment().Remove(t.Context())
		}
		todo, s, lookErr := b.enrolment().Removal(t.Context())
		if err != nil || lookErr != nil || len(todo) > 0 || s.Exists || b.aws.HasUser(b.user()) || !b.aws.SecretDeleted(hub, secretName) {
			t.Fatalf("after it died at %s: got %q left, %v, %v", at, todo, err, lookErr)
		}
		if err := b.enrolment().Remove(t.Context()); err != nil {
			t.Errorf("again: %v", err)
		}
		if !dead {
			if err := b.add(); err != nil { // the same person comes back, and so does the secret
				t.Errorf("made again: %v", err)
			}
			b.whole()
			return
		}
	}
}

func TestWhatOthersMadeIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(b *bench){
		"a user elsewhere": func(b *bench) {
			b.aws.AddUser(awstest.User{Account: hub, Name: "team/alice", AccessKeyID: "AKIATEAM000000000000"})
		},
		"a user without the tag": func(b *bench) {
			b.aws.AddUser(awstest.User{Account: hub, Name: "assumebot/alice", AccessKeyID: "AKIATEAM000000000000"})
		},
		"a user in another case": func(b *bench) {
			other := b.person()
			other.Name = "Alice"
			if err := b.people.CreateUser(b.t.Context(), other); err != nil {
				b.t.Fatal(err)
			}
		},
		"a secret":                            func(b *bench) { b.aws.PutSecret(hub, secretName, `{"password":"x"}`) },
		"a secret that waits for a value":     func(b *bench) { b.aws.AddEmptySecret(hub, secretName, "owner", "payroll") },
		"a secret with another tag so called": func(b *bench) { b.aws.AddEmptySecret(hub, secretName, enrol.Tag, "production") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			prepare(b)
			err := b.add()
			var foreign *enrol.Foreign
			if !errors.As(err, &foreign) || b.changes > 0 {
				t.Errorf("got %v after %d changes, want a refusal and none", err, b.changes)
			}
			if _ = b.enrolment().Remove(t.Context()); b.changes > 0 || b.aws.SecretDeleted(hub, secretName) {
				t.Errorf("remove made %d changes, want none", b.changes)
			}
		})
	}
}

func TestAKeyThatCannotBeStoredIsDeletedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.at = func(_ *bench, call string) (error, error) {
		if call == "PutKey" {
			return errors.New("no answer"), nil
		}
		return nil, nil
	}
	err := b.add()
	active, inactive := b.aws.KeyIDs(b.user())
	if err == nil || !strings.Contains(err.Error(), "was deleted again") || len(active)+len(inactive) > 0 {
		t.Errorf("got %v and the keys %v, want none left", err, active)
	}
}

func TestAnUnstoredKeyThatSomebodyUsesIsLeft(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.at = func(_ *bench, call string) (error, error) {
		if call == "CreateKey" {
			return errDied, nil
		}
		return nil, nil
	}
	_ = b.add()
	b.at = nil
	b.aws.SetNewKeysUnknown(0)
	key, err := b.people.CreateKey(t.Context(), "alice") // by hand
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.people.Owner(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	err = b.add()
	if active, _ := b.aws.KeyIDs(b.user()); err == nil || !strings.Contains(err.Error(), key.AccessKeyID) || len(active) != 1 {
		t.Errorf("got %v and the keys %v, want that key named and left", err, active)
	}
}

// TestRemoveTakesDevicesAwayThatItMayNotDelete: a security key, and a virtual device that the person made.
func TestRemoveTakesDevicesAwayThatItMayNotDelete(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := b.add(); err != nil {
		t.Fatal(err)
	}
	for _, serial := range []string{"arn:aws:iam::" + hub + ":u2f/user/alice/key-ABCDEF", "arn:aws:iam::" + hub + ":mfa/phone", "GAHT12345678"} {
		b.aws.AddDevice(hub, "assumebot/alice", serial, []byte("seed of "+serial))
	}
	todo, _, err := b.enrolment().Removal(t.Context())
	if plan := strings.Join(todo, "\n"); err != nil || strings.Count(plan, " and delete it") != 1 || !strings.Contains(plan, deviceARN+" away and delete it") {
		t.Errorf("got %s, %v, want four devices taken away, and %s alone deleted", plan, err, deviceARN)
	}
	if err := b.enrolment().Remove(t.Context()); err != nil || b.aws.HasUser(b.user()) {
		t.Errorf("got %v, want all of it away", err)
	}
}
