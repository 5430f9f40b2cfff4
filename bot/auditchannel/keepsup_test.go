package auditchannel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
)

// kept is a record, from one number on.
type kept struct {
	first int64

	mu      sync.Mutex
	entries []event.Event
	between func() // is called once, after the first look at the end of it
}

func (k *kept) add(events ...event.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.entries = append(k.entries, events...)
}

func (k *kept) Read(_ context.Context, from int64, limit int) (found []record.Followed, missed int64, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for n := max(from, k.first); n < k.first+int64(len(k.entries)) && len(found) < limit; n++ {
		found = append(found, record.Followed{Number: n, Event: k.entries[n-k.first]})
	}
	if k.between != nil && len(found) < limit {
		k.between()
		k.between = nil
	}
	return found, max(k.first-from, 0), nil
}

func (k *kept) End(context.Context) (int64, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.first + int64(len(k.entries)), nil
}

func (k *kept) Await(ctx context.Context, _ int64, _ time.Duration) error {
	select {
	case <-time.After(10 * time.Millisecond):
	case <-ctx.Done():
	}
	return nil
}

func (k *kept) AwaitStop(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// room is a channel of Slack: it takes one message a second.
type room struct {
	mu      sync.Mutex
	last    time.Time
	refused int
	posts   []string                       // as they read
	answer  func(n int, text string) error // of the nth post; nil: it is taken
}

func (r *room) post(_ context.Context, _ string, m blockkit.Message) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.last.IsZero() && time.Since(r.last) < time.Second {
		r.refused++
		return "", &slack.RateLimitedError{RetryAfter: time.Second}
	}
	r.last = time.Now()
	if !m.Fits() {
		return "", slack.SlackErrorResponse{Err: "msg_blocks_too_long"}
	}
	text := m.TextForm(func(id string) string { return id })
	if r.answer != nil {
		if err := r.answer(len(r.posts), text); err != nil {
			return "", err
		}
	}
	r.posts = append(r.posts, text)
	return "1", nil
}

func (r *room) read() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.posts...)
}

// channelIn runs a Channel until the test ends.
func channelIn(t *testing.T, k *kept, c *cursor, r *room) {
	t.Helper()
	a := New(Deps{Record: k, Cursors: c, Leases: ours{}, Post: r.post, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
}

func grantTo(n int) event.Event {
	return event.Event{
		Kind: event.Granted, Actor: event.Actor{User: fmt.Sprintf("U%05d", n), Name: fmt.Sprintf("person%d@example.com", n)}, Request: fmt.Sprintf("r%d", n),
		Data: event.GrantedData{Act: event.Act{Account: "prod", MFA: true, Method: "AssumeRole", Reason: event.NewText("INC-" + strconv.Itoa(n))},
			Issued: event.Issued{Expires: event.Time{Time: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)}}},
	}
}

func paused() event.Event { return did("U02BOB", event.PausedData{}) }

var entryNamed = regexp.MustCompile(`record ([0-9,]+)`)

// entriesIn are the entries that posts name, in order.
func entriesIn(posts []string) (numbers []int64) {
	for _, text := range posts {
		for _, found := range entryNamed.FindAllStringSubmatch(text, -1) {
			n, _ := strconv.ParseInt(strings.ReplaceAll(found[1], ",", ""), 10, 64)
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// TestTheChannelKeepsUpWithFiftyEventsASecond for a minute, and has all of them posted
// half a minute later, in order, once each, without one that Slack turned away.
func TestTheChannelKeepsUpWithFiftyEventsASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, r := &kept{}, &room{}
		channelIn(t, k, &cursor{}, r)
		for n := range 3000 {
			k.add(grantTo(n))
			pass(20 * time.Millisecond)
		}
		pass(30 * time.Second)
		got := entriesIn(r.read())
		for i, n := range got {
			if int64(i) != n {
				t.Fatalf("got entry %d where %d belongs", n, i)
			}
		}
		if len(got) != 3000 || r.refused > 0 {
			t.Errorf("got %d entries in %d posts, and %d turned away; want 3000, and none", len(got), len(r.posts), r.refused)
		}
	})
}

// TestAnAlarmOvertakesWhatWaits: a thousand wait, and it is the next post. Both keep
// their order.
func TestAnAlarmOvertakesWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, r := &kept{}, &room{}
		for n := range 1000 {
			k.add(grantTo(n))
		}
		k.add(paused(), did("U02BOB", event.ResumedData{}))
		channelIn(t, k, &cursor{}, r)
		pass(40 * time.Second)
		posts := r.read()
		if len(posts) < 3 || !strings.Contains(posts[0], "Paused") || !strings.Contains(posts[1], "Resumed") {
			t.Fatalf("got first\n%.300s\nwant the two alarms", posts)
		}
		if got := entriesIn(posts[2:]); len(got) != 1000 || got[0] != 0 || got[999] != 999 {
			t.Errorf("got %d entries after them, want the 1000, once each", len(got))
		}
	})
}

// TestManyAlarmsLeaveRoomForTheRest: whoever can bring alarms about cannot hide what else
// happens.
func TestManyAlarmsLeaveRoomForTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, r := &kept{}, &room{}
		for range 100 {
			k.add(paused())
		}
		k.add(grantTo(1))
		channelIn(t, k, &cursor{}, r)
		pass(12 * time.Second)
		if got := strings.Join(r.read(), "\n"); !strings.Contains(got, "Granted prod to person1") {
			t.Errorf("got\n%s\nwant the grant after ten alarms", got)
		}
		pass(100 * time.Second)
		if got := entriesIn(r.read()); len(got) != 101 {
			t.Errorf("got %d entries, want 101, once each", len(got))
		}
	})
}

// TestAPostThatMayStandThereAlreadySaysSo: Slack's answer got lost, or the replica died
// between its post and noting it.
func TestAPostThatMayStandThereAlreadySaysSo(t *testing.T) {
	const again = "may stand above already"
	synctest.Test(t, func(t *testing.T) {
		k, r, c := &kept{}, &room{}, &cursor{}
		lost := false
		r.answer = func(int, string) error {
			if lost {
				return nil
			}
			lost = true
			return errors.New("the answer did not come")
		}
		k.add(grantTo(0))
		channelIn(t, k, c, r)
		pass(5 * time.Second)
		k.add(grantTo(1))
		pass(5 * time.Second)
		posts := r.read()
		if len(posts) != 2 || !strings.Contains(posts[0], again) || strings.Contains(posts[1], again) {
			t.Errorf("got %q, want the first alone to say that it may be there twice", posts)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		k, r := &kept{}, &room{}
		k.add(grantTo(0), paused())
		channelIn(t, k, &cursor{state: []byte(`{"next":0,"alarms":0,"rest_out":true}`)}, r)
		pass(5 * time.Second)
		posts := r.read()
		if len(posts) != 2 || strings.Contains(posts[0], again) || !strings.Contains(posts[1], again) {
			t.Errorf("got %q, want what was under way, and no alarm, to say that it may be there twice", posts)
		}
	})
}

// TestAnEventThatSlackDoesNotTakeCostsNoOther: of a digest, the others are told.
func TestAnEventThatSlackDoesNotTakeCostsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, r := &kept{}, &room{}
		r.answer = func(_ int, text string) error {
			if strings.Contains(text, "person77@") {
				return slack.SlackErrorResponse{Err: "invalid_blocks"}
			}
			return nil
		}
		for n := range 200 {
			k.add(grantTo(n))
		}
		channelIn(t, k, &cursor{}, r)
		pass(2 * time.Minute)
		posts := r.read()
		if got := entriesIn(posts); len(got) != 200 {
			t.Errorf("got %d entries, want 200, once each", len(got))
		}
		if got := strings.Join(posts, "\n"); !strings.Contains(got, "could not be shown here. It is record 77.") {
			t.Errorf("got\n%s\nwant that one could not be shown", got)
		}
	})
}

// TestThePositionsOutliveTheReplica: an alarm that waits behind others is not taken for
// told because the rest is farther, and what an earlier release kept goes for both.
func TestThePositionsOutliveTheReplica(t *testing.T) {
	for name, test := range map[string]struct {
		state string
		want  []int64
	}{
		"ahead":   {`{"next":3,"alarms":1}`, []int64{1}},
		"earlier": {`{"next":2}`, []int64{2}},
		"none":    {``, []int64{1, 0, 2}},
	} {
		synctest.Test(t, func(t *testing.T) {
			k, r, c := &kept{}, &room{}, &cursor{}
			if test.state != "" {
				c.state = []byte(test.state)
			}
			k.add(grantTo(0), paused(), grantTo(2))
			channelIn(t, k, c, r)
			pass(5 * time.Second)
			if got := entriesIn(r.read()); fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("%s: got entries %v, want %v", name, got, test.want)
			}
		})
	}
}

// TestWhatIsUrgent is what overtakes, and nothing that a person can bring about by typing.
func TestWhatIsUrgent(t *testing.T) {
	glass := event.Act{Account: "prod", BreakGlass: true}
	for _, p := range []event.Payload{
		event.AlarmData{}, event.ReconciledData{}, event.LockedOutData{}, event.BlockedData{}, event.UnblockedData{}, event.PausedData{}, event.ResumedData{},
		event.GrantedData{Act: glass}, event.FailedData{Act: glass, Failure: event.Failure{Code: string(broker.CodeOutcomeUnknown)}},
	} {
		if !urgent(factsOf(did("U1", p))) {
			t.Errorf("%s is not urgent", p.Kind())
		}
	}
	for _, p := range []event.Payload{
		event.GrantedData{}, event.RefusedData{BreakGlass: true}, event.FailedData{}, event.EndedData{}, event.WhoData{}, event.ConfigData{},
		event.ApprovalData{}, event.KeyChangedData{}, event.RevokedData{}, event.UsedData{},
	} {
		if urgent(factsOf(did("U1", p))) {
			t.Errorf("%s is urgent", p.Kind())
		}
	}
}

// TestWhatIsToldKeepsUpWithAnEntryThatCameBetween: an entry that comes once alarms were looked
// for and before the rest was is told of by both.
func TestWhatIsToldKeepsUpWithAnEntryThatCameBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, r := &kept{}, &room{}
		k.between = func() { k.entries = append(k.entries, did("U1", event.ShownData{})) }
		a := New(Deps{Record: k, Cursors: &cursor{}, Leases: ours{}, Post: r.post, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { a.Run(ctx) })
		pass(5 * time.Second)
		stop()
		running.Wait()
		if next, err := a.Next(t.Context()); err != nil || next != 1 {
			t.Errorf("got position %d, %v; want 1", next, err)
		}
	})
}

// pass lets time pass, and waits until what was due at its end is done.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
