package broker_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// rates is a broker.Rates whose window never ends.
type rates struct {
	taken   map[string][]string
	refused map[string]string // the first
	err     error
}

func (m *memory) FirstSight(context.Context, ...string) (bool, error) { return true, nil }

func (m *memory) TakeRate(_ context.Context, name, requestID string, limit int, per time.Duration) (broker.Rate, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rates.taken == nil {
		m.rates.taken, m.rates.refused = map[string][]string{}, map[string]string{}
	}
	taken := m.rates.taken[name]
	switch {
	case m.rates.err != nil:
		return broker.Rate{}, m.rates.err
	case slices.Contains(taken, requestID):
		return broker.Rate{Taken: true}, nil
	case len(taken) < limit:
		m.rates.taken[name] = append(taken, requestID)
		return broker.Rate{Taken: true}, nil
	}
	if m.rates.refused[name] == "" {
		m.rates.refused[name] = requestID
	}
	return broker.Rate{Wait: per / 2, First: m.rates.refused[name] == requestID}, nil
}

func TestEnterBoundsWhatOnePersonAsks(t *testing.T) {
	b := newBench(t)
	b.config.Limits.Requests = 3
	for range 3 {
		if err := b.Visits.Enter(t.Context(), b.request("", "")); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		r := b.request("", "")
		want := broker.UseNone
		if r.SentCode = i == 1; r.SentCode {
			want = broker.UseUnused
		}
		if e := wantCode(t, b.Visits.Enter(t.Context(), r), broker.CodeTooMany); e.Use != want || prose.Plain(e.Hint) != "Nothing was done. Try again in 30s." {
			t.Errorf("got use %v and hint %q, want use %v and to wait", e.Use, prose.Plain(e.Hint), want)
		}
	}
	if got := b.kinds(); len(got) != 1 || b.last(t).Code != broker.CodeTooMany {
		t.Errorf("got %v on the record, want the first refusal alone", got)
	}
	other := b.request("", "")
	other.Caller.User = "U02BOB" // a stranger is counted, and learns nothing of it
	for range 3 {
		if err := b.Visits.Enter(t.Context(), broker.Request{ID: broker.NewID(), Caller: other.Caller}); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, b.Visits.Enter(t.Context(), other), broker.CodeNotUser)
	if last := b.last(t); last.Code != broker.CodeTooMany || last.Actor.User != "U02BOB" {
		t.Errorf("got %+v on the record, want the stranger's", last)
	}
}

// TestAnAdminWhoIsNoUserIsToldOfTheLimit: they are no stranger.
func TestAnAdminWhoIsNoUserIsToldOfTheLimit(t *testing.T) {
	b := newAdminBench(t)
	b.config.Limits.Requests = 1
	if err := b.Visits.Enter(t.Context(), by(b, adminID)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, b.Visits.Enter(t.Context(), by(b, adminID)), broker.CodeTooMany)
}

func TestEnterCountsARequestOnceAndRefusesWhenNobodyCounts(t *testing.T) {
	b := newBench(t)
	b.config.Limits.Requests = 1
	r := b.request("", "")
	for range 3 {
		if err := b.Visits.Enter(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	b.rates.err = errDown
	for _, r.SentCode = range []bool{false, true} {
		if e := wantCode(t, b.Visits.Enter(t.Context(), r), broker.CodeStore); (e.Use == broker.UseUnused) != r.SentCode {
			t.Errorf("got use %v, want it to speak of a code where one was sent", e.Use)
		}
	}
	b.config.Limits.Requests = 0
	if err := b.Visits.Enter(t.Context(), r); err != nil {
		t.Errorf("without a limit: %v", err)
	}
}

func TestAnAccountsCallsToSTSAreBounded(t *testing.T) {
	b := newBench(t)
	b.config.Limits.STSCalls = 1
	if _, err := b.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Fatal(err)
	}
	b.offset += time.Minute
	code := b.device.Code()
	calls := len(b.aws.Calls())
	wantCode(t, second(b.Issue(t.Context(), b.request("prod", code))), broker.CodeAccountBusy)
	judged := b.request("prod", code) // which reserves the code
	if err := b.Issuing.Judge(t.Context(), judged); err != nil {
		t.Fatal(err)
	}
	wantCode(t, second(b.Issue(t.Context(), judged)), broker.CodeAccountBusy)
	b.rates.err = errDown
	wantCode(t, second(b.Issue(t.Context(), b.request("prod", code))), broker.CodeStore)
	if got := len(b.aws.Calls()); got != calls {
		t.Errorf("got %d calls to AWS beyond the limit, want none", got-calls)
	}
	b.rates.err = nil
	b.groups["S01ALL"] = []string{"U01ALICE"}
	if _, err := b.Issue(t.Context(), b.request("hub", code)); err != nil {
		t.Errorf("the code was used, or another account is bounded too: %v", err)
	}
}

func TestACodeThatBeginsAnMFASessionCountsBothCalls(t *testing.T) {
	b := newSessionBench(t)
	b.config.Limits.STSCalls = 1
	wantCode(t, second(b.Issue(t.Context(), b.request("staging", b.device.Code()))), broker.CodeAccountBusy)
	if got := len(b.aws.Calls()); got != 0 {
		t.Errorf("got %d calls to AWS, want none: the code would be spent for nothing", got)
	}
	b.rates, b.config.Limits.STSCalls = rates{}, 2
	var e *broker.Error
	if _, err := b.Issue(t.Context(), b.request("staging", b.device.Code())); errors.As(err, &e) && e.Code == broker.CodeAccountBusy {
		t.Errorf("got %v, want both calls made", err)
	}
}
