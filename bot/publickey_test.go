package bot

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"github.com/assumebot/assumebot/broker"
)

// A keyPair is a public key as people paste it, and the private half as the
// file that age -i takes.
type keyPair struct {
	name, public, private string
}

// keyPairs makes one of each kind, but for RSA, of which there is one: it takes long.
func keyPairs(t testing.TB) []keyPair {
	t.Helper()
	x, err := age.GenerateX25519Identity()
	must(t, err)
	pq, err := age.GenerateHybridIdentity()
	must(t, err)
	return []keyPair{
		{keyAge, x.Recipient().String(), x.String()},
		{keyAgeHybrid, pq.Recipient().String(), pq.String()},
		sshPair(t, ed25519Key(t)),
		sshPair(t, theRSAKey()),
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ed25519Key(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	return private
}

var theRSAKey = sync.OnceValue(func() *rsa.PrivateKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return private
})

func sshPair(t testing.TB, private any) keyPair {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(private)
	must(t, err)
	block, err := ssh.MarshalPrivateKey(private, "alice@laptop.example")
	must(t, err)
	return keyPair{
		name:    signer.PublicKey().Type(),
		public:  strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))),
		private: string(pem.EncodeToMemory(block)),
	}
}

func TestParsePublicKeyReadsEverySpelling(t *testing.T) {
	for _, pair := range keyPairs(t) {
		t.Run(pair.name, func(t *testing.T) {
			kind, body, ssh := strings.Cut(pair.public, " ")
			if !ssh {
				kind, body = "", pair.public
			}
			wrapped := wrap(body, 60)
			spellings := map[string]string{
				"plain":     pair.public,
				"around":    "  \n" + pair.public + " \n",
				"backticks": "`" + pair.public + "`", "fence": "```\n" + pair.public + "\n```",
				"quotes": `"` + pair.public + `"`, "smart quotes": "“" + pair.public + "”",
				"line breaks":     strings.TrimSpace(kind + " " + strings.Join(wrapped, "\n")),
				"spaces":          strings.TrimSpace(kind + " " + strings.Join(wrapped, "  ")),
				"no-break spaces": strings.TrimSpace(kind + "\u00a0" + strings.Join(wrapped, "\u00a0")),
				"capital":         strings.ToUpper(pair.public[:1]) + pair.public[1:],
				"zero-width":      pair.public[:20] + "\u2060" + pair.public[20:],
			}
			if ssh {
				spellings["comment"] = pair.public + " alice"
				spellings["mail"] = pair.public + " <mailto:bob@host.example|bob@host.example>"
				spellings["mail without a label"] = pair.public + " <mailto:bob@host.example>"
				spellings["person"] = pair.public + " bob<@U123ABC|host>"
				spellings["long comment"] = pair.public + " Alice's laptop, 2024 AAAA"
				spellings["padding lost"] = strings.TrimRight(pair.public, "=")
				spellings["quoted with a comment"] = "`" + pair.public + " <mailto:bob@host.example|bob@host.example>`"
				spellings["hyphen"] = strings.Replace(pair.public, "ssh-", "ssh\u2011", 1)
			} else {
				spellings["capitals"] = strings.ToUpper(pair.public)
				spellings["as age-keygen prints it"] = "# public key: " + pair.public
			}
			for name, text := range spellings {
				got, err := ParsePublicKey(text)
				if err != nil {
					t.Errorf("%s: ParsePublicKey(%q) = %v", name, text, err)
					continue
				}
				if got.Text != pair.public || got.Type != pair.name {
					t.Errorf("%s: got %+v, want %s %s", name, got, pair.name, pair.public)
				}
			}
		})
	}
}

// wrap cuts text into pieces of n.
func wrap(text string, n int) []string {
	var out []string
	for len(text) > n {
		out, text = append(out, text[:n]), text[n:]
	}
	return append(out, text)
}

func TestFingerprintIsThatOfSSHKeygen(t *testing.T) {
	keygen := requireInterpreter(t, "ssh-keygen", nil)
	for _, pair := range keyPairs(t) {
		key, err := ParsePublicKey(pair.public)
		must(t, err)
		if !strings.HasPrefix(pair.name, "ssh-") {
			head, tail, found := strings.Cut(key.Fingerprint, "…")
			if !found || !strings.HasPrefix(pair.public, head) || !strings.HasSuffix(pair.public, tail) || len(key.Fingerprint) > 40 {
				t.Errorf("got %q, want the ends of %s", key.Fingerprint, pair.public)
			}
			continue
		}
		file := filepath.Join(t.TempDir(), "key.pub")
		must(t, os.WriteFile(file, []byte(pair.public+" alice\n"), 0o600))
		out, err := exec.CommandContext(t.Context(), keygen, "-l", "-f", file).Output()
		must(t, err)
		if !strings.Contains(string(out), " "+key.Fingerprint+" ") {
			t.Errorf("got %s, want that of %s", key.Fingerprint, out)
		}
	}
}

// refusedKeys are texts that are no key, and a part of what is said to each.
func refusedKeys(t testing.TB) map[string][2]string {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	tooShort, err := rsa.GenerateKey(rand.Reader, 1024)
	must(t, err)
	pairs := keyPairs(t)
	x, pq, ed, rsa := pairs[0], pairs[1], pairs[2], pairs[3]
	short := sshPair(t, tooShort)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	ecdsaPair := sshPair(t, ec)
	const notWhole, unknown, typ, several = "not whole", "not a public key that the bot knows", "age takes ssh-ed25519", "more than one key"
	blob := func(kind string, parts ...[]byte) string {
		out := ssh.Marshal(struct{ Kind string }{kind})
		for _, p := range parts {
			out = append(out, ssh.Marshal(struct{ P []byte }{p})...)
		}
		return base64.StdEncoding.EncodeToString(out)
	}
	return map[string][2]string{
		"words":            {"hello there", unknown},
		"address":          {"https://github.com/alice.keys", unknown},
		"public PEM":       {"-----BEGIN PUBLIC KEY----- MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A -----END PUBLIC KEY-----", unknown},
		"RFC 4716":         {"---- BEGIN SSH2 PUBLIC KEY ---- AAAAC3Nz ---- END SSH2 PUBLIC KEY ----", unknown},
		"bare base64":      {strings.Fields(ed.public)[1], unknown},
		"type alone":       {"ssh-ed25519", notWhole},
		"age truncated":    {x.public[:50], notWhole},
		"age altered":      {x.public[:20] + flip(x.public[20:21]) + x.public[21:], notWhole},
		"age too long":     {x.public + "q", notWhole},
		"age in two cases": {x.public[:50] + "B" + x.public[51:], notWhole},
		"hybrid truncated": {pq.public[:900], notWhole},
		"ssh truncated":    {ed.public[:60], notWhole},
		"ssh altered":      {strings.Replace(ed.public, "AAAAC3", "AAAAC4", 1), notWhole},
		"rsa truncated":    {rsa.public[:200], notWhole},
		"other type":       {strings.Replace(ed.public, "ssh-ed25519", "ssh-rsa", 1), notWhole},
		"low order point":  {"ssh-ed25519 " + blob("ssh-ed25519", append([]byte{1}, make([]byte, 31)...)), notWhole},
		"off the curve":    {"ssh-ed25519 " + blob("ssh-ed25519", append([]byte{2}, make([]byte, 31)...)), notWhole},
		"short RSA":        {short.public, "2,048 bits"},
		"ecdsa":            {ecdsaPair.public, typ},
		"dsa":              {"ssh-dss AAAAB3NzaC1kc3MAAACBAP", typ},
		"hardware":         {"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t", typ},
		"hardware linked":  {"<mailto:sk-ssh-ed25519@openssh.com|sk-ssh-ed25519@openssh.com> AAAAGnNr", typ},
		"hardware ecdsa":   {"sk-ecdsa-sha2-nistp256@openssh.com AAAA", typ},
		"certificate":      {"ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t", typ},
		"plugin":           {"age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t", "plugin"},
		"too long":         {"ssh-rsa " + strings.Repeat("A", maxKeyText), "4,000 characters"},
		"two keys":         {x.public + " " + ed.public, several},
		"two ssh keys":     {ed.public + " alice\n" + rsa.public + " alice", several},
	}
}

func flip(c string) string {
	if c == "q" {
		return "p"
	}
	return "q"
}

// privateKeys are private keys and pieces of them, in what Slack and phones make
// of them.
func privateKeys(t testing.TB) map[string]string {
	t.Helper()
	pairs := keyPairs(t)
	x, pq, ed, rsa := pairs[0], pairs[1], pairs[2], pairs[3]
	body := strings.Join(strings.Split(strings.TrimSpace(ed.private), "\n")[1:3], "")
	pkcs1 := "MIIEpAIBAAKCAQEA" + strings.Repeat("q8", 200)
	return map[string]string{
		"age":              x.private,
		"age lower":        strings.ToLower(x.private),
		"age long dashes":  strings.ReplaceAll(x.private, "-", "—"),
		"age cut":          x.private[:40],
		"age spaced":       strings.Join(wrap(x.private, 7), " "),
		"age quoted":       "`" + x.private + "`",
		"age file":         "# created: 2026-01-02\n# public key: " + x.public + "\n" + x.private,
		"age with public":  x.public + " " + x.private,
		"age hybrid":       pq.private,
		"plugin identity":  "AGE-PLUGIN-YUBIKEY-1QQPSYQ5ZZZZZZZZZZZZZZZZZZZ",
		"openssh":          ed.private,
		"openssh one line": strings.ReplaceAll(ed.private, "\n", " "),
		"openssh dashes":   strings.ReplaceAll(ed.private, "-----", "——-"),
		"openssh body":     body,
		"openssh as ssh":   "ssh-ed25519 " + body,
		"openssh rsa":      rsa.private,
		"openssh cut":      ed.private[:50],
		"openssh end":      "AAAECq8Zl\n-----END OPENSSH PRIVATE KEY-----",
		"rsa PEM":          "-----BEGIN RSA PRIVATE KEY-----\n" + pkcs1,
		"rsa PEM body":     pkcs1,
		"rsa PEM spaced":   strings.Join(wrap(pkcs1, 3), " "),
		"pkcs8":            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----",
		"pkcs8 body":       "MC4CAQAwBQYDK2VwBCIEIAq8Zl",
		"pkcs8 rsa body":   "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ",
		"encrypted pkcs8":  "-----BEGIN ENCRYPTED PRIVATE KEY-----",
		"ec body":          "MHcCAQEEIAq8ZlAq8ZlAq8Zl",
		"putty":            "PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nAq8Zl",
		"pgp":              "-----BEGIN PGP PRIVATE KEY BLOCK-----",
	}
}

func TestParsePublicKeyRefusesWithoutRepeating(t *testing.T) {
	for name, test := range refusedKeys(t) {
		_, err := ParsePublicKey(test[0])
		checkKeyRefusal(t, name, test[0], err, test[1])
	}
	for name, text := range privateKeys(t) {
		_, err := ParsePublicKey(text)
		checkKeyRefusal(t, name, text, err, "Treat it as leaked")
	}
	_, err := ParsePublicKey("key SECRET-KEY of age")
	checkKeyRefusal(t, "a fragment", "SECRET-KEY", err, "Treat it as leaked")
}

// checkKeyRefusal wants a refusal that says want and repeats nothing of text.
func checkKeyRefusal(t *testing.T, name, text string, err error, want string) {
	t.Helper()
	var refused *broker.Error
	if !errors.As(err, &refused) || refused.Code != broker.CodeGrammar {
		t.Errorf("%s: got %v, want a refusal", name, err)
		return
	}
	if said := broker.Plain(refused.What) + " " + broker.Plain(refused.Hint); !strings.Contains(said, want) {
		t.Errorf("%s: got %q, want it to say %q", name, said, want)
	}
	checkRefusal(t, name, refused)
	for _, word := range strings.Fields(text) {
		for i := 0; i+10 <= len(word); i += 5 {
			piece := strings.ToLower(word[i : i+10])
			if said := strings.ToLower(refused.Error()); strings.Contains(said, piece) && !strings.Contains("ssh-ed25519 private key", piece) {
				t.Errorf("%s: got %q, which repeats %q", name, said, piece)
			}
		}
	}
}

func TestPrivateKeysAreRefusedInEveryCommand(t *testing.T) {
	for name, text := range privateKeys(t) {
		for command, parse := range map[string]func(string) (Command, error){"assume": ParseAssume, "buckets": ParseBuckets} {
			for _, typed := range []string{text, "prod 123456 because " + text, "prod " + text, "key " + text + " 123456"} {
				_, err := parse(typed)
				checkKeyRefusal(t, command+" "+name, text, err, "Treat it as leaked")
			}
		}
	}
	for _, harmless := range []string{
		"because the private key of prod ends tomorrow", "because BEGIN of the PRIVATE KEY rotation", "because AGE-SECRET-KEY-1 is leaked",
		"because end of private-key rotation", "because openssh secret key",
	} {
		if _, err := ParseAssume("prod 123456 " + harmless); err != nil {
			t.Errorf("%q: got %v, want it taken for a reason", harmless, err)
		}
	}
}
