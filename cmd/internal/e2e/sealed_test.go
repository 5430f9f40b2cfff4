package e2e

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"golang.org/x/crypto/ssh"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store/storetest"
)

// A sealKey is a person's own key: the public half as they paste it, and how to
// open what is encrypted to it.
type sealKey struct {
	public, fingerprint string
	identity            age.Identity
	file                string // the private half, as age -i takes it
	home                string // where it would be
}

func ageSealKey(t *testing.T) sealKey {
	t.Helper()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	public := i.Recipient().String()
	return sealKey{public: public, fingerprint: public[:16] + "…" + public[len(public)-12:], identity: i, file: i.String(), home: ".config/age/keys.txt"}
}

func sshSealKey(t *testing.T) sealKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(block)
	identity, err := agessh.ParseIdentity(text)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return sealKey{
		public:      strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))),
		fingerprint: ssh.FingerprintSHA256(signer.PublicKey()), identity: identity, file: string(text), home: ".ssh/id_ed25519",
	}
}

// open decrypts what m shows; nothing of it is in clear.
func (k sealKey) open(t *testing.T, m slacktest.Message) string {
	t.Helper()
	shown := strings.Join(m.Preformatted(), "\n")
	if all := m.Plain() + m.Fallback(); strings.Contains(all, "export AWS_") || strings.Contains(all, "set -gx AWS_") {
		t.Errorf("credentials are shown in clear:\n%s", m.Plain())
	}
	from := strings.Index(shown, armor.Header)
	if from < 0 {
		t.Fatalf("nothing is sealed in:\n%s", m.Plain())
	}
	block, _, _ := strings.Cut(shown[from:], armor.Footer)
	r, err := age.Decrypt(armor.NewReader(strings.NewReader(block+armor.Footer)), k.identity)
	if err != nil {
		t.Fatalf("it does not open: %v", err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// paste runs what m shows in bash, with Debian's age and the private half where
// it belongs, and returns the session token that is then in the environment.
func (k sealKey) paste(t *testing.T, m slacktest.Message) string {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err == nil {
		_, err = exec.LookPath("age")
	}
	if err != nil {
		if os.Getenv("ASSUMEBOT_REQUIRE_SHELLS") == "1" {
			t.Fatal(err)
		}
		t.Log("not pasted: bash or age is not installed")
		return ""
	}
	home := t.TempDir()
	file := filepath.Join(home, k.home)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(k.file), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bash, "-c", m.Preformatted()[0]+"\nprintf %s \"$AWS_SESSION_TOKEN\"")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("bash: %v", err)
	}
	return string(out)
}

// code is a code of Alice's that was not used yet.
func (w *world) code(r *replica) string {
	w.later(r, 30*time.Second)
	return w.alice.Code()
}

func TestKeyIsRegisteredAndWhatFollowsIsSealed(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]sealKey{"age": ageSealKey(t), "ssh-ed25519": sshSealKey(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.start()
			wantText(t, w.says("U01ALICE", "/assume", "key"), "You have no key", "in clear", "/assume key age1… 123456")
			m := w.says("U01ALICE", "/assume", "key "+key.public+" alice@host.example "+w.code(r))
			wantText(t, m, "Your key is set", key.fingerprint)
			wantText(t, w.auditTells("Key set"), "alice@example.com (U01ALICE)", key.fingerprint, "GetSessionToken with MFA", "STS request")
			w.await("a direct message", func() bool { return len(w.directMessages("U01ALICE")) > 0 })
			wantText(t, w.directMessages("U01ALICE")[0], "was set", key.fingerprint, "If that was not you")
			wantText(t, w.says("U01ALICE", "/assume", "key"), "encrypted to your "+name+" key", key.fingerprint, ", set ")

			m = w.says("U01ALICE", "/assume", "prod "+w.code(r))
			wantText(t, m, "prod is yours until", "age -d -i", "It is encrypted to your key "+key.fingerprint)
			snippet := key.open(t, m)
			_, token, _ := strings.Cut(snippet, "AWS_SESSION_TOKEN='")
			token, _, found := strings.Cut(token, "'")
			if !found || !strings.Contains(snippet, "\n export AWS_ACCESS_KEY_ID='ASIA") {
				t.Fatalf("got snippet %q", snippet)
			}
			if got := key.paste(t, m); got != "" && got != token {
				t.Errorf("got token %q after pasting, want %q", got, token)
			}
			for _, f := range []string{"fish", "powershell", "cmd", "dotenv", "profile", "json"} {
				snippet := key.open(t, w.says("U01ALICE", "/assume", "staging "+w.code(r)+" as "+f))
				if !strings.Contains(snippet, "ASIA") {
					t.Errorf("%s: got %q", f, snippet)
				}
			}
			// Bob has none.
			wantText(t, w.says("U02BOB", "/assume", "staging "+w.bob.Code()), "export AWS_SESSION_TOKEN=")
		})
	}
}

func TestKeyIsReplacedAndRemovedWithFreshCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	first, second := sshSealKey(t), ageSealKey(t)
	wantText(t, w.says("U01ALICE", "/assume", "key "+first.public+" "+w.code(r)), "Your key is set")
	wantText(t, w.says("U01ALICE", "/assume", "key "+second.public), "takes a fresh code", "/assume key age1… 123456", "Nothing was changed")
	wantText(t, w.says("U01ALICE", "/assume", "key remove"), "takes a fresh code", "/assume key remove 123456")
	wantText(t, w.says("U01ALICE", "/assume", "key remove 000000"), "AWS did not accept that code")
	wantText(t, w.auditTells("Failed", "a key to be removed"), "wrong_code")
	used := w.code(r)
	first.open(t, w.says("U01ALICE", "/assume", "prod "+used))
	wantText(t, w.says("U01ALICE", "/assume", "key remove "+used), "That code has been used already")

	wantText(t, w.says("U01ALICE", "/assume", "key `"+second.public+"` "+w.code(r)), "Your key is replaced", second.fingerprint)
	wantText(t, w.auditTells("Key replaced"), first.fingerprint, second.fingerprint)
	second.open(t, w.says("U01ALICE", "/assume", "prod "+w.code(r)))

	wantText(t, w.says("U01ALICE", "/assume", "key remove "+w.code(r)), "Your key is removed", "in clear")
	w.auditTells("Key removed", second.fingerprint)
	w.await("three direct messages", func() bool { return len(w.directMessages("U01ALICE")) == 3 })
	wantText(t, w.says("U01ALICE", "/assume", "prod "+w.code(r)), "export AWS_SESSION_TOKEN=")
	wantText(t, w.says("U01ALICE", "/assume", "key remove "+w.code(r)), "no key registered", "Your code was not used")
	for _, c := range w.aws.Calls() {
		if c.Action == "GetSessionToken" && c.Params.Get("DurationSeconds") != "900" {
			t.Errorf("got DurationSeconds=%s, want 900", c.Params.Get("DurationSeconds"))
		}
	}
}

func TestKeyOfTheConfigWinsAndIsDemanded(t *testing.T) {
	t.Parallel()
	alice, registered := sshSealKey(t), ageSealKey(t)
	withKey := func(config string) string {
		return strings.Replace(config, "    credentials: {env: ALICE}\n", "    credentials: {env: ALICE}\n    age_key: "+alice.public+" alice@laptop\n", 1)
	}
	required := strings.Replace(worldConfig, "  - name: prod\n", "  - name: prod\n    sealed: required\n", 1)

	t.Run("a registered key does not count", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		r := w.run(required, w.settings())
		wantText(t, w.says("U01ALICE", "/assume", "key "+registered.public+" "+w.code(r)), "Your key is set")
		code := w.code(r)
		wantText(t, w.says("U01ALICE", "/assume", "prod "+code), "only encrypted to a key that the config names", "Your code was not used", "#help-aws")
		w.auditTells("Refused alice@example.com", "sealed_key_required")
		wantText(t, w.says("U01ALICE", "/buckets", "prod "+code), " buckets in prod")
		registered.open(t, w.says("U01ALICE", "/assume", "staging "+w.code(r)))
	})
	t.Run("a key of the config opens it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		r := w.run(withKey(required), w.settings())
		alice.open(t, w.says("U01ALICE", "/assume", "prod "+w.code(r)))
		wantText(t, w.says("U01ALICE", "/assume", "key"), alice.fingerprint, "which the config sets", "cannot be changed from Slack")
		wantText(t, w.says("U01ALICE", "/assume", "key "+registered.public+" "+w.code(r)),
			"set by the config and cannot be changed from Slack", "Your code was not used")
		alice.open(t, w.says("U01ALICE", "/assume", "staging "+w.code(r)))
	})
	t.Run("a user can be bound to it", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		r := w.run(strings.Replace(worldConfig, "    credentials: {env: ALICE}\n", "    credentials: {env: ALICE}\n    sealed: required\n", 1), w.settings())
		wantText(t, w.says("U01ALICE", "/assume", "staging "+w.code(r)), "Your credentials are issued only encrypted")
		wantText(t, w.says("U01ALICE", "/assume", "key"), "for you, the key must be in the config")
		wantText(t, w.says("U02BOB", "/assume", "staging "+w.bob.Code()), "export AWS_SESSION_TOKEN=")
	})
}

func TestPrivateKeysAreRefusedAboveAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	keys := map[string]string{"age": ageSealKey(t).file, "ssh": sshSealKey(t).file}
	for _, private := range keys {
		for _, text := range []string{"key " + private + " " + w.alice.Code(), "prod 123456 because " + private, private} {
			wantText(t, w.says("U01ALICE", "/assume", text), "That is a private key", "Treat it as leaked")
		}
	}
	if got := len(w.aws.Calls()); got != 0 {
		t.Errorf("got %d calls to AWS, want none", got)
	}
	pieces := map[string]string{}
	for name, private := range keys {
		for i, line := range strings.FieldsFunc(private, func(r rune) bool { return r == '\n' || r == '-' }) {
			if len(line) > 30 {
				pieces[name+string(rune('0'+i))] = line
			}
		}
	}
	searchFor(t, "the log", w.logs.String(), pieces)
	for _, m := range w.slack.Messages() {
		searchFor(t, "a message", m.Text+string(m.Blocks), pieces)
	}
}

func TestKeyThatCannotBeReadMeansNothingIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, url := w.realRedis()
	r := w.run(worldConfig, s)
	key := ageSealKey(t)
	wantText(t, w.says("U01ALICE", "/assume", "key "+key.public+" "+w.code(r)), "Your key is set")
	raw := storetest.Raw(t, url)
	names, err := raw.Keys(t.Context(), "*:publickey").Result()
	if err != nil || len(names) != 1 {
		t.Fatalf("got keys %v, %v, want one", names, err)
	}
	for name, value := range storetest.Dump(t, url) {
		searchFor(t, name, value, map[string]string{"the public key": key.public})
	}
	if err := raw.Set(t.Context(), names[0], key.public, 0).Err(); err != nil {
		t.Fatal(err)
	}
	before := w.stsCalls("AssumeRole")
	m := w.says("U01ALICE", "/assume", "prod "+w.code(r))
	wantText(t, m, "cannot be read", "not shown in clear instead", "Your code was not used", "Reference:")
	if got := w.stsCalls("AssumeRole"); got != before {
		t.Errorf("got %d calls to AssumeRole, want none", got-before)
	}
	wantText(t, w.says("U01ALICE", "/assume", "key"), "it cannot be read")
	wantText(t, w.says("U01ALICE", "/assume", "key "+key.public+" "+w.code(r)), "Your key is replaced")
	key.open(t, w.says("U01ALICE", "/assume", "prod "+w.code(r)))
}

// TestNothingInClearAfterAKeyIsRegistered is the canary of sealed delivery: with
// a key, no message to anybody holds an issued secret.
func TestNothingInClearAfterAKeyIsRegistered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.run(w.withSignin(), w.settings())
	key := ageSealKey(t)
	w.says("U01ALICE", "/assume", "key "+key.public+" "+w.code(r))
	secrets := map[string]string{}
	for _, text := range []string{"prod {}", "staging {} as json", "hub {} as dotenv", "open", "prod {} as console", "prod {} for 2h as fish because INC-42"} {
		snippet := key.open(t, w.says("U01ALICE", "/assume", strings.ReplaceAll(text, "{}", w.code(r))))
		for _, token := range strings.FieldsFunc(snippet, func(r rune) bool { return strings.ContainsRune("'\"=; \n", r) }) {
			if len(token) >= 40 {
				secrets[text+" "+token[:8]] = token
			}
		}
	}
	m := w.shown("U01ALICE", "printf")
	w.acked(w.slack.Choose("U01ALICE", m.Ref(), "", "format", "powershell"))
	key.open(t, w.shown("U01ALICE", "Invoke-Expression"))
	if len(secrets) < 11 {
		t.Fatalf("got %d secrets, want a key and a token of each", len(secrets))
	}
	for _, d := range w.slack.Calls() {
		data, err := json.Marshal(d.Params)
		if err != nil {
			t.Fatal(err)
		}
		searchFor(t, "a call of "+d.Method, string(data), secrets)
	}
	for _, m := range w.slack.Messages() {
		searchFor(t, "a message", m.Text+string(m.Blocks), secrets)
	}
	searchFor(t, "the log", w.logs.String(), secrets)
}

func TestWhatWasIssuedInClearIsShownAgainSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.start()
	m := w.says("U01ALICE", "/assume", "prod "+w.code(r))
	wantText(t, m, "export AWS_SESSION_TOKEN=")
	key := sshSealKey(t)
	wantText(t, w.says("U01ALICE", "/assume", "key "+key.public+" "+w.code(r)), "Your key is set")
	w.acked(w.slack.Choose("U01ALICE", m.Ref(), "", "format", "fish"))
	if got := key.open(t, w.shown("U01ALICE", "printf", "age -d")); !strings.Contains(got, "set -gx AWS_SESSION_TOKEN") {
		t.Errorf("got %q, want it for fish", got)
	}
}

func TestCredentialsThatCannotBeEncryptedAreShownToNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cfg, err := config.Parse("config.yaml", []byte(worldConfig), nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Broker.Users.Find("U01ALICE").AgeKey = secret.PublicKey{Text: "age1junk", Type: "age", Fingerprint: "age1junk"} // no config can say that
	log := slog.New(slog.NewJSONHandler(w.logs, nil))
	a, err := app.New(t.Context(), cfg, w.settings(), app.Environment{Getenv: w.getenv, AWS: w.botOnAWS(), Now: w.now, Log: log, AuditPace: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended; _ = a.Close() })
	<-a.Bot.Ready()
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	wantText(t, m, "could not be encrypted to your key", "shown to nobody", "Reference:")
	if len(m.Preformatted()) > 0 {
		t.Errorf("got %q, want nothing to copy", m.Preformatted())
	}
	w.auditTells("Not shown", "prod", "seal_failed")
}
