package snippettest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/crypto/ssh"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// RefusedKeys are texts that are no key, and a part of what is said to each.
func RefusedKeys(t testing.TB) map[string][2]string {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	tooShort, err := rsa.GenerateKey(rand.Reader, 1024)
	Must(t, err)
	pairs := KeyPairs(t)
	x, pq, ed, rsa := pairs[0], pairs[1], pairs[2], pairs[3]
	short := SSHPair(t, tooShort)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	Must(t, err)
	ecdsaPair := SSHPair(t, ec)
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
		"bare base64":      {strings.Fields(ed.Public)[1], unknown},
		"type alone":       {"ssh-ed25519", notWhole},
		"age truncated":    {x.Public[:50], notWhole},
		"age altered":      {x.Public[:20] + flip(x.Public[20:21]) + x.Public[21:], notWhole},
		"age too long":     {x.Public + "q", notWhole},
		"age in two cases": {x.Public[:50] + "B" + x.Public[51:], notWhole},
		"hybrid truncated": {pq.Public[:900], notWhole},
		"ssh truncated":    {ed.Public[:60], notWhole},
		"ssh altered":      {strings.Replace(ed.Public, "AAAAC3", "AAAAC4", 1), notWhole},
		"rsa truncated":    {rsa.Public[:200], notWhole},
		"other type":       {strings.Replace(ed.Public, "ssh-ed25519", "ssh-rsa", 1), notWhole},
		"low order point":  {"ssh-ed25519 " + blob("ssh-ed25519", append([]byte{1}, make([]byte, 31)...)), notWhole},
		"off the curve":    {"ssh-ed25519 " + blob("ssh-ed25519", append([]byte{2}, make([]byte, 31)...)), notWhole},
		"short RSA":        {short.Public, "2,048 bits"},
		"ecdsa":            {ecdsaPair.Public, typ},
		"dsa":              {"ssh-dss AAAAB3NzaC1kc3MAAACBAP", typ},
		"hardware":         {"sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t", typ},
		"hardware linked":  {"<mailto:sk-ssh-ed25519@openssh.com|sk-ssh-ed25519@openssh.com> AAAAGnNr", typ},
		"hardware ecdsa":   {"sk-ecdsa-sha2-nistp256@openssh.com AAAA", typ},
		"certificate":      {"ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29t", typ},
		"plugin":           {"age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t", "plugin"},
		"too long":         {"ssh-rsa " + strings.Repeat("A", 4000), "4,000 characters"},
		"two keys":         {x.Public + " " + ed.Public, several},
		"two ssh keys":     {ed.Public + " alice\n" + rsa.Public + " alice", several},
	}
}

func flip(c string) string {
	if c == "q" {
		return "p"
	}
	return "q"
}

// PrivateKeys are private keys and pieces of them, in what Slack and phones make
// of them.
func PrivateKeys(t testing.TB) map[string]string {
	t.Helper()
	pairs := KeyPairs(t)
	x, pq, ed, rsa := pairs[0], pairs[1], pairs[2], pairs[3]
	body := strings.Join(strings.Split(strings.TrimSpace(ed.Private), "\n")[1:3], "")
	pkcs1 := "MIIEpAIBAAKCAQEA" + strings.Repeat("q8", 200)
	return map[string]string{
		"age":              x.Private,
		"age lower":        strings.ToLower(x.Private),
		"age long dashes":  strings.ReplaceAll(x.Private, "-", "—"),
		"age cut":          x.Private[:40],
		"age spaced":       strings.Join(Wrap(x.Private, 7), " "),
		"age quoted":       "`" + x.Private + "`",
		"age file":         "# created: 2026-01-02\n# public key: " + x.Public + "\n" + x.Private,
		"age with public":  x.Public + " " + x.Private,
		"age hybrid":       pq.Private,
		"plugin identity":  "AGE-PLUGIN-YUBIKEY-1QQPSYQ5ZZZZZZZZZZZZZZZZZZZ",
		"openssh":          ed.Private,
		"openssh one line": strings.ReplaceAll(ed.Private, "\n", " "),
		"openssh dashes":   strings.ReplaceAll(ed.Private, "-----", "——-"),
		"openssh body":     body,
		"openssh as ssh":   "ssh-ed25519 " + body,
		"openssh rsa":      rsa.Private,
		"openssh cut":      ed.Private[:50],
		"openssh end":      "AAAECq8Zl\n-----END OPENSSH PRIVATE KEY-----",
		"rsa PEM":          "-----BEGIN RSA PRIVATE KEY-----\n" + pkcs1,
		"rsa PEM body":     pkcs1,
		"rsa PEM spaced":   strings.Join(Wrap(pkcs1, 3), " "),
		"pkcs8":            "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----",
		"pkcs8 body":       "MC4CAQAwBQYDK2VwBCIEIAq8Zl",
		"pkcs8 rsa body":   "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ",
		"encrypted pkcs8":  "-----BEGIN ENCRYPTED PRIVATE KEY-----",
		"ec body":          "MHcCAQEEIAq8ZlAq8ZlAq8Zl",
		"putty":            "PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 1\nAq8Zl",
		"pgp":              "-----BEGIN PGP PRIVATE KEY BLOCK-----",
	}
}

// CheckKeyRefusal wants a refusal that says want and repeats nothing of text.
func CheckKeyRefusal(t *testing.T, name, text string, err error, want string) {
	t.Helper()
	var refused *broker.Error
	if !errors.As(err, &refused) || refused.Code != broker.CodeGrammar {
		t.Errorf("%s: got %v, want a refusal", name, err)
		return
	}
	if said := prose.Plain(refused.What) + " " + prose.Plain(refused.Hint); !strings.Contains(said, want) {
		t.Errorf("%s: got %q, want it to say %q", name, said, want)
	}
	CheckRefusal(t, name, refused)
	for _, word := range strings.Fields(text) {
		for i := 0; i+10 <= len(word); i += 5 {
			piece := strings.ToLower(word[i : i+10])
			if said := strings.ToLower(refused.Error()); strings.Contains(said, piece) && !strings.Contains("ssh-ed25519 private key", piece) {
				t.Errorf("%s: got %q, which repeats %q", name, said, piece)
			}
		}
	}
}

// Wrap cuts text into pieces of n.
func Wrap(text string, n int) []string {
	var out []string
	for len(text) > n {
		out, text = append(out, text[:n]), text[n:]
	}
	return append(out, text)
}

// CheckRefusal holds what every refusal promises.
func CheckRefusal(t *testing.T, text string, refused *broker.Error) {
	t.Helper()
	for _, said := range []string{prose.Plain(refused.What), prose.Plain(refused.Hint)} {
		if said == "" || len(said) > 400 || strings.ContainsAny(said, "<>&\n\r`*") {
			t.Errorf("parse(%q) says %q: empty, long, or not plain", text, said)
		}
		run := 0
		for _, r := range strings.ReplaceAll(said, "ed25519", "") { // a type of key
			if r < '0' || r > '9' {
				run = 0
			} else if run++; run == 4 {
				t.Errorf("parse(%q) says %q, which holds four digits in a row", text, said)
			}
		}
	}
}

// IsUnfit reports whether r must be in nothing that a person reads.
func IsUnfit(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r != ' ' && unicode.IsSpace(r)
}
