package text_test

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/text"
)

func TestNearestFindsTheNearest(t *testing.T) {
	accounts := []string{"prod", "staging", "hub", "sandbox", "prod-eu"}
	for word, want := range map[string]string{
		"prd": "prod", "production": "prod", "stagin": "staging", "PROD": "prod", "prdo": "prod", "stging": "staging", "stag": "staging",
		"hubb": "hub", "sandbxo": "sandbox", "prod-e": "prod-eu", "pr": "prod", "p": "", "": "", "zzz": "", "vault": "", "foo": "",
		strings.Repeat("prod", 100): "",
	} {
		if got := text.Nearest(word, accounts); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
	if got := text.Nearest("prod", nil); got != "" {
		t.Errorf("Nearest without candidates = %q, want none", got)
	}
	if got := text.Nearest("a", []string{"", strings.Repeat("a", 100)}); got != "" {
		t.Errorf("Nearest among impossible candidates = %q, want none", got)
	}
}
