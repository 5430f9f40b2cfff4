package broker_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// parseKey takes any text for a key that is not junk; what a key really is, the
// package that encrypts knows.
func parseKey(text string) (secret.PublicKey, error) {
	if strings.HasPrefix(text, "junk") {
		return secret.PublicKey{}, errors.New("junk")
	}
	return keyOf(text), nil
}

func keyOf(text string) secret.PublicKey {
	return secret.PublicKey{Text: text, Type: "age", Fingerprint: "print of " + text}
}

func (m *memory) LoadKey(_ context.Context, user string) (broker.RegisteredKey, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.keys[user]
	return k, ok, m.keysErr
}

func (m *memory) SaveKey(_ context.Context, user string, k broker.RegisteredKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[user] = k
	return m.saveErr
}

func (m *memory) RemoveKey(_ context.Context, user string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.keys, user)
	return m.saveErr
}

// code returns a code that was not used yet.
func (b *bench) code() string {
	b.offset += 30 * time.Second
	return b.device.Code()
}

// wantSealing wants issued to be for key, or in clear if it is empty.
func wantSealing(t *testing.T, issued broker.Issued, key secret.PublicKey) {
	t.Helper()
	got, sealed := issued.Sealing.Key()
	if !issued.Sealing.Known() || got != key || sealed == key.Empty() {
		t.Errorf("sealing: got %+v, sealed=%v, want %+v", issued.Sealing, sealed, key)
	}
}

func TestKeyIsSetReplacedAndRemovedWithACode(t *testing.T) {
	b := newBench(t)
	for _, step := range []struct {
		key, previous string
		change        broker.KeyChange
	}{{"one", "", broker.KeySet}, {"two", "one", broker.KeyReplaced}, {"", "two", broker.KeyRemoved}} {
		var key, previous secret.PublicKey
		if step.key != "" {
			key = keyOf(step.key)
		}
		if step.previous != "" {
			previous = keyOf(step.previous)
		}
		before := len(b.kinds())
		changed, err := b.Keys.ChangeKey(t.Context(), b.request("", b.code()), key)
		if err != nil {
			t.Fatal(err)
		}
		if changed.Change != step.change || changed.Key != key || changed.Previous != previous || changed.At.IsZero() {
			t.Errorf("got %+v, want %s to %q from %q", changed, step.change, step.key, step.previous)
		}
		if diff := cmp.Diff([]event.Kind{event.Intent, event.KeyChanged}, b.kinds()[before:]); diff != "" {
			t.Errorf("record (-want +got):\n%s", diff)
		}
		e := b.last(t)
		if e.KeyChange != step.change || e.Key != key.Fingerprint || e.PreviousKey != previous.Fingerprint || e.Actor.Name != "alice" ||
			e.Purpose != broker.PurposeKey || !e.MFA || e.STSRequestID == "" || e.AccessKeyID != "" {
			t.Errorf("got event %+v", e)
		}
		call := b.aws.Calls()[len(b.aws.Calls())-1]
		if call.Action != "GetSessionToken" || call.Params.Get("DurationSeconds") != "900" ||
			call.Params.Get("SerialNumber") == "" || call.Params.Get("TokenCode") == "" {
			t.Errorf("got call %s %v, want GetSessionToken for 900 s with a code", call.Action, call.Params)
		}
		issued, err := b.Issue(t.Context(), b.request("prod", b.code()))
		if err != nil {
			t.Fatal(err)
		}
		wantSealing(t, issued, key)
	}
	if len(b.kept) != 3 {
		t.Errorf("got %d credentials kept, want those of prod alone", len(b.kept))
	}
}

func TestKeyStatusTells(t *testing.T) {
	b := newBench(t)
	status := func() broker.KeyStatus {
		t.Helper()
		s, err := b.Keys.KeyStatus(t.Context(), b.request("", ""))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if got := status(); !got.Key.Empty() || got.FromConfig || got.Unreadable {
		t.Errorf("got %+v, want no key", got)
	}
	set := b.now().UTC()
	b.keys["U01ALICE"] = broker.RegisteredKey{Text: "one", Set: set}
	if got := status(); got.Key != keyOf("one") || !got.Set.Equal(set) {
		t.Errorf("got %+v, want one", got)
	}
	b.keys["U01ALICE"] = broker.RegisteredKey{Text: "junk"}
	if got := status(); !got.Unreadable || !got.Key.Empty() {
		t.Errorf("got %+v, want an unreadable key", got)
	}
	b.config.Users.Find("U01ALICE").AgeKey = keyOf("config")
	if got := status(); got.Key != keyOf("config") || !got.FromConfig {
		t.Errorf("got %+v, want the config's", got)
	}
	b.config.Users.Find("U01ALICE").AgeKey = secret.PublicKey{}
	b.keysErr = errDown
	_, err := b.Keys.KeyStatus(t.Context(), b.request("", ""))
	wantCode(t, err, broker.CodeStore)
}

// wantUntouched wants that no code was spent and no key changed by what do does.
func (b *bench) wantUntouched(t *testing.T, want broker.Code, do func(code string) error) {
	t.Helper()
	before, calls := b.keys["U01ALICE"], len(b.aws.Calls())
	code := b.code()
	wantCode(t, do(code), want)
	if got := b.keys["U01ALICE"]; got != before {
		t.Errorf("%s: the key was changed", want)
	}
	if got := len(b.aws.Calls()); got != calls {
		t.Errorf("%s: got %d calls to AWS, want none", want, got-calls)
	}
	for key, holder := range b.codes {
		if strings.HasSuffix(key, code) && holder != "" {
			t.Errorf("%s: the code was spent", want)
		}
	}
}

func TestChangeKeyRefusesBeforeACodeIsSpent(t *testing.T) {
	b := newBench(t)
	change := func(key secret.PublicKey) func(string) error {
		return func(code string) error {
			_, err := b.Keys.ChangeKey(t.Context(), b.request("", code), key)
			return err
		}
	}
	withoutCode := func(key secret.PublicKey) func(string) error {
		return func(string) error { return change(key)("") }
	}
	none := secret.PublicKey{}
	b.wantUntouched(t, broker.CodeKeyUnchanged, change(none))
	b.wantUntouched(t, broker.CodeNeedsCode, withoutCode(keyOf("one")))
	b.keys["U01ALICE"] = broker.RegisteredKey{Text: "one"}
	b.wantUntouched(t, broker.CodeNeedsCode, withoutCode(none))
	b.wantUntouched(t, broker.CodeKeyUnchanged, change(keyOf("one")))
	b.keysErr = errDown
	b.wantUntouched(t, broker.CodeStore, change(keyOf("two")))
	b.keysErr, b.codesErr = nil, errDown
	b.wantUntouched(t, broker.CodeStore, change(keyOf("two")))
	b.codesErr = nil
	b.failOn[event.Intent] = true
	b.wantUntouched(t, broker.CodeRecord, change(keyOf("two")))
	b.failOn[event.Intent] = false
	b.config.Users.Find("U01ALICE").AgeKey = keyOf("config")
	b.wantUntouched(t, broker.CodeKeyFixed, change(keyOf("two")))
	b.config.Users.Find("U01ALICE").AgeKey, b.config.Users.Find("U01ALICE").MFASerial = none, ""
	b.wantUntouched(t, broker.CodeKeyFixed, change(keyOf("two")))
	other := *b.config.Users.Find("U01ALICE")
	other.Slack = "U09OTHER"
	b.config.Users = policy.Users(other)
	b.wantUntouched(t, broker.CodeNotUser, change(keyOf("two")))
}

func TestChangeKeyChangesNothingThatIsNotProvenAndRecorded(t *testing.T) {
	b := newBench(t)
	b.keys["U01ALICE"] = broker.RegisteredKey{Text: "one"}
	_, err := b.Keys.ChangeKey(t.Context(), b.request("", "000000"), keyOf("two"))
	wantCode(t, err, broker.CodeWrongCode)
	if e := b.last(t); e.Kind != event.Failed || e.Purpose != broker.PurposeKey {
		t.Errorf("got event %+v, want a failed change", e)
	}
	b.failOn[event.KeyChanged] = true
	code := b.code()
	_, err = b.Keys.ChangeKey(t.Context(), b.request("", code), keyOf("two"))
	wantCode(t, err, broker.CodeRecord)
	b.failOn[event.KeyChanged] = false
	if _, err = b.Keys.ChangeKey(t.Context(), b.request("", code), keyOf("two")); err == nil {
		t.Error("a spent code changed the key")
	}
	if got := b.keys["U01ALICE"].Text; got != "one" {
		t.Errorf("got key %q, want one", got)
	}
	b.saveErr = errDown
	_, err = b.Keys.ChangeKey(t.Context(), b.request("", b.code()), keyOf("two"))
	if e := wantCode(t, err, broker.CodeStore); !strings.Contains(prose.Plain(e.What), "nobody knows") {
		t.Errorf("got %q, want it to say that nobody knows", prose.Plain(e.What))
	}
	if e := b.last(t); e.Kind != event.Failed || e.Code != broker.CodeStore {
		t.Errorf("got event %+v, want the failure behind the change", e)
	}
}

func TestIssueFailsClosedWhereAKeyCannotBeRead(t *testing.T) {
	b := newBench(t)
	issue := func(code string) error {
		_, err := b.Issue(t.Context(), b.request("prod", code))
		return err
	}
	b.keysErr = errDown
	b.wantUntouched(t, broker.CodeStore, issue)
	b.keysErr = errors.Join(broker.ErrKeyUnreadable, errDown)
	b.wantUntouched(t, broker.CodeSealUnreadable, issue)
	b.keysErr = nil
	b.keys["U01ALICE"] = broker.RegisteredKey{Text: "junk"}
	b.wantUntouched(t, broker.CodeSealUnreadable, issue)
	if e := b.last(t); e.Kind != event.Refused {
		t.Errorf("got event %s, want a refusal", e.Kind)
	}

	// A list of buckets shows no credentials; what it leaves in the reveal
	// window is still not shown.
	r := b.request("prod", b.code())
	r.Purpose = broker.PurposeBuckets
	list, err := b.Lists.Buckets(t.Context(), r, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Holding.Reveal(t.Context(), b.request("", ""), list.Grant.ID)
	wantCode(t, err, broker.CodeSealUnreadable)

	// A fresh code is the way out.
	changed, err := b.Keys.ChangeKey(t.Context(), b.request("", b.code()), keyOf("one"))
	if err != nil || changed.Change != broker.KeyReplaced {
		t.Fatalf("got %+v, %v, want it replaced", changed, err)
	}
	shown, err := b.Holding.Reveal(t.Context(), b.request("", ""), list.Grant.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantSealing(t, shown, keyOf("one"))
}

func TestRequiredSealingTakesKeysOfTheConfigAlone(t *testing.T) {
	b := newBench(t)
	b.keys["U01ALICE"] = broker.RegisteredKey{Text: "registered"}
	issue := func(code string) error {
		_, err := b.Issue(t.Context(), b.request("prod", code))
		return err
	}
	b.config.Accounts.Find("prod").SealRequired = true
	b.wantUntouched(t, broker.CodeSealRequired, issue)
	b.wantUntouched(t, broker.CodeSealRequired, func(code string) error { return b.Issuing.Judge(t.Context(), b.request("prod", code)) })
	b.config.Accounts.Find("prod").SealRequired, b.config.Users.Find("U01ALICE").SealRequired = false, true
	b.wantUntouched(t, broker.CodeSealRequired, issue)

	b.config.Users.Find("U01ALICE").AgeKey = keyOf("config")
	b.config.Accounts.Find("prod").SealRequired = true
	b.keysErr = errDown // the store is not asked
	issued, err := b.Issue(t.Context(), b.request("prod", b.code()))
	if err != nil {
		t.Fatal(err)
	}
	wantSealing(t, issued, keyOf("config"))
}

func TestSealingIsUndecidedUntilSomebodyLooked(t *testing.T) {
	var none secret.Sealing
	if _, sealed := none.Key(); none.Known() || sealed {
		t.Error("the zero Sealing is decided")
	}
	if secret.SealedTo(secret.PublicKey{}).Known() {
		t.Error("a Sealing to no key is decided")
	}
	if _, sealed := secret.InClear().Key(); !secret.InClear().Known() || sealed {
		t.Error("InClear is not in clear")
	}
}
