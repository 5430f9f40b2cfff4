package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/store/storetest"
)

// writes changes the config file.
func (w *world) writes(config string) {
	w.t.Helper()
	w.put("config.yaml", config)
}

// put writes a file of the world's directory.
func (w *world) put(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// looks has the replica look at its config file n times and once more: that it
// takes the last says that what the others led to is done.
func (w *world) looks(r *replica, n int) {
	w.t.Helper()
	for range n + 1 {
		select {
		case r.look <- time.Now():
		case <-time.After(patience):
			w.t.Fatalf("the replica does not look after its config\n%s", w.logs)
		}
	}
}

// notices is as often as it takes to count a change.
func (w *world) notices(r *replica) {
	w.t.Helper()
	w.looks(r, 2)
}

// recorded are the Events of a kind on the record.
func (w *world) recorded(r *replica, kind event.Kind) []event.Event {
	w.t.Helper()
	var events []event.Event
	for _, e := range w.everything(r) {
		if e.Kind == kind {
			events = append(events, e)
		}
	}
	return events
}

func (w *world) wantChanges(r *replica, want ...[]string) {
	w.t.Helper()
	var got [][]string
	for _, e := range w.recorded(r, event.Config) {
		got = append(got, event.Lines(e.Data.(event.ConfigData).Changes))
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		w.t.Errorf("got changes %q on the record, want %q\n%s", got, want, w.logs)
	}
}

const bothMayHaveStaging = "allow: [U01ALICE, U02BOB]"

var (
	bobAlone = strings.Replace(worldConfig, bothMayHaveStaging, "allow: [U02BOB]", 1)
	// misspelt also takes alice off staging.
	misspelt     = strings.Replace(bobAlone, `    allow: ["*"]`, `    alow: ["*"]`, 1)
	lostStaging  = []string{"account staging: allow lost U01ALICE"}
	againStaging = []string{"account staging: allow gained U01ALICE"}
)

func TestReloadGivesAndTakesAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	wantText(t, w.says("U01ALICE", "/assume", "staging "+w.alice.Code()), "staging is yours")
	w.writes(bobAlone)
	w.notices(r)
	wantText(t, w.auditTells("Config changed"), lostStaging...)
	wantText(t, w.says("U01ALICE", "/assume", "staging"), "You may not have staging")
	wantText(t, w.says("U02BOB", "/assume", "staging "+w.bob.Code()), "staging is yours")
	w.writes(worldConfig)
	w.notices(r)
	w.later(r, time.Minute)
	wantText(t, w.says("U01ALICE", "/assume", "staging "+w.alice.Code()), "staging is yours")
	w.wantChanges(r, lostStaging, againStaging)
}

func TestReloadRefusesABrokenFileWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.writes(misspelt)
	w.notices(r)
	wantText(t, w.auditTells("Config refused"), `config.yaml:33:5: unknown key "alow"`, "did you mean allow?")
	if !strings.Contains(w.logs.String(), `"level":"ERROR","msg":"the config file is refused`) {
		t.Errorf("the log does not tell of it:\n%s", w.logs)
	}
	wantText(t, w.says("U01ALICE", "/assume", "staging "+w.alice.Code()), "staging is yours")
	w.notices(r)
	w.writes(worldConfig)
	w.notices(r)
	wantText(t, w.auditTells("Config can be read again"), "Nothing in it has changed")
	w.writes(misspelt)
	w.notices(r)
	w.writes(bobAlone)
	w.notices(r)
	w.wantChanges(r, nil, lostStaging) // the first: it can be read again
	if got := w.recorded(r, event.ConfigBroken); len(got) != 2 {
		t.Errorf("got %v, want one for each time that it broke", got)
	}
}

func TestReloadRefusesWhatIsHadOutsideOfTheRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.writes(strings.Replace(worldConfig, "    outside_rules: accepted\n", "", 1))
	w.notices(r)
	wantText(t, w.auditTells("Config refused"), "account hub has no role", "check cannot see which roles trust whom",
		"account hub: alice@example.com may also have prod, staging, open", "account hub: bob@example.com may also have prod, staging")
	wantText(t, w.says("U01ALICE", "/assume", "staging "+w.alice.Code()), "staging is yours")
}

func TestReloadRefusesWhatCouldNotStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.writes(strings.NewReplacer("arn:aws:", "arn:aws-cn:", "eu-west-1", "cn-north-1").Replace(worldConfig))
	w.notices(r)
	wantText(t, w.auditTells("Config refused"), "config.yaml: AWS_REGION is eu-west-1, in the partition aws")
	if err := os.Remove(filepath.Join(w.dir, "config.yaml")); err != nil {
		t.Fatal(err)
	}
	w.notices(r)
	wantText(t, w.auditTells("Config refused", "cannot be read"), "no such file or directory")
	wantText(t, w.says("U01ALICE", "/assume", "staging "+w.alice.Code()), "staging is yours")
}

func TestReloadNoticesAConfigMapThatIsSwapped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for version, config := range map[string]string{"..1": worldConfig, "..2": bobAlone} {
		if err := os.Mkdir(filepath.Join(w.dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		w.put(filepath.Join(version, "bot.yaml"), config)
	}
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(w.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("..1", "..data")
	link("..data/bot.yaml", "bot.yaml")
	r := w.launch(filepath.Join(w.dir, "bot.yaml"), w.settings(), w.now)
	w.notices(r)
	w.wantChanges(r)
	link("..2", "..data_tmp")
	if err := os.Rename(filepath.Join(w.dir, "..data_tmp"), filepath.Join(w.dir, "..data")); err != nil {
		t.Fatal(err)
	}
	w.notices(r)
	w.wantChanges(r, lostStaging)
}

func TestReloadNoticesASessionPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put("p.json", `{"Version": "2012-10-17", "Statement": []}`)
	r := w.run(strings.Replace(worldConfig, "    "+bothMayHaveStaging, "    session_policy: p.json\n    "+bothMayHaveStaging, 1), w.settings())
	w.put("p.json", `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}`)
	w.notices(r)
	w.says("U01ALICE", "/assume", "staging "+w.alice.Code())
	calls := w.aws.Calls()
	if got := calls[len(calls)-1].Params.Get("Policy"); !strings.Contains(got, `"Allow"`) {
		t.Errorf("got policy %q at AWS, want the new one", got)
	}
	w.put("p.json", "{")
	w.notices(r)
	wantText(t, w.auditTells("Config refused"), "session_policy", "not JSON")
	w.wantChanges(r, []string{"account staging: session_policy changed"})
}

func TestReloadAtSIGHUPReadsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.writes(bobAlone)
	r.reload <- syscall.SIGHUP
	w.looks(r, 0)
	w.wantChanges(r, lostStaging)
}

func TestReloadLeavesToTheNextStartWhatCannotChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, _ := w.realRedis()
	r := w.run(worldConfig, settings)
	w.writes(strings.Replace(worldConfig, "audit_channel: C0AUDIT", "audit_channel: C0AUDIT\n  command_prefix: x-\n  connections: 1", 1))
	w.notices(r)
	wantText(t, w.auditTells("Config changed"), "slack.command_prefix none → x- (from the next start)", "slack.connections 2 → 1 (from the next start)")
	wantText(t, w.says("U01ALICE", "/assume", "help"), "/assume prod")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	again := w.launch(filepath.Join(w.dir, "config.yaml"), settings, w.now)
	wantText(t, w.says("U01ALICE", "/x-assume", "help"), "/x-assume prod")
	if got := w.recorded(again, event.Config); len(got) != 1 {
		t.Errorf("got %v, want nothing more: it was announced already", got)
	}
}

func TestReloadIsAnnouncedOnceByAllReplicas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, _ := w.realRedis()
	replicas := []*replica{w.run(worldConfig, settings), w.run(worldConfig, settings)}
	for _, config := range []string{misspelt, bobAlone} {
		w.writes(config)
		for _, r := range replicas {
			w.notices(r)
		}
	}
	w.wantChanges(replicas[0], lostStaging)
	if got := w.recorded(replicas[0], event.ConfigBroken); len(got) != 1 {
		t.Errorf("got %v, want one", got)
	}
	for _, r := range replicas {
		wantText(t, w.says("U01ALICE", "/assume", "staging"), "You may not have staging")
		if err := r.stop(); err != nil { // the other answers then
			t.Fatal(err)
		}
		if r == replicas[0] {
			continue
		}
		// What changes while no replica runs is announced at the start.
		w.wantChanges(w.run(worldConfig, settings), lostStaging, againStaging)
	}
}

func TestAStartThatCannotTellWhatChangedSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	if err := w.run(worldConfig, settings).stop(); err != nil {
		t.Fatal(err)
	}
	if err := storetest.Raw(t, url).Set(t.Context(), "assumebot:{copy:config}:known", "altered", 0).Err(); err != nil {
		t.Fatal(err)
	}
	r := w.run(bobAlone, settings)
	if got := w.recorded(r, event.Config); len(got) != 1 || !got[0].Data.(event.ConfigData).Unread {
		t.Errorf("got %v on the record, want that what changed is not known", got)
	}
	w.writes(worldConfig)
	w.notices(r)
	wantText(t, w.auditTells("Config changed", "staging"), againStaging...)
}

// TestReloadTellsWhatChangedWhenTheStoreHasForgotten: a running bot knows what it
// goes by.
func TestReloadTellsWhatChangedWhenTheStoreHasForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	r := w.run(worldConfig, settings)
	if err := storetest.Raw(t, url).Del(t.Context(), "assumebot:{copy:config}:known").Err(); err != nil {
		t.Fatal(err)
	}
	w.writes(bobAlone)
	w.notices(r)
	w.wantChanges(r, lostStaging)
}

func TestReloadWaitsForTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, url := w.realRedis()
	r := w.run(bobAlone, settings)
	redis := storetest.Raw(t, url)
	if err := redis.Set(t.Context(), "assumebot:{record}:asides", "no hash", 0).Err(); err != nil {
		t.Fatal(err)
	}
	w.writes(worldConfig)
	w.notices(r)
	w.looks(r, 3)
	if got := w.says("U01ALICE", "/assume", "accounts").Plain(); strings.Contains(got, "staging") {
		t.Errorf("got %s, want the config from before", got)
	}
	if got := strings.Count(w.logs.String(), "not used yet"); got != 1 {
		t.Errorf("got %d lines of the log, want one for each content", got)
	}
	if err := redis.Del(t.Context(), "assumebot:{record}:asides").Err(); err != nil {
		t.Fatal(err)
	}
	w.looks(r, 1)
	w.wantChanges(r, againStaging)
	wantText(t, w.says("U01ALICE", "/assume", "accounts"), "staging")
}

func TestARequestEndsByTheConfigThatItBeganWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	w.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, Latency: time.Second})
	w.command("U01ALICE", "/assume", "staging "+w.alice.Code())
	w.await("its intent", func() bool { return len(w.recorded(r, event.Intent)) == 1 })
	w.writes(strings.Replace(bobAlone, "name: staging", "name: development", 1))
	w.notices(r)
	w.wantChanges(r, []string{
		"account development added: allow U02BOB; duration.default 1h; duration.max 1h; mfa session; role_arn arn:aws:iam::333333333333:role/Developer",
		"account staging removed",
	})
	w.await("its answer", func() bool { return len(w.private("U01ALICE")) == 1 })
	wantText(t, w.private("U01ALICE")[0], "staging is yours")
	wantText(t, w.says("U01ALICE", "/assume", "staging"), "There is no account of that name")
}

// TestANamedPipeInAPolicysPlaceHoldsNobodyUp: nobody writes to it, and SIGTERM
// still ends the program.
func TestANamedPipeInAPolicysPlaceHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put("p.json", `{"Version": "2012-10-17", "Statement": []}`)
	r := w.run(strings.Replace(worldConfig, "    allow: [U01ALICE, U02BOB]", "    session_policy: p.json\n    allow: [U01ALICE, U02BOB]", 1), w.settings())
	pipe := filepath.Join(w.dir, "p.json")
	if err := os.Remove(pipe); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	w.notices(r)
	wantText(t, w.auditTells("Config refused"), "it is not a regular file")
	if err := r.stop(); err != nil {
		t.Error(err)
	}
}
