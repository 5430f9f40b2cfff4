package broker_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/prose"
)

// TestAStoreThatIsTooSlowIsFoundOutBeforeAWSIsAsked: the code and the approval
// serve again, and the record says that AWS was not asked.
func TestAStoreThatIsTooSlowIsFoundOutBeforeAWSIsAsked(t *testing.T) {
	for _, name := range []string{"Issue", "Console", "Buckets", "BeginMFASession", "ChangeKey", "staging"} {
		t.Run(name, func(t *testing.T) {
			b := newSessionBench(t)
			account, call := "prod", name
			if name == "staging" {
				account, call = "staging", "Issue"
			}
			b.onRecord = func(kind event.Kind) {
				if kind == event.Intent {
					b.offset += 3 * time.Second
				}
			}
			code := b.device.Code()
			e := wantCode(t, gives(b, "")[call](b.request(account, code)), broker.CodeStore)
			if !strings.Contains(prose.Plain(e.What), "too slow") || e.Use != broker.UseUnused || e.Ref == "" {
				t.Errorf("got %q and use %v, want that the store is too slow and the code was not used", prose.Plain(e.What), e.Use)
			}
			if got := len(b.aws.Calls()); got != 0 {
				t.Errorf("got %d calls to AWS, want none", got)
			}
			if last := b.last(t); last.Kind != event.Failed || last.Code != broker.CodeStore {
				t.Errorf("got %+v on the record, want the outcome", last)
			}
			b.onRecord = nil
			if err := gives(b, "")[call](b.request(account, code)); err != nil {
				t.Errorf("the same code again: %v", err)
			}
		})
	}
}

func TestAWSIsNotAskedWhenTheRequestsTimeIsAlmostOver(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, err := b.Issue(ctx, b.request("prod", b.device.Code()))
	wantCode(t, err, broker.CodeStore)
	if got := len(b.aws.Calls()); got != 0 {
		t.Errorf("got %d calls to AWS, want none", got)
	}
}

func TestTheStoreIsNamedWhereItFailedAndNotSlack(t *testing.T) {
	down := fmt.Errorf("%w: %w", broker.ErrStore, errDown)
	for name, fail := range map[string]func(*bench){
		"standing": func(b *bench) { b.peopleErr = down },
		"groups":   func(b *bench) { b.groupErr = down },
	} {
		b := newBench(t)
		fail(b)
		account := map[string]string{"standing": "prod", "groups": "hub"}[name] // hub is for a user group
		_, err := b.Issue(t.Context(), b.request(account, b.device.Code()))
		what := prose.Plain(wantCode(t, err, broker.CodeStore).What)
		if strings.Contains(what, "Slack cannot") || !strings.Contains(what, "The bot's own store cannot say") {
			t.Errorf("%s: got %q, want the store named", name, what)
		}
	}
}

// TestAGrantThatTheStoreDoesNotForgetIsNotCalledThrownAway: the store fails after
// the Grant was saved.
func TestAGrantThatTheStoreDoesNotForgetIsNotCalledThrownAway(t *testing.T) {
	b := newBench(t)
	b.orders.err = errDown
	b.orders.when = func() bool { return len(b.grants) > 0 }
	b.endErr = errDown
	_, err := b.Issue(t.Context(), b.request("prod", b.device.Code()))
	e := wantCode(t, err, broker.CodeStore)
	if strings.Contains(prose.Plain(e.What), "thrown away") || !strings.Contains(prose.Plain(e.What), "The bot still keeps it") {
		t.Errorf("got %q, want that the bot still keeps it", prose.Plain(e.What))
	}
	if len(b.grants) != 1 {
		t.Errorf("got %d grants, want the one that is kept", len(b.grants))
	}
}
