package message

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
)

func TestCredentialsThatCannotBeSealedAreNotShown(t *testing.T) {
	t.Parallel()
	for name, sealing := range map[string]secret.Sealing{
		"nobody looked": {},
		"junk":          secret.SealedTo(secret.PublicKey{Text: "junk", Type: "age"}),
	} {
		i := goldenIssued(true)
		i.Sealing = sealing
		m, err := Issued(goldenVoice(), i, snippet.Bash)
		var e *broker.Error
		if !errors.As(err, &e) || e.Code != broker.CodeSealFailed || e.Ref == "" || len(m.Blocks) > 0 {
			t.Errorf("%s: got %v, %v, want nothing shown", name, m, err)
			continue
		}
		if broker.AsError(err, "").Code != broker.CodeSealFailed {
			t.Errorf("%s: got %s on the record, want %s", name, broker.AsError(err, "").Code, broker.CodeSealFailed)
		}
		if said := fmt.Sprintf("%v %+v", err, e); strings.Contains(said, i.Credentials.SecretAccessKey.Reveal()) || strings.Contains(said, "junk") {
			t.Errorf("%s: got %q, want nothing of key or credentials", name, said)
		}
	}
}

func TestSealedFitsAMessage(t *testing.T) {
	t.Parallel()
	for _, pair := range snippettest.KeyPairs(t) {
		i := goldenIssued(true)
		i.Sealing = secret.SealedTo(exampleKey(t, pair.Public))
		for length, fits := range map[int]bool{4096: true, 9000: false} {
			i.Credentials.SessionToken = secret.New(strings.Repeat("aB3+/x=9", length/8))
			for _, f := range []snippet.Format{snippet.Bash, snippet.Fish, snippet.PowerShell, snippet.Cmd, snippet.Dotenv, snippet.Profile, snippet.JSON} {
				if f == snippet.Cmd && length > 8000 {
					continue
				}
				_, err := Issued(goldenVoice(), i, f)
				if fits != (err == nil) {
					t.Errorf("%s as %s with a token of %d: got %v, want it to fit: %v", pair.Name, f, length, err, fits)
				}
				if err != nil && broker.AsError(err, "").Code != broker.CodeTooLarge {
					t.Errorf("got %v, want it too large", err)
				}
			}
		}
	}
}
