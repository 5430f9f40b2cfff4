package e2e

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/store/storetest"
)

// The program of an earlier release, built from the history of this repository, and this
// one serve on one Redis, in turn and for a moment together: what one leaves there, the
// other goes on with, and the other way round, so that a release can be replaced, and be
// put back.

// releaseBefore is the commit that stands for the release before this one.
const releaseBefore = "75b89a5abeec6251acd73d8231a813c395a42a19"

// historyEnv has the test fail where that commit is not there, as in a shallow clone.
const historyEnv = "ASSUMEBOT_REQUIRE_HISTORY"

func TestTheReleaseBeforeAndThisOneGoOnWithWhatTheOtherLeft(t *testing.T) {
	t.Parallel()
	s := &siege{world: newAdminWorld(t), binary: buildBefore(t), redis: storetest.StartDurable(t)}
	r := &releases{siege: s, devices: s.releaseWorld(), key: ageSealKey(t)}
	path, settings := filepath.Join(s.dir, "config.yaml"), s.settingsOn(s.redis.URL)

	before := s.starts()
	r.served(1)
	left := r.leaves(0)
	this := s.launch(path, settings, s.now)
	r.served(2)
	r.ends(before)
	r.goesOn(left)

	// One that gives pauses with an end, of which the release before knows nothing; it ends them all the same.
	if err := this.stop(); err != nil {
		t.Error(err)
	}
	r.pauseFor = time.Hour
	this = s.launch(path, settings, s.now)
	r.served(1)
	left = r.leaves(4)
	before = s.starts()
	r.served(2)
	if err := this.stop(); err != nil {
		t.Error(err)
	}
	r.goesOn(left)
	r.verifies()

	// The release before dies while it answers, and this one tells its person.
	s.slack.Inject(slacktest.Fault{Method: "response_url", Latency: time.Minute, Drop: true, Times: -1})
	s.command(crowdID(8), "/assume", "staging "+r.devices[8].Code())
	st := storeAt(t, s.redis.URL)
	s.await("an answer is owed", func() bool { return strings.Contains(strings.Join(dueTexts(t, st, "owed"), ""), crowdID(8)) })
	_ = before.cmd.Process.Kill()
	<-before.ended
	s.slack.ClearFaults()
	this = s.launch(path, settings, s.now)
	s.later(this, time.Minute)
	s.await("who was owed an answer is told", func() bool {
		told := s.directMessages(crowdID(8))
		return len(told) > 0 && strings.Contains(told[0].Plain(), "AWS issued credentials for staging, but the bot was stopped before it knew")
	})
	if err := this.stop(); err != nil {
		t.Error(err)
	}
	r.verifies()
	r.waitsForThisOne(path, settings)
}

// waitsForThisOne has a process of this release die while only the one before serves: what it
// owed waits for the next of this one.
func (r *releases) waitsForThisOne(path string, settings app.Settings) {
	st := storeAt(r.t.(*testing.T), r.redis.URL)
	text, err := json.Marshal(map[string]any{
		"request": broker.NewID(), "user": crowdID(7), "since": r.now(), "asked": prose.Say(prose.AssumeCmd("accounts")),
	})
	if err == nil {
		_, _, err = st.Ledger.Beat(r.t.Context(), "died", time.Millisecond)
	}
	if err == nil {
		_, err = st.Ledger.Owe(r.t.Context(), ahead.Owed{Owner: "died", ID: "r", At: r.now(), Text: text})
	}
	if err != nil {
		r.t.Fatal(err)
	}
	before := r.starts()
	r.served(1)
	r.command(crowdID(6), "/assume", "accounts")
	r.await("the release before answers", func() bool { return len(r.private(crowdID(6))) > 0 })
	r.ends(before)
	told := func() (n int) {
		for _, m := range r.directMessages(crowdID(7)) {
			n += strings.Count(m.Plain(), "The bot was stopped before it answered /assume accounts")
		}
		return n
	}
	if told() > 0 || !owes(r.t, r.redis.URL) {
		r.t.Errorf("told %d times, want that the release before leaves what it does not know", told())
	}
	this := r.launch(path, settings, r.now)
	r.await("it is told once", func() bool { return told() == 1 && !owes(r.t, r.redis.URL) })
	if err := this.stop(); err != nil {
		r.t.Error(err)
	}
}

// buildBefore builds the release before, for which Go needs nothing that this one does not.
func buildBefore(t *testing.T) (path string) {
	t.Helper()
	lacks := func(what string, err error) {
		if os.Getenv(historyEnv) == "1" {
			t.Fatalf("%s: %v", what, err)
		}
		t.Skipf("%s: %v", what, err)
	}
	const root = "../../.."
	if err := exec.Command("git", "-C", root, "cat-file", "-e", releaseBefore+"^{commit}").Run(); err != nil {
		lacks("the commit of the release before is not in this clone (git fetch --unshallow)", err)
	}
	archive, err := exec.Command("git", "-C", root, "archive", releaseBefore).Output()
	if err != nil {
		lacks("git archive", err)
	}
	dir := t.TempDir()
	unpack(t, archive, dir)
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", "before", "./cmd/assumebot") // with this path Go finds it in its cache
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the release before: %v\n%s", err, out)
	}
	return filepath.Join(dir, "before")
}

func unpack(t *testing.T, archive []byte, dir string) {
	t.Helper()
	files := tar.NewReader(bytes.NewReader(archive))
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) {
			continue
		}
		text, err := io.ReadAll(files)
		path := filepath.Join(dir, h.Name)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, text, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// releases is the world of two releases.
type releases struct {
	*siege
	devices []*awstest.Device
	key     sealKey
}

// releaseWorld has people of whom everybody may have all, vault once Carol approved.
func (s *siege) releaseWorld() []*awstest.Device {
	devices, config := s.crowd(9)
	ids := []string{"U01ALICE", "U02BOB", "U03CAROL", admin}
	for i := range devices {
		ids = append(ids, crowdID(i))
	}
	s.leads()
	s.slack.AddChannel(slacktest.Channel{ID: "C0GENERAL", Name: "general", Members: ids})
	s.writes(strings.NewReplacer(
		"audit_channel: C0AUDIT\n", "audit_channel: C0AUDIT\n  approvals_channel: C0LEADS\n",
		"accounts:\n", strings.Replace(vaultAccount, "[S01ONCALL, U02BOB]", `["*"]`, 1),
		"contact:", "mfa_session: 8h\ncontact:",
		"allow: [U01ALICE]", `allow: ["*"]`,
	).Replace(config) + "admins: [" + admin + "]\n")
	return devices
}

// served waits until so many replicas serve.
func (r *releases) served(replicas int) {
	r.t.Helper()
	r.await("the replicas serve", func() bool { return len(r.slack.Connections()) == 2*replicas })
}

// ends ends a process in peace.
func (r *releases) ends(k *killable) {
	r.t.Helper()
	if err := k.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	<-k.ended
	if code := k.cmd.ProcessState.ExitCode(); code != 0 {
		r.t.Errorf("the release before was told to end: exit code %d", code)
	}
	r.reads(k)
}

// A legacy is what one release left: four people, and what they were shown.
type legacy struct {
	holder, blocked, approved, keyed string
	blockedCode, approvedCode        string
	issued, waits                    slacktest.Message
}

func (r *releases) says(user, text string, parts ...string) slacktest.Message {
	r.t.Helper()
	m := r.world.says(user, "/assume", text)
	wantText(r.t.(*testing.T), m, parts...)
	return m
}

// leaves has whoever serves keep something of each kind, of four people from first on.
func (r *releases) leaves(first int) (l legacy) {
	r.t.Helper()
	code := func(i int) string { return r.devices[first+i].Code() }
	l = legacy{
		holder: crowdID(first), blocked: crowdID(first + 1), approved: crowdID(first + 2), keyed: crowdID(first + 3),
		blockedCode: code(1), approvedCode: code(2),
	}
	l.issued = r.says(l.holder, "staging "+code(0), "staging is yours", "AWS_SESSION_TOKEN")
	r.says(admin, "block @"+crowdName(first+1)+" because laptop lost", "Blocked")
	r.says(l.approved, "vault because INC-42", "Asked for approval")
	r.press("U03CAROL", r.approval("Approval wanted", crowdName(first+2)), "approve")
	r.approval("Approved by")
	r.says(l.holder, "vault because INC-43", "Asked for approval")
	l.waits = r.approval("Approval wanted", crowdName(first))
	r.says(l.keyed, "key "+r.key.public+" "+code(3), "Your key is set")
	r.says(admin, "pause because an update", "Paused")
	return l
}

// goesOn has whoever serves go on with what the other release left.
func (r *releases) goesOn(l legacy) {
	r.t.Helper()
	r.says(l.holder, "staging", "The bot is paused since", "an update")
	r.says(admin, "resume", "Resumed")
	who := r.says(admin, "who")
	wantText(r.t.(*testing.T), who, strings.TrimPrefix(l.holder, "U"), "staging")
	r.acked(r.slack.Choose(l.holder, l.issued.Ref(), "", "format", "fish"))
	r.shown(l.holder, "set -gx AWS_SESSION_TOKEN")
	r.says(l.holder, "staging", "You have staging until", "Show again")
	r.says(l.blocked, "staging "+l.blockedCode, "You are blocked since")
	r.says(admin, "unblock @user"+strings.TrimPrefix(l.blocked, "U"), "Unblocked")
	r.says(l.blocked, "staging "+l.blockedCode, "staging is yours")
	r.says(l.approved, "vault "+l.approvedCode, "vault is yours")
	r.press("U03CAROL", l.waits, "approve")
	r.approval("Approved by")
	r.says(l.holder, "vault", "vault is yours") // by the MFA session
	if m := r.says(l.keyed, "open", "open is yours", "It is encrypted to your key "+r.key.fingerprint); strings.Contains(m.Plain(), "export ") {
		r.t.Errorf("who has a key reads in clear:\n%s", m.Plain())
	}
}

// verifies has both verify the record, from its first entry.
func (r *releases) verifies() {
	r.t.Helper()
	out, err := r.program(r.binary, r.redis.URL, "record", "verify", "--redis").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "right: entries 0 to") {
		r.t.Errorf("record verify of the release before: %v\n%s", err, out)
	}
	settings := r.settingsOn(r.redis.URL)
	keys, err := settings.PublicKeys(nil, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	place, err := app.OpenRecord(r.t.Context(), app.RecordPlace{Redis: true}, settings, r.getenv)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = place.Close() }()
	got, err := audit.Verify(r.t.Context(), audit.Verification{Source: place.Source, Seal: place.Seal, Keys: keys})
	if err != nil || len(got.Findings) > 0 {
		r.t.Errorf("record verify: %v, %v", err, got.Findings)
	}
}
