package weekly

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/position"
	"github.com/assumebot/assumebot/broker/retry"
)

const (
	leaseName = "weekly-summary"
	leaseTTL  = 15 * time.Second
	lookEvery = 2 * time.Second // how often a lease is looked after, and the record
	batch     = 200
	// saveEvery is how often what was counted is kept; what was not is read again.
	saveEvery = 10 * time.Second
	saveMost  = 5000 // entries
	// settle is how long after its time a summary is posted: until then entries of before are
	// written, by replicas whose clocks are behind.
	settle = time.Minute
	// lateAfter is when a summary says that it is late.
	lateAfter = time.Hour
)

// Record is the audit record as this process has read and checked it.
type Record interface {
	// Read returns up to limit entries from a number on, in order, and how many are gone
	// before the first of them.
	Read(ctx context.Context, from int64, limit int) (found []record.Followed, missed int64, err error)
	// Await returns nil once there is an entry of that number or wait has passed.
	Await(ctx context.Context, number int64, wait time.Duration) error
	// End returns the number after the last entry, once what was there has been read.
	End(ctx context.Context) (int64, error)
}

// Deps is what a Summary is made of. All of it is needed.
type Deps struct {
	Record  Record
	Origin  string // of the record
	Cursors position.Cursors
	Leases  lease.Leases
	Channel string // its Slack ID
	// Schedule is when it is posted now; nil: never.
	Schedule func() *Schedule
	// Accounts are the names of those in the config now.
	Accounts func() []string
	// Clock is the store's, which all replicas share.
	Clock func(ctx context.Context) (time.Time, error)
	// Post posts to Slack once; it waits out no rate limit.
	Post func(ctx context.Context, channel string, m blockkit.Message) (ts string, err error)
	Log  *slog.Logger
}

// A Summary posts what happened in a week.
type Summary struct {
	Deps
	lease *lease.Lease
	place position.Place
}

// New returns a Summary; it does nothing yet.
func New(d Deps) *Summary {
	d.Log = d.Log.With("part", "weekly summary")
	return &Summary{
		Deps: d, lease: lease.New(d.Leases, leaseName, leaseTTL, d.Log),
		place: position.Place{Cursors: d.Cursors, Lease: leaseName, Origin: d.Origin},
	}
}

// A progress is how far it is; the holder of the lease keeps it in the store.
type progress struct {
	position.Mark
	Next  int64     `json:"next"`  // number of the first entry that is not counted
	From  int64     `json:"from"`  // and of the first that is, or would be
	Since time.Time `json:"since"` // when that began
	Tally Tally     `json:"tally"`
	Gone  int64     `json:"gone,omitempty"` // entries that were gone before they were counted
	// Anew says that what was counted before From is of a record that was closed, or that went
	// back: some of it may never have been counted.
	Anew bool `json:"anew,omitempty"`

	// Until is when the summary that is to be posted ends; zero: none is.
	Until time.Time `json:"until,omitzero"`
	// Out says that the post is under way.
	Out bool `json:"out,omitempty"`

	// Whole is since when nothing was left out, and Last when each account was asked for
	// before Since, as far as that is after Whole.
	Whole time.Time            `json:"whole"`
	Last  map[string]time.Time `json:"last,omitempty"`

	hold *lease.Hold
	turn lease.Fence // of hold
	kept time.Time   // when it was saved, by the monotonic clock
	read int         // entries since then
}

// Run counts and posts until ctx ends. Nobody holds the lease while no summary is wanted.
func (s *Summary) Run(ctx context.Context) {
	for ; ctx.Err() == nil; retry.Tick(ctx, lookEvery) {
		if s.Schedule() != nil {
			s.runWanted(ctx)
		}
	}
}

// runWanted is Run until no summary is wanted.
func (s *Summary) runWanted(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	waits := retry.Pace{First: 500 * time.Millisecond, Longest: 30 * time.Second}.Waits()
	s.lease.Run(ctx, lookEvery, func(err error) time.Duration {
		d := waits.Next(err)
		if !errors.Is(err, record.ErrStopped) { // the record says so itself
			s.Log.Error("the weekly summary does not go on", "error", err, "retry_in", d)
		}
		return d
	}, func(ctx context.Context, h *lease.Hold) error {
		err := s.lead(ctx, h, waits.Reset)
		if s.Schedule() == nil {
			stop()
		}
		return err
	})
}

// lead counts and posts until ctx ends; well is called when something went well.
func (s *Summary) lead(ctx context.Context, h *lease.Hold, well func()) error {
	turn, err := h.Fence()
	if err != nil {
		return err
	}
	at, err := s.load(ctx)
	at.hold, at.turn, at.kept = h, turn, time.Now()
	if err == nil {
		err = s.notAhead(ctx, &at)
	}
	for err == nil && ctx.Err() == nil {
		schedule := s.Schedule()
		if schedule == nil {
			return s.keep(ctx, &at)
		}
		var more bool
		if more, err = s.step(ctx, &at, *schedule); err == nil && !more {
			err = s.Record.Await(ctx, at.Next, lookEvery)
		}
		if err == nil {
			well()
		}
	}
	return err
}

// Needed is the number of the oldest entry that is not counted; none is needed while no
// summary is wanted.
func (s *Summary) Needed(ctx context.Context) (int64, error) {
	if s.Schedule() == nil {
		return math.MaxInt64, nil
	}
	at, err := s.load(ctx)
	if err != nil || at.New() {
		return math.MaxInt64, err
	}
	return at.Next, nil
}

func (s *Summary) load(ctx context.Context) (progress, error) {
	var at progress
	former, err := s.place.Load(ctx, &at)
	if err != nil || at.New() {
		return at, err
	}
	if former {
		at.beginsAnew(0)
	}
	at.Tally = at.Tally.cleaned()
	at.Next, at.From, at.Gone = max(at.Next, 0), max(at.From, 0), max(at.Gone, 0)
	last := map[string]time.Time{}
	for account, when := range at.Last {
		last[shown(account)] = when
	}
	at.Last = last
	return at, nil
}

// beginsAnew goes on at entry n. What was counted stays.
func (at *progress) beginsAnew(n int64) { at.Next, at.From, at.Anew = n, n, true }

// notAhead puts a position that is beyond the end of the record there: the store went back, or
// somebody moved it. Else nothing would be counted until the record is as long again.
func (s *Summary) notAhead(ctx context.Context, at *progress) error {
	end, err := s.Record.End(ctx)
	if errors.Is(err, record.ErrStopped) { // it is counted as far as it goes
		return nil
	}
	if err != nil || at.New() || at.Next <= end {
		return err
	}
	s.Log.Error("the weekly summary counted more entries than the record has, if its position is right; it goes on at the end", "position", at.Next, "end", end)
	then := *at
	then.beginsAnew(end)
	return s.save(ctx, at, then)
}

// step counts some entries, or posts; more is true while there may be more to do.
func (s *Summary) step(ctx context.Context, at *progress, schedule Schedule) (more bool, err error) {
	now, err := s.Clock(ctx)
	if err != nil {
		return false, err
	}
	if at.New() { // it was never on: it begins with what comes now
		end, err := s.Record.End(ctx)
		if err != nil {
			return false, err
		}
		at.Next, at.From, at.Since, at.Whole = end, end, now.UTC(), now.UTC()
		return true, s.save(ctx, at, *at)
	}
	if !at.Until.IsZero() {
		return s.post(ctx, at, now)
	}
	until := schedule.Last(now.Add(-settle)).UTC()
	due := until.After(at.Since)
	found, missed, err := s.Record.Read(ctx, at.Next, batch)
	if err != nil {
		return false, err
	}
	if missed > 0 {
		s.Log.Error("entries of the record are gone that the weekly summary did not count", "first", at.Next, "count", missed)
		at.Next, at.Gone = at.Next+missed, at.Gone+missed
	}
	ended := s.count(at, found, due, until)
	if due && (ended || len(found) < batch) {
		then := *at
		then.Until = until
		return true, s.save(ctx, at, then)
	}
	if at.read >= saveMost || at.read > 0 && time.Since(at.kept) >= saveEvery {
		return true, s.save(ctx, at, *at)
	}
	return len(found) == batch, nil
}

// count counts entries; it ends before the first that is of the next week.
func (s *Summary) count(at *progress, found []record.Followed, due bool, until time.Time) (ended bool) {
	accounts := s.Accounts()
	is := map[string]bool{}
	for _, a := range accounts {
		is[a] = true
	}
	for _, f := range found {
		if due && f.Broken == "" && !f.Event.Time.Before(until) {
			return true
		}
		at.Tally.count(f, func(account string) bool { return is[account] })
		at.Next, at.read = f.Number+1, at.read+1
	}
	return false
}

// post posts the summary that is due, and goes on to the next week.
func (s *Summary) post(ctx context.Context, at *progress, now time.Time) (more bool, err error) {
	m := render(s.reportOf(at, now))
	err = s.send(ctx, at, m)
	var limited *slack.RateLimitedError
	if errors.As(err, &limited) {
		retry.Sleep(ctx, limited.RetryAfter)
		return true, nil
	}
	if webapi.MessageRefused(err) {
		s.Log.Error("Slack does not take the weekly summary as it is rendered", "error", err)
		err = s.send(ctx, at, unshown(at))
	}
	if err != nil && !webapi.MessageRefused(err) {
		return false, err
	}
	then := progress{Next: at.Next, From: at.Next, Since: at.Until, Whole: at.Whole, Last: s.lastAsked(at)}
	if at.partial() {
		then.Whole, then.Last = at.Until, nil
	}
	return true, s.save(ctx, at, then)
}

// send posts one message while the lease is held, and notes that it is under way.
func (s *Summary) send(ctx context.Context, at *progress, m blockkit.Message) error {
	if at.Out {
		m = again(m)
	}
	then := *at
	then.Out = true
	if err := s.save(ctx, at, then); err != nil {
		return err
	}
	if _, err := at.hold.Fence(); err != nil {
		return err
	}
	// A post under way is not cut off: Slack may have taken it, and it would be posted again.
	posting, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*webapi.Timeout)
	defer cancel()
	_, err := s.Post(posting, s.Channel, m)
	if err == nil || !webapi.NotTaken(err) {
		return err
	}
	then = *at
	then.Out = false
	return errors.Join(err, s.save(ctx, at, then))
}

// partial reports whether something may have been left out.
func (at *progress) partial() bool { return at.Gone > 0 || at.Anew || at.Tally.Crowded }

// lastAsked is when each account of the config was asked for last, of those that ever were.
func (s *Summary) lastAsked(at *progress) map[string]time.Time {
	last := maps.Clone(at.Last)
	if last == nil {
		last = map[string]time.Time{}
	}
	for account, when := range at.Tally.Asked {
		if when.After(last[account]) {
			last[account] = when
		}
	}
	accounts := s.Accounts()
	slices.Sort(accounts)
	maps.DeleteFunc(last, func(account string, _ time.Time) bool {
		_, there := slices.BinarySearch(accounts, account)
		return !there
	})
	return last
}

// keep saves what was counted, if anything was.
func (s *Summary) keep(ctx context.Context, at *progress) error {
	if at.read == 0 {
		return nil
	}
	return s.save(ctx, at, *at)
}

// save makes then the progress, and keeps it.
func (s *Summary) save(ctx context.Context, at *progress, then progress) error {
	if err := s.place.Save(ctx, at.turn, at, &then); err != nil {
		return err
	}
	then.hold, then.turn, then.kept, then.read = at.hold, at.turn, time.Now(), 0
	*at = then
	return nil
}
