package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// receipts are the two texts of a reply that can be copied.
func receipts(t *testing.T, m slacktest.Message) (proof, key string) {
	t.Helper()
	copied := m.Preformatted()
	if len(copied) != 2 {
		t.Fatalf("got %q to copy, want a proof and a key, in:\n%s", copied, m.Plain())
	}
	return copied[0], copied[1]
}

// verifies checks a receipt as an auditor does who has no assumebot, and returns what they read.
func verifies(t *testing.T, saved, key string) (string, error) {
	t.Helper()
	python := snippettest.Require(t, "python3", nil)
	snippettest.Require(t, "openssl", nil)
	path := filepath.Join(t.TempDir(), "receipt.tlog-proof")
	if err := os.WriteFile(path, []byte(saved), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), python, "../../../deploy/record/verify-receipt.py", path, key).CombinedOutput()
	return string(out), err
}

// TestWhatIsCopiedOutOfSlackProvesTheEntry to an auditor with assumebot and to one without it.
func TestWhatIsCopiedOutOfSlackProvesTheEntry(t *testing.T) {
	t.Parallel()
	w := newAdminWorld(t)
	r := w.run(adminConfig, w.settings())
	named := entryNamed.FindStringSubmatch(w.says("U01ALICE", "/assume", "staging "+w.alice.Code()+" because INC-42 <!here> & “x”").Plain())
	if named == nil {
		t.Fatal("the reply names no entry")
	}
	m := w.says("U01ALICE", "/assume", "receipt record "+named[1])
	proof, key := receipts(t, m)
	wantText(t, m, "Receipt of record "+named[1], "granted by alice@example.com (U01ALICE)", "assumebot record verify-proof receipt.tlog-proof --key KEY")
	origin, _, _ := strings.Cut(key, "+")
	keys, err := tree.NewPublicKeys([]string{key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	granted := grantIn(t, r)
	for name, saved := range map[string]string{"what is there to copy": proof, "the whole message": m.Plain()} {
		got, err := keys.CheckAnyProof(tree.Pasted([]byte(saved)), nil)
		if err != nil || got.Number != granted || !strings.Contains(string(got.Leaf), `"kind":"granted"`) {
			t.Errorf("%s: got entry %d, %s, %v", name, got.Number, got.Leaf, err)
		}
		if strings.Contains(string(got.Leaf), "INC-42") {
			t.Errorf("%s: the reason is in it, which could not be erased there: %s", name, got.Leaf)
		}
		if out, err := verifies(t, saved, key); err != nil || !strings.Contains(out, `"kind":"granted"`) {
			t.Errorf("%s, without assumebot: %v\n%s", name, err, out)
		}
	}
	_, other, err := tree.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(proof, "\n")
	for name, wrong := range map[string]struct{ saved, key string }{
		"another key":             {proof, other},
		"another entry":           {strings.Replace(proof, lines[1], lines[1][:40]+"////"+lines[1][44:], 1), key},
		"another number":          {strings.Replace(proof, "\nindex ", "\nindex 1", 1), key},
		"another size":            {strings.Replace(proof, "\n"+origin+"\n", "\n"+origin+"\n9", 1), key},
		"without its signature":   {strings.Join(lines[:len(lines)-1], "\n"), key},
		"without a hash":          {strings.Replace(proof, lines[3]+"\n", "", 1), key},
		"no receipt":              {"record " + named[1], key},
		"a key that is cut short": {proof, key[:len(key)-4]},
	} {
		if out, err := verifies(t, wrong.saved, wrong.key); err == nil || !strings.Contains(out, "not proved: ") {
			t.Errorf("%s, without assumebot: got %v\n%s", name, err, out)
		}
	}

	wantText(t, w.says("U02BOB", "/assume", "receipt "+named[1]), "There is no receipt for you under that number.")
	wantText(t, w.says("U02BOB", "/assume", "receipt 123456"), "There is no receipt for you under that number.")
	wantText(t, w.says(admin, "/assume", "receipt #123456"), "No entry of that number is kept.")
	if got, _ := receipts(t, w.says(admin, "/assume", "receipt "+named[1])); !strings.HasPrefix(got, strings.Join(lines[:3], "\n")) {
		t.Errorf("an admin gets\n%s\nand whoever did it\n%s", got, proof)
	}
	for _, m := range w.private("U02BOB") {
		if strings.Contains(m.Plain(), "code was not used") {
			t.Errorf("the number is taken for a code: %s", m.Plain())
		}
	}
}
