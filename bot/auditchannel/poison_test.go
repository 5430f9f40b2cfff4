package auditchannel

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
)

// cursor is what the store keeps of the audit channel.
type cursor struct {
	state []byte
}

func (c *cursor) MoveCursor(_ context.Context, _ lease.Fence, previous, state []byte) (bool, error) {
	if string(previous) != string(c.state) {
		return false, nil
	}
	c.state = state
	return true, nil
}

func (c *cursor) LoadCursor(context.Context, string) ([]byte, error) { return c.state, nil }

// TestAPoisonedCursorOrEntryDoesNotHoldUpTheChannel: it would do so on every
// replica, and for good.
func TestAPoisonedCursorOrEntryDoesNotHoldUpTheChannel(t *testing.T) {
	long := strings.Repeat("x", 1<<16)
	for _, was := range []string{
		`{"next":7,"folds":null,"open":null}`,
		`{"next":-7}`,
		`{"next":7,"folds":{"U02BOB\nx":{"user":"bob\nGranted","count":-9223372036854775808,"codes":{"` + long + `":-1}}},"open":{"r\u001b":{"who":"` +
			long + `"}}}`,
	} {
		var posted []blockkit.Message
		c := &cursor{state: []byte(was)}
		a := New(Deps{
			Pace: time.Millisecond, Cursors: c, Leases: ours{}, Now: func() time.Time { return goldentest.Now }, Log: slog.New(slog.DiscardHandler),
			Post: func(_ context.Context, _ string, m blockkit.Message) (string, error) {
				posted = append(posted, m)
				return "", nil
			},
		})
		refused := did("U01ALICE", event.RefusedData{Account: "prod", Failure: event.Failure{Code: string(broker.CodeNotAllowed)}})
		intent := did("U01ALICE", event.IntentData{Act: event.Act{Attempt: "a1"}})
		a.Record = &kept{first: 7, entries: []event.Event{refused, refused, intent}}
		if err := a.lease.Do(t.Context(), a.finish); err != nil {
			t.Fatal(err)
		}
		next, err := a.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		refusal := func(m blockkit.Message) bool { return strings.Contains(m.Text, "Refused") }
		if !slices.ContainsFunc(posted, refusal) || next != 10 {
			t.Errorf("%.60s: got %d posts up to %d, want the refusal, up to 10", was, len(posted), next)
		}
		for _, m := range posted {
			if strings.ContainsAny(m.Text, "\n\x1b") || len(m.Text) > 2000 {
				t.Errorf("%.60s: got a post of %d bytes, %.80q", was, len(m.Text), m.Text)
			}
		}
	}
}

// ours is a lease that nobody else wants.
type ours struct{}

func (ours) HoldLease(context.Context, string, string, time.Duration) (int64, error) { return 1, nil }

func (ours) ReleaseLease(context.Context, string, string) error { return nil }
