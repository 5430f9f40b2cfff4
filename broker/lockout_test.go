package broker_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
)

// lockouts is a broker.Counters that locks at the fifth wrong code.
type lockouts struct {
	wrong  []string
	locked time.Duration
	err    error
}

func (m *memory) LockedFor(context.Context, string) (time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lockouts.locked, m.lockouts.err
}

func (m *memory) WrongCode(_ context.Context, _, requestID string) (broker.WrongCodes, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !slices.Contains(m.lockouts.wrong, requestID) {
		m.lockouts.wrong = append(m.lockouts.wrong, requestID)
	}
	place := slices.Index(m.lockouts.wrong, requestID) + 1
	if place >= 5 {
		m.lockouts.locked = 15 * time.Minute
		return broker.WrongCodes{Locked: m.lockouts.locked}, m.lockouts.err
	}
	return broker.WrongCodes{Left: 5 - place, Next: 15 * time.Minute}, m.lockouts.err
}

func (m *memory) RightCode(context.Context, string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lockouts.wrong = nil
	return m.lockouts.err
}

func TestIssueSendsNoCodeOfWhoIsLockedOut(t *testing.T) {
	b := newBench(t)
	for i := range 5 {
		_, err := b.Issue(t.Context(), b.request("prod", fmt.Sprintf("00000%d", i)))
		e := wantCode(t, err, broker.CodeWrongCode)
		want := []string{
			"4 tries left; then your codes are refused for 15m.",
			"3 tries left; then your codes are refused for 15m.",
			"2 tries left; then your codes are refused for 15m.",
			"1 try left; then your codes are refused for 15m.",
			"That was one wrong code too many: you are locked out for 15m. An admin can unlock you. Ask in #help-aws.",
		}[i]
		if !strings.HasSuffix(prose.Plain(e.Hint), want) {
			t.Errorf("wrong code %d: got hint %q, want it to end %q", i+1, prose.Plain(e.Hint), want)
		}
	}
	if !slices.Contains(b.kinds(), event.LockedOut) {
		t.Errorf("got events %v, want one of the lock-out", b.kinds())
	}
	before := len(b.aws.Calls())
	wantCode(t, second(b.Issue(t.Context(), b.request("prod", b.device.Code()))), broker.CodeLockedOut)
	if calls := len(b.aws.Calls()); calls != before {
		t.Errorf("got %d calls to AWS while locked out, want none", calls-before)
	}
	b.lockouts.locked = 0
	if _, err := b.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Errorf("the code of the refused request was not given back: %v", err)
	}
	if len(b.lockouts.wrong) != 0 {
		t.Error("a right code did not forget the wrong ones")
	}
}

func TestIssueSendsNoCodeWhenNobodyKnowsOfLockOuts(t *testing.T) {
	b := newBench(t)
	b.lockouts.err = errDown
	wantCode(t, second(b.Issue(t.Context(), b.request("prod", b.device.Code()))), broker.CodeStore)
	if n := len(b.aws.Calls()); n != 0 {
		t.Errorf("got %d calls to AWS, want none", n)
	}
}

func second[T any](_ T, err error) error { return err }
