package snippet

import (
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// opened decrypts an armored block with age's library.
func opened(t testing.TB, pair snippettest.KeyPair, block string) string {
	t.Helper()
	var identity age.Identity
	if strings.HasPrefix(pair.Name, "ssh-") {
		i, err := agessh.ParseIdentity([]byte(pair.Private))
		snippettest.Must(t, err)
		identity = i
	} else {
		all, err := age.ParseIdentities(strings.NewReader(pair.Private))
		snippettest.Must(t, err)
		identity = all[0]
	}
	r, err := age.Decrypt(armor.NewReader(strings.NewReader(block)), identity)
	if err != nil {
		t.Fatalf("%s: it does not open: %v", pair.Name, err)
	}
	text, err := io.ReadAll(r)
	snippettest.Must(t, err)
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
func sealedShown(t testing.TB, f Format, v values, pair snippettest.KeyPair) Shown {
	t.Helper()
	key, err := ParsePublicKey(pair.Public)
	snippettest.Must(t, err)
	got, err := Show(secret.SealedTo(key), f, "prod", secret.New(snippetOf(t, f, v)))
	snippettest.Must(t, err)
	return got
}

func TestSealedHoldsTheSnippetForTheKeyAlone(t *testing.T) {
	t.Parallel()
	pairs := snippettest.KeyPairs(t)
	for _, pair := range pairs {
		for _, f := range Formats() {
			if f == Console {
				continue
			}
			got := sealedShown(t, f, ordinary(), pair)
			block := blockIn(t, got.Text)
			if text := opened(t, pair, block); text != snippetOf(t, f, ordinary()) {
				t.Errorf("%s as %s: got %q", pair.Name, f, text)
			}
			around := strings.Replace(got.Text, block, "", 1) + prose.Plain(got.Use, got.Sealed) + got.Spoken()
			for _, secret := range []string{ordinary().accessKeyID, ordinary().secretKey, ordinary().token} {
				if strings.Contains(around, secret) {
					t.Errorf("%s as %s shows %s beside the block", pair.Name, f, secret)
				}
			}
			if strings.HasSuffix(got.Text, "\n") || strings.ContainsAny(got.Text, "\r\t") {
				t.Errorf("%s as %s ends with a newline or holds controls", pair.Name, f)
			}
		}
	}
	other := snippettest.KeyPairs(t)[0]
	block := blockIn(t, sealedShown(t, Bash, ordinary(), pairs[0]).Text)
	identities, err := age.ParseIdentities(strings.NewReader(other.Private))
	snippettest.Must(t, err)
	if _, err := age.Decrypt(armor.NewReader(strings.NewReader(block)), identities...); err == nil {
		t.Error("another key opens it")
	}
}

// TestSealedSnippetsAreOpenedAndEvaluated pastes what is shown into real shells,
// where Debian's age opens it.
func TestSealedSnippetsAreOpenedAndEvaluated(t *testing.T) {
	t.Parallel()
	snippettest.Require(t, "age", nil)
	large := ordinary()
	large.token = strings.Repeat("aB3+/x=9", 512)
	wild := ordinary()
	wild.secretKey, wild.token = `it's "$HOME" $(touch pwned) `+"`touch pwned`"+` \ ! %`, "EOF"
	for _, pair := range snippettest.KeyPairs(t) {
		if pair.Name == keyAgeHybrid {
			continue // Debian's age is older than these; the library opened them above
		}
		for _, v := range []values{ordinary(), large, wild} {
			want := left(v)
			for _, s := range snippettest.POSIX() {
				got := s.InHome(t, pair).Run(t, sealedShown(t, Bash, v, pair).Text)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s in %s (-want +got):\n%s", pair.Name, s.Name, diff)
				}
			}
			for _, s := range snippettest.Fish()[:2] {
				if diff := cmp.Diff(want, s.InHome(t, pair).Run(t, sealedShown(t, Fish, v, pair).Text)); diff != "" {
					t.Errorf("%s in %s (-want +got):\n%s", pair.Name, s.Name, diff)
				}
			}
		}
	}
}

// TestSealedFilesAreOpenedByTheirCommand saves what is shown and runs the
// command that the reply names.
func TestSealedFilesAreOpenedByTheirCommand(t *testing.T) {
	t.Parallel()
	snippettest.Require(t, "age", nil)
	sh := snippettest.Require(t, "sh", nil)
	for _, pair := range snippettest.KeyPairs(t) {
		if pair.Name == keyAgeHybrid {
			continue
		}
		for _, f := range []Format{Dotenv, Profile, JSON} {
			s := snippettest.Shell{}.InHome(t, pair)
			got := sealedShown(t, f, ordinary(), pair)
			dir := t.TempDir()
			snippettest.WriteFile(t, dir, "prod.age", got.Text+"\n")
			command := literals(got.Use)[1]
			if !strings.HasPrefix(command, "age -d ") {
				t.Fatalf("%s: got the command %q", f, command)
			}
			cmd := exec.CommandContext(t.Context(), sh, "-c", s.Before+command)
			cmd.Dir, cmd.Env = dir, snippettest.BareEnv(dir)
			out, err := cmd.Output()
			if err != nil || string(out) != snippetOf(t, f, ordinary()) {
				t.Errorf("%s with %s: got %q, %v", command, pair.Name, out, err)
			}
		}
	}
}

func TestSealedFailsClosed(t *testing.T) {
	t.Parallel()
	text := secret.New(snippetOf(t, Bash, ordinary()))
	for name, sealing := range map[string]secret.Sealing{
		"nobody looked": {},
		"no key":        secret.SealedTo(secret.PublicKey{Text: "", Type: keyAge}),
		"junk":          secret.SealedTo(secret.PublicKey{Text: "junk", Type: keyAge}),
		"junk age":      secret.SealedTo(secret.PublicKey{Text: "age1junk", Type: keyAge}),
		"junk ssh":      secret.SealedTo(secret.PublicKey{Text: "ssh-ed25519 AAAA", Type: keySSHEd25519}),
	} {
		for _, shown := range []func() (Shown, error){
			func() (Shown, error) { return Show(sealing, Bash, "prod", text) },
			func() (Shown, error) { return ShowLink(sealing, Bash, text) },
		} {
			got, err := shown()
			if err == nil || got.Text != "" {
				t.Errorf("%s: got %q, %v, want nothing shown", name, got.Text, err)
				continue
			}
			if said := fmt.Sprintf("%v", err); strings.Contains(said, ordinary().secretKey) || strings.Contains(said, "junk") {
				t.Errorf("%s: got %q, want nothing of key or credentials", name, said)
			}
		}
	}
	key, err := ParsePublicKey(snippettest.ExampleAge)
	snippettest.Must(t, err)
	if _, err := SealFor(key, secret.Text{}); err == nil {
		t.Error("nothing was sealed")
	}
}
