package e2e

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

// Three processes of the program and a redis-server that has on disk what it acknowledged
// serve a crowd, while Slack fails half of the time. At random moments one of them is
// killed and started again. In the end the record has to tell all that AWS did, and
// nobody may have seen credentials of which it does not tell.

// killsEnv is how many are killed; a few when it is not set.
const killsEnv = "ASSUMEBOT_KILLS"

const (
	fewKills  = 8
	killsCrew = 24 // people who ask
)

func killsConfig(crowd string) string {
	config := strings.Replace(crowd, "contact:", "mfa_session: 8h\ncontact:", 1)
	for i := range killsCrew {
		config = strings.Replace(config, "[S01ONCALL", "["+crowdID(i)+", S01ONCALL", 1)
	}
	return config + "admins: [" + admin + "]\n"
}

// A siege is the world under kills.
type siege struct {
	*world
	redis  *storetest.Durable
	binary string
	bots   [3]*killable
	store  *store.Store
	saw    *sightings

	kills, redisKills int
	gaveUp            int      // processes that ended before they served
	notes             [][]byte // every checkpoint that was seen, in order
}

// A killable is a process of the program.
type killable struct {
	cmd   *exec.Cmd
	log   string        // its file
	ended chan struct{} // closed when it has
}

func TestKills(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills processes for half a minute")
	}
	t.Parallel()
	kills, long := fewKills, os.Getenv(killsEnv)
	if long != "" {
		var err error
		if kills, err = strconv.Atoi(long); err != nil {
			t.Fatalf("%s: %v", killsEnv, err)
		}
	}
	s := &siege{world: newWorld(t), redis: storetest.StartDurable(t), binary: buildProgram(t)}
	devices, config := s.crowd(killsCrew)
	s.slack.AddUser(slacktest.User{ID: admin, Name: "root"})
	s.slack.AddChannel(slacktest.Channel{ID: "C0ADMINS", Name: "admins", Members: []string{admin}})
	s.writes(killsConfig(config))
	var people []string
	for i := range devices {
		people = append(people, crowdID(i))
	}
	s.saw = watch(s.slack, people)
	s.aws.Inject(awstest.Fault{Latency: 300 * time.Millisecond}) // it has done it by then
	for i := range s.bots {
		s.bots[i] = s.starts()
	}
	s.connect()
	s.store = storeAt(t, s.redis.URL)

	ctx, stop := context.WithCancel(t.Context())
	var besides sync.WaitGroup
	besides.Go(func() { s.readCheckpoints(ctx) })
	besides.Go(func() { s.fails(ctx) })
	crowd := s.asks(ctx, devices)
	for range kills {
		s.kill()
	}
	crowd()
	stop()
	besides.Wait()
	s.slack.ClearFaults()
	s.connect()

	told := s.settle()
	told.check()
	s.verify()
	t.Log("\n" + told.table())
}

// connect waits until all processes serve.
func (s *siege) connect() {
	s.t.Helper()
	s.await("all replicas connect", func() bool {
		s.supervise()
		return len(s.slack.Connections()) == 2*len(s.bots)
	})
}

// starts starts a process of the bot.
func (s *siege) starts() *killable {
	s.t.Helper()
	log, err := os.CreateTemp(s.dir, "bot-*.log")
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	k := &killable{
		cmd:   s.program(s.binary, s.redis.URL, "run", "--config", filepath.Join(s.dir, "config.yaml")),
		log:   log.Name(),
		ended: make(chan struct{}),
	}
	k.cmd.Stderr = log
	if err := k.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() { defer close(k.ended); _ = k.cmd.Wait() }()
	s.t.Cleanup(func() { _ = k.cmd.Process.Kill(); <-k.ended })
	return k
}

// kill kills one of the processes at a random moment, and starts it again.
func (s *siege) kill() {
	ctx := s.t.Context()
	pause(ctx, upTo(2*time.Second))
	if s.kills++; rand.IntN(4) == 0 {
		s.redisKills++
		s.redis.Kill()
		pause(ctx, upTo(500*time.Millisecond))
		s.redis.Start()
		return
	}
	i := rand.IntN(len(s.bots))
	s.supervise()
	_ = s.bots[i].cmd.Process.Kill()
	<-s.bots[i].ended
	s.reads(s.bots[i])
	pause(ctx, upTo(500*time.Millisecond))
	s.bots[i] = s.starts()
}

// supervise starts a process again that could not begin to serve, since redis-server was
// killed meanwhile: it says by its exit code that this helps. None ends by itself otherwise.
func (s *siege) supervise() {
	s.t.Helper()
	for i, k := range s.bots {
		select {
		case <-k.ended:
		default:
			continue
		}
		said, _ := os.ReadFile(k.log)
		if k.cmd.ProcessState.ExitCode() != 1 || strings.Contains(string(said), "socket open") {
			s.t.Fatalf("a bot ended by itself: %s\n%s", k.cmd.ProcessState, said)
		}
		s.gaveUp++
		s.reads(k)
		s.bots[i] = s.starts()
	}
}

// reads looks through the log of a process that has ended.
func (s *siege) reads(k *killable) {
	said, err := os.ReadFile(k.log)
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(said)) {
		if strings.Contains(line, record.ErrStopped.Error()) || strings.Contains(line, "panic") {
			s.t.Fatalf("a bot says: %s\nthe whole log: %s", line, said)
		}
	}
	_ = os.Remove(k.log)
}

// fails has Slack fail half of the time, until ctx ends.
func (s *siege) fails(ctx context.Context) {
	ways := []slacktest.Fault{
		{Status: 503},
		{Drop: true},
		{LoseAnswer: true},
		{Error: "ratelimited", RetryAfter: time.Second},
		{Latency: 2 * time.Second},
	}
	for pause(ctx, upTo(time.Second)) {
		f := ways[rand.IntN(len(ways))]
		f.Method, f.Times = "*", -1
		s.slack.Inject(f)
		pause(ctx, upTo(time.Second))
		s.slack.ClearFaults()
	}
}

// readCheckpoints collects what is signed, until ctx ends.
func (s *siege) readCheckpoints(ctx context.Context) {
	for pause(ctx, 200*time.Millisecond) {
		s.readCheckpoint(ctx)
	}
}

func (s *siege) readCheckpoint(ctx context.Context) {
	note, err := audit.FromStore(s.store.Log, s.store.Checkpoints).Checkpoint(ctx)
	if err != nil || note == nil {
		return // it is read again
	}
	if n := len(s.notes); n == 0 || string(s.notes[n-1]) != string(note) {
		s.notes = append(s.notes, note)
	}
}

// settle ends the processes in peace, has another replica close what they left open, and
// returns what the record tells.
func (s *siege) settle() *told {
	s.t.Helper()
	for _, k := range s.bots {
		if err := k.cmd.Process.Signal(os.Interrupt); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, k := range s.bots {
		<-k.ended
		if code := k.cmd.ProcessState.ExitCode(); code != 0 {
			s.t.Errorf("a bot that was told to end: exit code %d", code)
		}
		s.reads(k)
	}
	r := s.launch(filepath.Join(s.dir, "config.yaml"), s.settingsOn(s.redis.URL), s.now)
	if err := r.Record.CaughtUp(s.patient()); err != nil {
		s.t.Fatal(err)
	}
	s.later(r, record.OutcomeDue+time.Minute)
	told := &told{siege: s}
	s.await("every intent has an outcome", func() bool { return told.read(r) && len(told.open) == 0 })
	s.await("all of it is signed", func() bool {
		told.read(r)
		if s.readCheckpoint(s.t.Context()); len(s.notes) == 0 {
			return false
		}
		signed, err := told.signed(s.notes[len(s.notes)-1])
		return err == nil && signed.N == told.edge.Size()
	})
	if err := r.stop(); err != nil {
		s.t.Error(err)
	}
	told.read(r)
	return told
}

// verify has the program verify the record, from the first checkpoint that was seen.
func (s *siege) verify() {
	s.t.Helper()
	s.put("seen", string(s.notes[0]))
	out, err := s.program(s.binary, s.redis.URL, "record", "verify", "--redis", "--since", filepath.Join(s.dir, "seen")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "right: entries 0 to") {
		s.t.Errorf("record verify: %v\n%s", err, out)
	}
}

// pause waits, and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func upTo(d time.Duration) time.Duration { return rand.N(d) }
