package bot

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/auditchannel"
	"github.com/assumebot/assumebot/bot/directory"
	"github.com/assumebot/assumebot/bot/due"
	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/bot/weekly"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/record/position"
	"github.com/assumebot/assumebot/broker/record/sink"
	"github.com/assumebot/assumebot/broker/watch"
)

// Deps is what a Bot is made of. All but Watch and Trace is needed.
type Deps struct {
	API           *slack.Client
	HTTP          *http.Client // posts to response_urls; it must not follow redirects
	APIURL        string       // where API points: response_urls are on this machine only where Slack is
	Broker        *broker.Broker
	Counters      broker.Counters
	Directory     *directory.Events
	Preferences   Preferences
	Record        Record
	Origin        string // of the record
	Ledger        ledger.Store
	LedgerPace    ledger.Pace // a test waits less
	Replica       string      // names this process, as no other one ever was
	Cursors       position.Cursors
	Leases        lease.Leases
	Due           due.Lists
	Grants        broker.Grants
	Settings      Settings
	CommandPrefix string
	Connections   int
	AuditChannel  string
	AuditPace     time.Duration // from one post there to the next; 0 is what Slack takes
	Embedded      bool          // the state is in this process: stop issuing when another process shares the Slack app
	Watch         watch.Watcher // nil: nobody watches
	Trace         watch.Tracer  // nil: nothing is traced
	// Clock is the store's, which all replicas share.
	Clock func(context.Context) (time.Time, error)
	// Report says how the bot is, within some seconds.
	Report func(context.Context) watch.Report
	Now    func() time.Time
	Log    *slog.Logger
}

// A Bot is assumebot on Slack. New does no work; Run does all of it.
type Bot struct {
	*core
	*parts
	intake    *intake
	sockets   *socketmode.Sockets
	audit     *auditchannel.Channel
	weekly    *weekly.Summary
	follow    *sink.Follower
	abandoned atomic.Int64 // requests that had not ended when it stopped
}

const (
	// requestTimeout bounds one Request from its acknowledgement to its reply.
	requestTimeout = 90 * time.Second
	// answerWithin is what a Request has from its arrival until its answer goes out:
	// a person waits 15 s at most. What must follow AWS's answer, and the reply, have
	// times of their own.
	answerWithin = 12 * time.Second
	// drainTimeout is what SIGTERM leaves to what was accepted. With the outcome
	// of what is abandoned and the last of the audit channel it stays within the
	// 30 s after which Kubernetes kills.
	drainTimeout = 18 * time.Second
)

// An intent without an outcome is told only after every Request has ended.
const _ = uint(auditchannel.OutcomeDue - requestTimeout - 30*time.Second)

// Run serves until ctx ends, then finishes what was accepted and returns nil.
// It returns an error when Slack says something that only an operator can mend.
func (b *Bot) Run(ctx context.Context) error {
	work, abandon := context.WithCancel(context.WithoutCancel(ctx))
	defer abandon()
	b.ctx = work

	auditing, stopAudit := context.WithCancel(context.WithoutCancel(ctx))
	var audit sync.WaitGroup
	audit.Go(func() { b.audit.Run(auditing) })
	audit.Go(func() { b.follow.Run(auditing) })
	audit.Go(func() { b.weekly.Run(auditing) })

	working, stopDue := context.WithCancel(context.WithoutCancel(ctx))
	defer stopDue()
	var dueWork sync.WaitGroup
	dueWork.Go(func() { b.sweeper.run(working) })
	for _, list := range b.due {
		dueWork.Go(func() { list.Run(working) })
	}

	// Before anything is taken, so that whoever is owed an answer is found.
	b.takeovers.ledger.Begin(ctx)
	living, die := context.WithCancel(context.WithoutCancel(ctx))
	defer die()
	var owing sync.WaitGroup
	owing.Go(func() { b.takeovers.run(living) })
	placing, stopPlacing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopPlacing()
	placed := make(chan struct{})
	go func() { defer close(placed); b.delivery.placeHeld(placing) }()

	told := make(chan time.Time, 1)
	defer context.AfterFunc(ctx, func() { told <- time.Now() })()
	err := b.sockets.Run(ctx)
	stopDue()
	b.drain(told, abandon)
	stopPlacing()
	select { // what is placed now is settled before others take over what is left
	case <-placed:
	case <-time.After(placedWithin): // or may be told once more: the process has little time left
	}
	die()
	owing.Wait()   // others have now what is left
	dueWork.Wait() // what they tell the record, the audit channel still posts
	stopAudit()
	audit.Wait()
	return err
}

// Ready is closed once a socket is open and Slack said hello on it.
func (b *Bot) Ready() <-chan struct{} { return b.sockets.Ready() }

// AuditNext is the number of the first entry of the record that the audit channel was
// not told.
func (b *Bot) AuditNext(ctx context.Context) (int64, error) { return b.audit.Next(ctx) }

// RecordNeeded is the number of the first entry of the record that the bot has yet to do
// something about.
func (b *Bot) RecordNeeded(ctx context.Context) (int64, error) {
	told, err := b.audit.Next(ctx)
	if err != nil {
		return 0, err
	}
	followed, err := b.follow.Next(ctx)
	if err != nil {
		return 0, err
	}
	counted, err := b.weekly.Needed(ctx)
	return min(told, followed, counted), err
}

// Watched fills in how the bot stands with Slack, and what it works on.
func (b *Bot) Watched(s *watch.State) {
	s.Sockets, s.Counted = b.sockets.Standing()
	s.Connected = s.Sockets > 0
	s.Working, s.Waiting = int(b.serving.Load()), b.intake.turns.Queued()
}

// Due is how much of reminders, deletions, approvals and answers owed is due and not done yet.
func (b *Bot) Due(ctx context.Context) (int, error) {
	total := 0
	for _, w := range b.due {
		n, err := w.Count(ctx)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// drain waits for what was accepted, up to drainTimeout after the bot was told to stop:
// closing the sockets is a part of it.
func (b *Bot) drain(told <-chan time.Time, abandon context.CancelFunc) {
	since := time.Now()
	select {
	case since = <-told:
	default: // it stops by itself
	}
	overdue := time.AfterFunc(drainTimeout-time.Since(since), func() {
		b.abandoned.Store(b.accepted.Load() + int64(b.intake.turns.Held()))
		b.log.Error("requests abandoned: they did not end in time", "after", drainTimeout, "requests", b.Abandoned())
		abandon()
	})
	defer overdue.Stop()
	b.intake.turns.Wait()
	b.working.Wait()
	b.intake.shed.flush()
}

// Abandoned is how many requests had not ended when the bot stopped.
func (b *Bot) Abandoned() int64 { return b.abandoned.Load() }
