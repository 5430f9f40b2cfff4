package snippet

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/snippet/snippettest"
)

func TestParsePublicKeyReadsEverySpelling(t *testing.T) {
	for _, pair := range snippettest.KeyPairs(t) {
		t.Run(pair.Name, func(t *testing.T) {
			kind, body, ssh := strings.Cut(pair.Public, " ")
			if !ssh {
				kind, body = "", pair.Public
			}
			wrapped := snippettest.Wrap(body, 60)
			spellings := map[string]string{
				"plain":     pair.Public,
				"around":    "  \n" + pair.Public + " \n",
				"backticks": "`" + pair.Public + "`", "fence": "```\n" + pair.Public + "\n```",
				"quotes": `"` + pair.Public + `"`, "smart quotes": "“" + pair.Public + "”",
				"line breaks":     strings.TrimSpace(kind + " " + strings.Join(wrapped, "\n")),
				"spaces":          strings.TrimSpace(kind + " " + strings.Join(wrapped, "  ")),
				"no-break spaces": strings.TrimSpace(kind + "\u00a0" + strings.Join(wrapped, "\u00a0")),
				"capital":         strings.ToUpper(pair.Public[:1]) + pair.Public[1:],
				"zero-width":      pair.Public[:20] + "\u2060" + pair.Public[20:],
			}
			if ssh {
				spellings["comment"] = pair.Public + " alice"
				spellings["mail"] = pair.Public + " <mailto:bob@host.example|bob@host.example>"
				spellings["mail without a label"] = pair.Public + " <mailto:bob@host.example>"
				spellings["person"] = pair.Public + " bob<@U123ABC|host>"
				spellings["long comment"] = pair.Public + " Alice's laptop, 2024 AAAA"
				spellings["padding lost"] = strings.TrimRight(pair.Public, "=")
				spellings["quoted with a comment"] = "`" + pair.Public + " <mailto:bob@host.example|bob@host.example>`"
				spellings["hyphen"] = strings.Replace(pair.Public, "ssh-", "ssh\u2011", 1)
			} else {
				spellings["capitals"] = strings.ToUpper(pair.Public)
				spellings["as age-keygen prints it"] = "# public key: " + pair.Public
			}
			for name, text := range spellings {
				got, err := ParsePublicKey(text)
				if err != nil {
					t.Errorf("%s: ParsePublicKey(%q) = %v", name, text, err)
					continue
				}
				if got.Text != pair.Public || got.Type != pair.Name {
					t.Errorf("%s: got %+v, want %s %s", name, got, pair.Name, pair.Public)
				}
			}
		})
	}
}

func TestFingerprintIsThatOfSSHKeygen(t *testing.T) {
	keygen := snippettest.Require(t, "ssh-keygen", nil)
	for _, pair := range snippettest.KeyPairs(t) {
		key, err := ParsePublicKey(pair.Public)
		snippettest.Must(t, err)
		if !strings.HasPrefix(pair.Name, "ssh-") {
			head, tail, found := strings.Cut(key.Fingerprint, "…")
			if !found || !strings.HasPrefix(pair.Public, head) || !strings.HasSuffix(pair.Public, tail) || len(key.Fingerprint) > 40 {
				t.Errorf("got %q, want the ends of %s", key.Fingerprint, pair.Public)
			}
			continue
		}
		file := filepath.Join(t.TempDir(), "key.pub")
		snippettest.Must(t, os.WriteFile(file, []byte(pair.Public+" alice\n"), 0o600))
		out, err := exec.CommandContext(t.Context(), keygen, "-l", "-f", file).Output()
		snippettest.Must(t, err)
		if !strings.Contains(string(out), " "+key.Fingerprint+" ") {
			t.Errorf("got %s, want that of %s", key.Fingerprint, out)
		}
	}
}

func TestParsePublicKeyRefusesWithoutRepeating(t *testing.T) {
	for name, test := range snippettest.RefusedKeys(t) {
		_, err := ParsePublicKey(test[0])
		snippettest.CheckKeyRefusal(t, name, test[0], err, test[1])
	}
	for name, text := range snippettest.PrivateKeys(t) {
		_, err := ParsePublicKey(text)
		snippettest.CheckKeyRefusal(t, name, text, err, "Treat it as leaked")
	}
	_, err := ParsePublicKey("key SECRET-KEY of age")
	snippettest.CheckKeyRefusal(t, "a fragment", "SECRET-KEY", err, "Treat it as leaked")
}
