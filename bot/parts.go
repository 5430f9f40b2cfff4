package bot

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/assumebot/assumebot/bot/auditchannel"
	"github.com/assumebot/assumebot/bot/directory"
	"github.com/assumebot/assumebot/bot/due"
	"github.com/assumebot/assumebot/bot/message"
	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/bot/weekly"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ledger"
	"github.com/assumebot/assumebot/broker/record/sink"
	"github.com/assumebot/assumebot/broker/watch"
)

// The bot is made of parts, each for one use; New wires them. A part knows those
// that it names and no other, so that what a change can reach is seen here.

// core is what every part goes by.
type core struct {
	web    *webapi.Client
	live   atomic.Pointer[serving]
	prefix string // of the commands
	now    func() time.Time
	log    *slog.Logger
	watch  watch.Watcher // nil: nobody watches
	tracer watch.Tracer  // nil: nothing is traced

	ctx      context.Context // of the work that was accepted
	working  sync.WaitGroup
	accepted atomic.Int64 // requests that have not ended
	serving  atomic.Int64 // Visits that have their turn
	sweeper  *sweeper
	panics   atomic.Int64 // that were ended where they arose
}

// parts are what a Bot is made of, from those that need no other on.
type parts struct {
	door      *door
	delivery  *delivery
	takeovers *takeovers
	reminders *reminders
	approvals *approvals
	formats   *formats
	homes     *homes
	forms     *forms
	issuing   *issuing
	lists     *bucketLists
	admins    *admins
	pasts     *pasts
	self      *self

	due []*due.List // work that is put off, of all parts
}

type (
	// door is what a Visit passes before anything is done for it.
	door struct {
		*core
		counters  broker.Counters
		strangers func() (n int, certain bool) // other processes that serve the same Slack app
		embedded  bool                         // the state is in this process
		record    Record
		ledger    *ledger.Ledger
		delivery  *delivery
	}
	// delivery brings answers and credentials to the person.
	delivery struct {
		*core
		grants       broker.Grants
		dueDeletions *due.List
		dueOwed      *due.List
		held         *holding
		limited      atomic.Int64 // until when Slack has asked to wait, Unix ms
	}
	// reminders tell of Grants that end soon.
	reminders struct {
		*core
		grants       broker.Grants
		dueReminders *due.List
	}
	// approvals ask other people, and see to what follows from their answer.
	approvals struct {
		*core
		auditIn      string // the audit channel
		dueApprovals *due.List
		door         *door
		delivery     *delivery
	}
	// formats remember what a person used last.
	formats struct {
		*core
		preferences Preferences
	}
	// homes say what a person has, and keep their Home.
	homes struct {
		*core
		preferences Preferences
		delivery    *delivery
	}
	// forms ask for what a Request lacks.
	forms struct {
		*core
		door     *door
		delivery *delivery
		formats  *formats
		choices  choices
	}
	// issuing serves who asks for credentials or a sign-in link.
	issuing struct {
		*core
		door      *door
		delivery  *delivery
		reminders *reminders
		approvals *approvals
		formats   *formats
		homes     *homes
		forms     *forms
	}
	// bucketLists serve who asks for buckets.
	bucketLists struct {
		*core
		door     *door
		delivery *delivery
		issuing  *issuing
	}
	// admins serves what admins alone may do.
	admins struct {
		*core
		report    func(context.Context) watch.Report
		delivery  *delivery
		approvals *approvals
	}
	// pasts serve who asks what was done.
	pasts struct {
		*core
		delivery *delivery
	}
	// self serves what is about whoever asks: help, their key, their MFA session, and
	// taking back what they have.
	self struct {
		*core
		helps     *message.Helps
		delivery  *delivery
		approvals *approvals
		homes     *homes
	}
)

// visits serves what people do, by what they did it with. Most of it is the parts'.
type visits struct {
	*core
	*parts
	directory *directory.Events
	waiting   *waiting
	extra     atomic.Int64 // actions that payloads held beside their first
}

// New returns a Bot.
func New(d Deps) *Bot {
	c := &core{web: webapi.New(d.API, d.HTTP, d.APIURL), prefix: d.CommandPrefix, now: d.Now, log: d.Log, watch: d.Watch, tracer: d.Trace}
	c.sweeper = newSweeper(debug.FreeOSMemory)
	b := assembled(c, d)
	b.Serve(d.Broker, d.Settings)
	b.sockets = socketmode.New(socketmode.Deps{
		API: d.API, Count: d.Connections, Alone: d.Embedded, Counters: d.Counters, Watch: d.Watch, Log: d.Log, Handle: b.intake.receive,
	})
	b.door.strangers = b.sockets.Strangers
	b.audit = auditchannel.New(auditchannel.Deps{
		Record: d.Record, Origin: d.Origin, Cursors: d.Cursors, Leases: d.Leases, Channel: d.AuditChannel, Post: b.web.Post,
		Pace: d.AuditPace, Now: d.Now, Log: d.Log,
	})
	b.weekly = weekly.New(weekly.Deps{
		Record: d.Record, Origin: d.Origin, Cursors: d.Cursors, Leases: d.Leases, Channel: d.AuditChannel, Post: b.web.Post, Clock: d.Clock, Log: d.Log,
		Schedule: func() *weekly.Schedule { return b.live.Load().settings.Weekly },
		Accounts: func() []string { return b.live.Load().settings.Accounts },
	})
	b.follow = sink.New(sink.Deps{
		Name: "follow-ups", Origin: d.Origin, Sink: followUps{b.parts, d.Log}, Record: d.Record, Cursors: d.Cursors, Leases: d.Leases,
		First: b.audit.Next, Log: d.Log,
	})
	return b
}

// assembled is a Bot without sockets.
func assembled(c *core, d Deps) *Bot {
	p := partsOf(c, d)
	return &Bot{core: c, parts: p, intake: newIntake(&visits{core: c, parts: p, directory: d.Directory, waiting: newWaiting()})}
}

func partsOf(c *core, d Deps) *parts {
	p := parts{delivery: &delivery{core: c, grants: d.Grants, held: newHolding()}}
	list := func(name string, serve func(context.Context, []byte) due.Result) due.Deps {
		return due.Deps{List: name, Lists: d.Due, Leases: d.Leases, Serve: serve, Aside: p.delivery.tellAside, Now: c.now, Log: c.log}
	}
	keep := func(of due.Deps) *due.List {
		l := due.New(of)
		p.due = append(p.due, l)
		return l
	}
	p.delivery.dueDeletions = keep(list(deletionList, p.delivery.serveDeletion))
	owed := list(owedList, p.delivery.serveOwed)
	owed.Most, owed.AtOnce, owed.Shared = owedMost, owedAtOnce, true
	p.delivery.dueOwed = keep(owed)
	p.takeovers = newTakeovers(c, d, p.delivery)
	p.door = &door{
		core: c, counters: d.Counters, embedded: d.Embedded, record: d.Record, ledger: p.takeovers.ledger, delivery: p.delivery,
	}
	p.reminders = &reminders{core: c, grants: d.Grants}
	p.reminders.dueReminders = keep(list(reminderList, p.reminders.serveReminder))
	p.approvals = &approvals{core: c, auditIn: d.AuditChannel, door: p.door, delivery: p.delivery}
	p.approvals.dueApprovals = keep(list(approvalList, p.approvals.serveApproval))
	p.formats = &formats{core: c, preferences: d.Preferences}
	p.homes = &homes{core: c, preferences: d.Preferences, delivery: p.delivery}
	p.forms = &forms{core: c, door: p.door, delivery: p.delivery, formats: p.formats}
	p.issuing = &issuing{
		core: c, door: p.door, delivery: p.delivery, reminders: p.reminders, approvals: p.approvals, formats: p.formats, homes: p.homes, forms: p.forms,
	}
	p.lists = &bucketLists{core: c, door: p.door, delivery: p.delivery, issuing: p.issuing}
	p.admins = &admins{core: c, report: d.Report, delivery: p.delivery, approvals: p.approvals}
	p.pasts = &pasts{core: c, delivery: p.delivery}
	p.self = &self{core: c, helps: new(message.Helps), delivery: p.delivery, approvals: p.approvals, homes: p.homes}
	return &p
}
