package drill

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/retry"
	"github.com/assumebot/assumebot/broker/watch"
)

// An entry is one that the drill's replica wrote.
type entry struct {
	number int64
	kind   event.Kind
	data   struct {
		Code         string     `json:"code"`
		AccessKeyID  string     `json:"access_key_id"`
		DeniedBefore event.Time `json:"denied_before"`
		Until        event.Time `json:"until"`
	}
}

// A got is what came of something that was typed.
type got struct {
	answer  []byte
	entries []entry
	before  int64 // calls of STS until then
}

func (g got) of(k event.Kind) (entry, bool) {
	for _, e := range g.entries {
		if e.kind == k {
			return e, true
		}
	}
	return entry{}, false
}

func (g got) last(k event.Kind) (entry, bool) {
	for _, e := range slices.Backward(g.entries) {
		if e.kind == k {
			return e, true
		}
	}
	return entry{}, false
}

func (g got) shows() int { return len(preformatted(g.answer)) }

// seen is what the record has of it.
func (g got) seen() string {
	var all []string
	for _, e := range g.entries {
		text := fmt.Sprintf("%s %d", e.kind, e.number)
		if e.data.Code != "" {
			text += " (" + e.data.Code + ")"
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return "nothing on the record"
	}
	return strings.Join(all, ", ")
}

// as has somebody type a command, and returns what came of it.
func (d *drill) as(ctx context.Context, user, command, text string) (got, error) {
	from, err := d.app.Record.End(ctx)
	if err != nil {
		return got{}, fmt.Errorf("the record cannot be read: %w", err)
	}
	g := got{before: d.calls.count()}
	if d.typing != nil {
		d.typing(d, text)
	}
	for {
		g.answer, err = d.door.types(ctx, typed{user, d.channel(), "/" + d.Config.Slack.CommandPrefix + command, text})
		if err != nil {
			return g, err
		}
		if _, err := d.app.Record.End(ctx); err != nil {
			return g, fmt.Errorf("the record cannot be read: %w", err)
		}
		g.entries = d.mine(ctx, from)
		if refused, ok := g.of(event.Refused); !ok || refused.data.Code != string(broker.CodeTooMany) {
			return g, nil
		}
		// Limits are counted within a minute.
		d.Say("limits.requests is reached: the drill waits for a minute")
		from = g.entries[len(g.entries)-1].number + 1
		if retry.Sleep(ctx, time.Minute); ctx.Err() != nil {
			return g, context.Cause(ctx)
		}
	}
}

// mine are the entries that the drill's replica wrote, from number from on.
func (d *drill) mine(ctx context.Context, from int64) (all []entry) {
	for {
		found, _, err := d.app.Record.Read(ctx, from, 100)
		if err != nil || len(found) == 0 {
			return all
		}
		for _, f := range found {
			from = f.Number + 1
			if f.Event.Replica == d.app.Record.Replica {
				all = append(all, entryOf(f))
			}
		}
	}
}

func entryOf(f record.Followed) entry {
	e := entry{number: f.Number, kind: f.Event.Kind}
	var leaf struct {
		Data json.RawMessage `json:"data"`
	}
	if json.Unmarshal(f.Leaf, &leaf) == nil {
		_ = json.Unmarshal(leaf.Data, &e.data) // what a kind does not have stays empty
	}
	return e
}

// wrongCode is one that was not tried yet, and is not the one that was right.
func (d *drill) wrongCode() string {
	for {
		n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
		if err != nil {
			continue // which crypto/rand never says
		}
		code := fmt.Sprintf("%06d", n)
		if code != d.code && !slices.Contains(d.wrong, code) {
			d.wrong = append(d.wrong, code)
			return code
		}
	}
}

// request asks for the Account with a wrong code.
func (d *drill) request() string {
	return d.account.Name + " " + d.wrongCode() + " for 15m because " + d.reason()
}

// tryWrong asks with a wrong code, which has to come to an Event of that kind and code. Where
// that is one of the bot's own, AWS must not have been asked.
func (d *drill) tryWrong(ctx context.Context, c *checks, want string, k event.Kind, code broker.Code) error {
	got, err := d.as(ctx, d.User, "assume", d.request())
	if err != nil {
		return err
	}
	e, ok := got.of(k)
	asked := d.calls.sts(got.before)
	right := ok && e.data.Code == string(code) && got.shows() == 0 && (k == event.Failed) == (asked > 0)
	c.holds(right, want, fmt.Sprintf("%s; AWS was asked %d times", got.seen(), asked))
	return nil
}

// giveBack ends what was issued, and the MFA session that came with it.
func (d *drill) giveBack(ctx context.Context) error {
	got, err := d.as(ctx, d.User, "assume", "revoke "+d.account.Name+" because "+d.reason())
	if err != nil {
		return err
	}
	if e, ok := got.of(event.Revoked); ok && e.data.Code != "" {
		return errors.New("the revocation failed: " + e.data.Code)
	}
	live, err := d.app.Store.Grants.LiveGrants(ctx, d.User)
	for _, g := range live {
		if g.Account == d.account.Name {
			return errors.Join(err, errors.New("the bot still has a grant of "+g.Account))
		}
	}
	return err
}

func (d *drill) unlocked(ctx context.Context) error {
	if _, err := d.as(ctx, d.Admin, "assume", "unlock <@"+d.User+"> because "+d.reason()); err != nil {
		return err
	}
	left, err := d.app.Store.Counters.LockedFor(ctx, d.User)
	if err == nil && left > 0 {
		err = fmt.Errorf("%s is locked out for %s", d.user.Name, left.Round(time.Second))
	}
	return err
}

// paused reports whether the drill's own pause stands. An admin's pause
// counts before the drill's, whichever came first.
func (d *drill) paused(ctx context.Context) (bool, error) {
	if _, err := d.app.Record.End(ctx); err != nil {
		return false, err
	}
	_, pause := d.app.Record.Orders("")
	if pause == nil || pause.Over(d.Env.Now()) {
		return false, nil
	}
	found, _, err := d.app.Record.Read(ctx, pause.Entry, 1)
	if err == nil && len(found) == 0 {
		err = errors.New("the record does not show whose the pause is")
	}
	return err == nil && found[0].Event.Replica == d.app.Record.Replica, err
}

func (d *drill) resumed(ctx context.Context) error {
	stands, err := d.paused(ctx)
	switch {
	case err != nil:
		return err
	case !stands && d.unanswered:
		return errors.New("the bot never answered the order to pause, and may yet carry it out")
	case !stands:
		return nil
	}
	if _, err := d.as(ctx, d.Admin, "assume", "resume because "+d.reason()); err != nil {
		return err
	}
	if stands, err := d.paused(ctx); err != nil || stands {
		return errors.Join(errors.New("the bot is still paused"), err)
	}
	return nil
}

// checks are what a step found.
type checks struct{ step *Step }

func (c *checks) holds(ok bool, want, seen string) {
	result := Passed
	if !ok {
		result = Failed
		c.step.Result = Failed
		if c.step.Why == "" {
			c.step.Why = "this did not hold: " + want
		}
	}
	c.step.Checks = append(c.step.Checks, Check{want, seen, result})
}

// untried is a check that could not be made. The step has not passed, nor failed by it.
func (c *checks) untried(want, why string) {
	if c.step.Result == Passed {
		c.step.Why = "in part: " + why
	}
	c.step.Checks = append(c.step.Checks, Check{want, why, NotTried})
}

// plain is what went wrong, for operators: without what was sent.
func plain(err error) string {
	var e *broker.Error
	if errors.As(err, &e) {
		return string(e.Code)
	}
	return err.Error()
}

// await asks again and again until done says so.
func await(ctx context.Context, within time.Duration, done func() (bool, error)) error {
	for until := time.Now().Add(within); ; {
		ok, err := done()
		switch {
		case ok:
			return nil
		case err != nil:
			return err
		case time.Now().After(until):
			return fmt.Errorf("not within %s", within)
		}
		if retry.Sleep(ctx, 100*time.Millisecond); ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// calls counts those to STS that issue something.
type calls struct{ n atomic.Int64 }

func (c *calls) count() int64           { return c.n.Load() }
func (c *calls) sts(before int64) int64 { return c.n.Load() - before }

// Called implements [watch.Watcher].
func (c *calls) Called(operation string, _ watch.Result, _ time.Duration) {
	if operation == "AssumeRole" || operation == "GetSessionToken" {
		c.n.Add(1)
	}
}

// The rest of [watch.Watcher] is of no use here.

func (*calls) Acknowledged(string, time.Duration)        {}
func (*calls) Replied(watch.Surface, time.Duration)      {}
func (*calls) Served(watch.Surface, watch.Outcome)       {}
func (*calls) Rests(string, string, bool)                {}
func (*calls) FellBack(string, watch.Result)             {}
func (*calls) Asked(string, watch.Result, time.Duration) {}
