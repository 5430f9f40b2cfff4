package bot

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
)

// opened decrypts an armored block with age's library.
func opened(t testing.TB, pair keyPair, block string) string {
	t.Helper()
	var identity age.Identity
	if strings.HasPrefix(pair.name, "ssh-") {
		i, err := agessh.ParseIdentity([]byte(pair.private))
		must(t, err)
		identity = i
	} else {
		all, err := age.ParseIdentities(strings.NewReader(pair.private))
		must(t, err)
		identity = all[0]
	}
	r, err := age.Decrypt(armor.NewReader(strings.NewReader(block)), identity)
	if err != nil {
		t.Fatalf("%s: it does not open: %v", pair.name, err)
	}
	text, err := io.ReadAll(r)
	must(t, err)
	return string(text)
}

// blockIn cuts the armored block out of what is shown.
func blockIn(t testing.TB, shown string) string {
	t.Helper()
	from, to := strings.Index(shown, armor.Header), strings.Index(shown, armor.Footer)
	if from < 0 || to < 0 {
		t.Fatalf("no armored block in:\n%s", shown)
	}
	return shown[from : to+len(armor.Footer)]
}

// sealedShown is what is shown of v to the person with pair.
func sealedShown(t testing.TB, f Format, v values, pair keyPair) shown {
	t.Helper()
	key, err := ParsePublicKey(pair.public)
	must(t, err)
	i := goldenIssued(true)
	i.Sealing = broker.SealedTo(key)
	got, err := asShown(i, f, broker.NewSecret(snippetOf(t, f, v)))
	must(t, err)
	return got
}

func TestSealedHoldsTheSnippetForTheKeyAlone(t *testing.T) {
	t.Parallel()
	pairs := keyPairs(t)
	for _, pair := range pairs {
		for _, f := range Formats() {
			if f == FormatConsole {
				continue
			}
			got := sealedShown(t, f, ordinary(), pair)
			block := blockIn(t, got.text)
			if text := opened(t, pair, block); text != snippetOf(t, f, ordinary()) {
				t.Errorf("%s as %s: got %q", pair.name, f, text)
			}
			around := strings.Replace(got.text, block, "", 1) + got.use + got.sealed + got.spoken()
			for _, secret := range []string{ordinary().accessKeyID, ordinary().secretKey, ordinary().token} {
				if strings.Contains(around, secret) {
					t.Errorf("%s as %s shows %s beside the block", pair.name, f, secret)
				}
			}
			if strings.HasSuffix(got.text, "\n") || strings.ContainsAny(got.text, "\r\t") {
				t.Errorf("%s as %s ends with a newline or holds controls", pair.name, f)
			}
		}
	}
	other := keyPairs(t)[0]
	block := blockIn(t, sealedShown(t, FormatBash, ordinary(), pairs[0]).text)
	identities, err := age.ParseIdentities(strings.NewReader(other.private))
	must(t, err)
	if _, err := age.Decrypt(armor.NewReader(strings.NewReader(block)), identities...); err == nil {
		t.Error("another key opens it")
	}
}

// inHome puts the identity where the snippet looks for it.
func (s shell) inHome(t *testing.T, pair keyPair) shell {
	t.Helper()
	dir := t.TempDir()
	key, err := ParsePublicKey(pair.public)
	must(t, err)
	unix, _ := identityFile(key)
	file := filepath.Join(dir, strings.TrimPrefix(unix, "~/"))
	must(t, os.MkdirAll(filepath.Dir(file), 0o700))
	must(t, os.WriteFile(file, []byte(pair.private), 0o600))
	if s.program == "fish" {
		s.before += "set -gx HOME '" + dir + "'\n"
	} else {
		s.before += "HOME='" + dir + "'\n"
	}
	return s
}

// TestSealedSnippetsAreOpenedAndEvaluated pastes what is shown into real shells,
// where Debian's age opens it.
func TestSealedSnippetsAreOpenedAndEvaluated(t *testing.T) {
	t.Parallel()
	requireInterpreter(t, "age", nil)
	large := ordinary()
	large.token = strings.Repeat("aB3+/x=9", 512)
	wild := ordinary()
	wild.secretKey, wild.token = `it's "$HOME" $(touch pwned) `+"`touch pwned`"+` \ ! %`, "EOF"
	for _, pair := range keyPairs(t) {
		if pair.name == keyAgeHybrid {
			continue // Debian's age is older than these; the library opened them above
		}
		for _, v := range []values{ordinary(), large, wild} {
			want := left(v)
			for _, s := range posixShells() {
				got := s.inHome(t, pair).run(t, sealedShown(t, FormatBash, v, pair).text)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s in %s (-want +got):\n%s", pair.name, s.name, diff)
				}
			}
			for _, s := range fishShells()[:2] {
				if diff := cmp.Diff(want, s.inHome(t, pair).run(t, sealedShown(t, FormatFish, v, pair).text)); diff != "" {
					t.Errorf("%s in %s (-want +got):\n%s", pair.name, s.name, diff)
				}
			}
		}
	}
}

// TestSealedFilesAreOpenedByTheirCommand saves what is shown and runs the
// command that the reply names.
func TestSealedFilesAreOpenedByTheirCommand(t *testing.T) {
	t.Parallel()
	requireInterpreter(t, "age", nil)
	sh := requireInterpreter(t, "sh", nil)
	for _, pair := range keyPairs(t) {
		if pair.name == keyAgeHybrid {
			continue
		}
		for _, f := range []Format{FormatDotenv, FormatProfile, FormatJSON} {
			s := shell{}.inHome(t, pair)
			got := sealedShown(t, f, ordinary(), pair)
			dir := t.TempDir()
			writeFile(t, dir, "prod.age", got.text+"\n")
			command := strings.Split(got.use, "`")[3]
			if !strings.HasPrefix(command, "age -d ") {
				t.Fatalf("%s: got the command %q", f, command)
			}
			cmd := exec.CommandContext(t.Context(), sh, "-c", s.before+command)
			cmd.Dir, cmd.Env = dir, bareEnv(dir)
			out, err := cmd.Output()
			if err != nil || string(out) != snippetOf(t, f, ordinary()) {
				t.Errorf("%s with %s: got %q, %v", command, pair.name, out, err)
			}
		}
	}
}

func TestSealedFailsClosed(t *testing.T) {
	t.Parallel()
	snippet := broker.NewSecret(snippetOf(t, FormatBash, ordinary()))
	for name, sealing := range map[string]broker.Sealing{
		"nobody looked": {},
		"no key":        broker.SealedTo(broker.PublicKey{Text: "", Type: keyAge}),
		"junk":          broker.SealedTo(broker.PublicKey{Text: "junk", Type: keyAge}),
		"junk age":      broker.SealedTo(broker.PublicKey{Text: "age1junk", Type: keyAge}),
		"junk ssh":      broker.SealedTo(broker.PublicKey{Text: "ssh-ed25519 AAAA", Type: keySSHEd25519}),
	} {
		i := goldenIssued(true)
		i.Sealing = sealing
		got, err := asShown(i, FormatBash, snippet)
		var e *broker.Error
		if !errors.As(err, &e) || e.Code != broker.CodeSealFailed || e.Ref == "" || got.text != "" {
			t.Errorf("%s: got %q, %v, want nothing shown", name, got.text, err)
			continue
		}
		if withheld(err) != broker.CodeSealFailed {
			t.Errorf("%s: got %s on the record, want %s", name, withheld(err), broker.CodeSealFailed)
		}
		m, err := goldenBot().issuedMessage(i, FormatBash)
		if err == nil || len(m.Blocks) > 0 {
			t.Errorf("%s: a message is rendered", name)
		}
		if said := fmt.Sprintf("%v %+v", err, e); strings.Contains(said, ordinary().secretKey) || strings.Contains(said, "junk") {
			t.Errorf("%s: got %q, want nothing of key or credentials", name, said)
		}
	}
	if _, err := sealFor(exampleKey(t, exampleAge), broker.Secret{}); err == nil {
		t.Error("nothing was sealed")
	}
	if withheld(errors.New("x")) != broker.CodeInternal {
		t.Error("an unknown error is on the record as something else")
	}
}

func TestSealedFitsAMessage(t *testing.T) {
	t.Parallel()
	for _, pair := range keyPairs(t) {
		i := goldenIssued(true)
		i.Sealing = broker.SealedTo(exampleKey(t, pair.public))
		for length, fits := range map[int]bool{4096: true, 9000: false} {
			i.Credentials.SessionToken = broker.NewSecret(strings.Repeat("aB3+/x=9", length/8))
			for _, f := range []Format{FormatBash, FormatFish, FormatPowerShell, FormatCmd, FormatDotenv, FormatProfile, FormatJSON} {
				if f == FormatCmd && length > 8000 {
					continue
				}
				_, err := goldenBot().issuedMessage(i, f)
				if fits != (err == nil) {
					t.Errorf("%s as %s with a token of %d: got %v, want it to fit: %v", pair.name, f, length, err, fits)
				}
				if err != nil && withheld(err) != broker.CodeTooLarge {
					t.Errorf("got %v, want it too large", err)
				}
			}
		}
	}
}
