package message

import (
	"testing"

	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker/secret"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func exampleKey(t testing.TB, text string) secret.PublicKey {
	t.Helper()
	key, err := snippet.ParsePublicKey(text)
	must(t, err)
	return key
}
