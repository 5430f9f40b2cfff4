package e2e

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/store/storetest"
)

// What becomes of a bot whose Redis is in trouble: what a person reads meanwhile, that
// nothing unsafe is done, and that it goes on by itself. For each fault Alice asks with a
// code while it lasts, and with the same one after it; Bob was blocked before it, and
// asks as well. In the end AWS has seen no code twice, and issued nothing without an intent
// that is on the record.
//
// How long it takes to serve again is logged; under load, with shares, `go run ./cmd/loadgen
// table --only faults` measures it. Other tests have the rest:
//
//	gone and back again         TestRedisThatComesBackIsGoneOnWithByTheSameBot
//	gone between any two steps  TestEachStepOfAnAttemptMayFail (broker)
//	killed under load           TestKills
//	a fail-over that lags       TestABotThatReadWhatALaggingFailOverLostPutsItBack, and those beside it
//	entries lost, put back      TestARecordThatRedisLostIsPutBack (store)
//	an older backup             TestWhatIsPutBackInRedisGivesNobodyAnything
//	a stalled network           TestEveryCallKeepsItsDeadlineWhenRedisStalls (store)
//	too few replicas            TestAnAppendThatTooFewReplicasHaveFailsAndStays (store)
//	at start                    TestOpenWhileRedisLoadsMayBeTriedAgain and those beside it (store)

// freezesEnv has Redis be frozen for 5 and 20 seconds too, with the program's own
// time-outs.
const freezesEnv = "ASSUMEBOT_FREEZES"

// A faulty is a bot on a Redis that a test spoils.
type faulty struct {
	*world
	redis     *storetest.Durable
	sentinels *storetest.Sentinels // instead of redis
	raw       redis.UniversalClient
	bot       *replica
	thawed    chan struct{}
}

// A redisFault is one way to spoil it, and what Alice reads meanwhile and after it.
type redisFault struct {
	name       string
	args       []string // of redis-server
	query      string   // of the URL
	sentinels  bool     // watch it
	begin, end func(*faulty)
	reads      string
}

const (
	away   = "store is not answering"
	given  = "prod is yours until"
	either = "" // by who is faster
)

// bystanders is how many commands of Carol's there are while the fault lasts.
const bystanders = 10

func (f *faulty) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *faulty) set(name, value string) {
	f.t.Helper()
	f.must(f.raw.ConfigSet(context.Background(), name, value).Err())
}

func redisFaults() []redisFault {
	return []redisFault{
		{name: "its connections are killed", reads: given, begin: func(f *faulty) {
			f.must(f.raw.Do(f.t.Context(), "client", "kill", "type", "normal", "skipme", "yes").Err())
		}},
		{name: "it is full", reads: away,
			begin: func(f *faulty) { f.set("maxmemory", "1") },
			end:   func(f *faulty) { f.set("maxmemory", "0") }},
		{name: "it is a replica", reads: away,
			begin: func(f *faulty) { f.must(f.raw.SlaveOf(f.t.Context(), "127.0.0.1", "1").Err()) },
			end:   func(f *faulty) { f.must(f.raw.SlaveOf(f.t.Context(), "NO", "ONE").Err()) }},
		{name: "it loads", reads: away, begin: loads, end: func(f *faulty) { f.set("key-load-delay", "0") },
			args: []string{"--enable-debug-command", "yes", "--loading-process-events-interval-bytes", "1024"}},
		{name: "it is frozen", query: "?read_timeout=300ms", reads: away,
			begin: func(f *faulty) { f.redis.Freeze() },
			end:   func(f *faulty) { f.redis.Thaw() }},
		frozenFor(time.Second, given),
		{name: "the Sentinels put its replica in its place", sentinels: true, reads: either,
			begin: func(f *faulty) {
				f.await("the replica follows", func() bool { return f.sentinels.Entries() == f.bot.Record.Size() })
				f.sentinels.Kill()
			},
			end: func(f *faulty) { f.sentinels.Promoted() }},
		{name: "it is flushed", reads: given, begin: func(f *faulty) { f.must(f.raw.FlushAll(f.t.Context()).Err()) }},
		{name: "it is started again empty", reads: away, args: []string{"--appendonly", "no"},
			begin: func(f *faulty) { f.redis.Kill() },
			end:   func(f *faulty) { f.redis.Start() }},
	}
}

// frozenFor freezes it for so long, with the program's own time-outs.
func frozenFor(d time.Duration, reads string) redisFault {
	return redisFault{
		name: "it is frozen for " + d.String(), reads: reads,
		begin: func(f *faulty) {
			f.redis.Freeze()
			time.AfterFunc(d, func() { f.redis.Thaw(); close(f.thawed) })
		},
		end: func(f *faulty) { <-f.thawed },
	}
}

// loads has it read its data slowly, until the delay is gone.
func loads(f *faulty) {
	ctx := f.t.Context()
	for _, command := range [][]any{{"debug", "populate", 4000, "key", 100}, {"config", "set", "key-load-delay", 5000}} {
		if err := f.raw.Do(ctx, command...).Err(); err != nil {
			f.t.Skipf("this redis-server cannot be slowed down: %v", err)
		}
	}
	// Sent again before all is read, it would save what was read so far.
	go f.raw.(*redis.Client).WithTimeout(patience).Do(context.Background(), "debug", "reload")
	f.await("it loads", func() bool {
		err := f.raw.Get(ctx, "x").Err()
		return err != nil && strings.HasPrefix(err.Error(), "LOADING")
	})
}

func TestWhatPeopleReadWhileRedisIsInTrouble(t *testing.T) {
	t.Parallel()
	faults := redisFaults()
	if os.Getenv(freezesEnv) == "1" {
		faults = append(faults, frozenFor(5*time.Second, away), frozenFor(20*time.Second, away))
	}
	for _, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			fault.run(t)
		})
	}
}

func (c redisFault) run(t *testing.T) {
	f := &faulty{world: newAdminWorld(t), thawed: make(chan struct{})}
	if c.sentinels {
		f.sentinels = storetest.StartSentinels(t)
		f.bot = f.run(adminConfig, f.settingsOn(f.sentinels.URL))
	} else {
		f.redis = storetest.StartDurable(t, c.args...)
		f.raw = storetest.Raw(t, f.redis.URL)
		f.bot = f.run(adminConfig, f.settingsOn(f.redis.URL+c.query))
	}
	wantText(t, f.says("U01ALICE", "/assume", "staging "+f.alice.Code()), "staging is yours")
	f.says(admin, "/assume", "block @bob because laptop lost")
	f.later(f.bot, 30*time.Second) // for the next code
	code, bobs := f.alice.Code(), f.bob.Code()
	calls := f.stsCalls("AssumeRole")

	c.begin(f)
	for range bystanders {
		f.acked(f.slack.Command("U03CAROL", "C0GENERAL", "/assume", "accounts"))
	}
	got := f.says("U01ALICE", "/assume", "prod "+code)
	wantText(t, got, c.reads)
	if n := f.stsCalls("AssumeRole") - calls; c.reads == away && n > 0 {
		t.Errorf("AWS was asked %d times, although Alice reads that nothing was done", n)
	}
	if bob := f.says("U02BOB", "/assume", "staging "+bobs).Plain(); strings.Contains(bob, "is yours") {
		t.Errorf("Bob, who is blocked, reads:\n%s", bob)
	}
	if c.end != nil {
		c.end(f)
	}
	over := time.Now()
	f.await("the bot serves again", func() bool {
		return strings.Contains(f.says("U01ALICE", "/assume", "open").Plain(), "open is yours")
	})
	t.Logf("%s: served again %s after its end", c.name, time.Since(over).Round(time.Millisecond))
	if !strings.Contains(got.Plain(), given) {
		wantText(t, got, away)
		wantText(t, f.says("U01ALICE", "/assume", "prod "+code), given)
	}
	wantText(t, f.says("U02BOB", "/assume", "staging "+bobs), "You are blocked since")
	f.await("the bystanders are answered", func() bool { return len(f.private("U03CAROL")) == bystanders })
	f.wantSafe()
}

// wantSafe wants AWS to have seen no code twice, and the record to have an intent before
// each outcome.
func (f *faulty) wantSafe() {
	f.t.Helper()
	sent := map[string]int{}
	for _, call := range f.aws.Calls() {
		if code := call.Params.Get("TokenCode"); code != "" {
			if sent[code]++; sent[code] > 1 {
				f.t.Errorf("a code was sent to AWS %d times", sent[code])
			}
		}
	}
	intents, granted := map[string]bool{}, 0
	for n := range f.bot.Record.Size() {
		e, err := f.bot.Record.Entry(f.t.Context(), n)
		if err != nil {
			f.t.Fatalf("entry %d: %v", n, err)
		}
		switch e.Kind {
		case event.Intent:
			intents[e.Attempt()] = true
		case event.Granted:
			if granted++; !intents[e.Attempt()] {
				f.t.Errorf("entry %d is granted without an intent before it", n)
			}
		}
	}
	if calls := f.stsCalls("AssumeRole"); calls != granted {
		f.t.Errorf("AWS was asked for %d roles, and the record tells of %d", calls, granted)
	}
}
