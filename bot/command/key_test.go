package command

import (
	"errors"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
)

func keyOf(t testing.TB, text string) secret.PublicKey {
	t.Helper()
	key, err := snippet.ParsePublicKey(text)
	snippettest.Must(t, err)
	return key
}

func TestParseKeyReadsItsForms(t *testing.T) {
	set := func(text string) Command {
		return Command{Verb: VerbKey, Change: KeySet, Key: keyOf(t, text), Code: tokenCode("123456")}
	}
	noCode := set(snippettest.ExampleAge)
	noCode.Code = secret.TokenCode{}
	remove := Command{Verb: VerbKey, Change: KeyRemove, Code: tokenCode("123456")}
	var tests []parseCase
	for text, want := range map[string]Command{
		"key": {Verb: VerbKey}, "Key": {Verb: VerbKey}, "—key": {Verb: VerbKey}, "key show": {Verb: VerbKey}, "keys": {Verb: VerbKey},
		"key ?": {Verb: VerbKey}, "`key`": {Verb: VerbKey},

		"key remove 123456": remove, "KEY Remove 123 456": remove, "key remove: 123-456": remove, "key 123456 remove": remove,
		"key delete 123456.": remove, "key remove": {Verb: VerbKey, Change: KeyRemove},

		"key " + snippettest.ExampleAge + " 123456":                                                    set(snippettest.ExampleAge),
		"key\n" + snippettest.ExampleAge + "\n123 456":                                                 set(snippettest.ExampleAge),
		"key `" + snippettest.ExampleAge + "` 123456":                                                  set(snippettest.ExampleAge),
		"key “" + snippettest.ExampleAge + "” “123456”":                                                set(snippettest.ExampleAge),
		"key set " + snippettest.ExampleAge + " 12 34 56":                                              set(snippettest.ExampleAge),
		"key 123456 " + snippettest.ExampleAge:                                                         set(snippettest.ExampleAge),
		"key " + strings.ToUpper(snippettest.ExampleAge):                                               noCode,
		"key " + snippettest.ExampleAge:                                                                noCode,
		"key " + snippettest.ExampleSSH + " 123456":                                                    set(snippettest.ExampleSSH),
		"key " + snippettest.ExampleSSH + " alice 123456":                                              set(snippettest.ExampleSSH),
		"key " + snippettest.ExampleSSH + " laptop 2024 123456":                                        set(snippettest.ExampleSSH),
		"key " + snippettest.ExampleSSH + " <mailto:bob@host.example|bob@host.example> 123456":         set(snippettest.ExampleSSH),
		"key `" + snippettest.ExampleSSH + " <mailto:bob@host.example|bob@host.example>` 123 456":      set(snippettest.ExampleSSH),
		"key " + snippettest.ExampleSSH[:40] + "\n" + snippettest.ExampleSSH[40:] + " bob@host 123456": set(snippettest.ExampleSSH),
		"key " + snippettest.ExampleSSH + " <tel:123456|123456>":                                       set(snippettest.ExampleSSH),
		"key " + snippettest.ExampleSSH + " <@U123ABC|bob> 123456":                                     set(snippettest.ExampleSSH),
	} {
		tests = append(tests, parseCase{name: text, text: text, want: want})
	}
	for text, fail := range map[string]string{
		"key 123456":            "the key is missing",
		"key remove all 123456": "Only the code goes after remove",
		"key show 123456":       "Nothing goes after show",
		"key " + snippettest.ExampleAge + " 12345":                     "this one has five",
		"key " + snippettest.ExampleSSH + " 1234567":                   "this one has seven",
		"key hello 123456":                                             "not a public key that the bot knows",
		"key " + snippettest.ExampleAge[:40] + " 123456":               "not whole",
		"key " + snippettest.ExampleSSH[:40] + " 123456":               "not whole",
		"key <@U123ABC|bob> 123456":                                    "not a public key that the bot knows",
		"key \xff\xfe 123456":                                          "not readable text",
		"key " + strings.Repeat("a", 5000):                             "4,000 characters",
		"key " + snippettest.ExampleAge + " " + snippettest.ExampleSSH: "more than one key",
		"key AGE-SECRET-KEY-1QQQQQQQQQQQQ 123456":                      "Treat it as leaked",
	} {
		tests = append(tests, parseCase{name: text[:min(len(text), 60)], text: text, fail: fail})
	}
	checkParse(t, ParseAssume, tests)
}

func TestParseKeyRefusesWithoutRepeating(t *testing.T) {
	for name, test := range snippettest.RefusedKeys(t) {
		_, err := ParseAssume("key " + test[0] + " 123456")
		snippettest.CheckKeyRefusal(t, name, test[0], err, test[1])
	}
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{
		"", "remove 123456", snippettest.ExampleAge + " 123456", snippettest.ExampleSSH + " bob@host 123 456", "`" + snippettest.ExampleSSH + "`",
		"123456 " + snippettest.ExampleAge,
		"ssh-rsa AAAA", "age1", "ssh-ed25519 AAAAC3 NzaC1l", "AGE-SECRET-KEY-1QQQQQQQQQQQQ", "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA",
		"<mailto:sk-ssh-ed25519@openssh.com|x> AAAA", "age1yubikey1qq", "ecdsa-sha2-nistp256 AAAA", "age1pq1qqqq", "set " + snippettest.ExampleAge + " remove",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseAssume("key " + text)
		if err != nil {
			var refused *broker.Error
			if !errors.As(err, &refused) {
				t.Fatalf("got %v, want a refusal", err)
			}
			snippettest.CheckRefusal(t, text, refused)
			for word := range strings.FieldsSeq(text) {
				if said := strings.ToLower(refused.Error()); len(word) > 16 && strings.Contains(said, strings.ToLower(word)) {
					t.Errorf("got %q, which repeats %q", said, word)
				}
			}
			return
		}
		if got.Verb != VerbKey {
			t.Fatalf("got verb %s of %q", got.Verb, text)
		}
		if snippet.HoldsPrivateKey(text) {
			t.Errorf("took a private key: %q", text)
		}
		if (got.Change == KeySet) != !got.Key.Empty() {
			t.Errorf("got %q with the key %+v", got.Change, got.Key)
		}
		if got.Key.Empty() {
			return
		}
		again, err := snippet.ParsePublicKey(got.Key.Text)
		if err != nil || again != got.Key {
			t.Errorf("the canonical form of %+v is read as %+v, %v", got.Key, again, err)
		}
		if _, err := snippet.SealFor(got.Key, secret.New("x")); err != nil {
			t.Errorf("nothing can be sealed for %+v: %v", got.Key, err)
		}
	})
}
