package command

import (
	"testing"

	"github.com/assumebot/assumebot/bot/snippet/snippettest"
)

func TestPrivateKeysAreRefusedInEveryCommand(t *testing.T) {
	for name, text := range snippettest.PrivateKeys(t) {
		for command, parse := range map[string]func(string) (Command, error){"assume": ParseAssume, "buckets": ParseBuckets} {
			for _, typed := range []string{text, "prod 123456 because " + text, "prod " + text, "key " + text + " 123456"} {
				_, err := parse(typed)
				snippettest.CheckKeyRefusal(t, command+" "+name, text, err, "Treat it as leaked")
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
