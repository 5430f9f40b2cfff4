package command

import (
	"strings"
	"testing"
)

func TestParseAssumeReadsCancel(t *testing.T) {
	for text, want := range map[string]Command{
		"cancel":          {Verb: VerbCancel},
		" “Cancel”. ":     {Verb: VerbCancel},
		"cancel vault":    {Verb: VerbCancel, Account: "vault"},
		"—cancel  VAULT.": {Verb: VerbCancel, Account: "vault"},
	} {
		if got, err := ParseAssume(text); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"cancel vault prod":        "I do not know the word “prod” there.",
		"cancel vault <!here>":     "more than the name of an account",
		"cancel a/b":               "“a/b” is not the name of an account",
		"cancel vault 123456":      "more than the name of an account",
		"cancel <@U02BOB|bob>":     "what you asked for yourself",
		"cancel 123456":            "not the name of an account",
		"cancel vault-123456":      "not the name of an account",
		"cancel cancel":            "not the name of an account",
		"cancel <!subteam^S01ABC>": "what you asked for yourself",
	} {
		got, err := ParseAssume(text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "Nothing was cancelled") {
			t.Errorf("%q: got %+v, %v, want an error with %q", text, got, err, want)
		}
	}
}

func FuzzParseCancel(f *testing.F) {
	for _, seed := range []string{"", "vault", "vault because x", "123456", "<@U02BOB|bob>", "<https://x|vault>", "“vault”", "\u202evault", "vault 123 456",
		"vault prod", "a/b", "vault \u3164\u202ex"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cmd, ok, err := parseCancel("cancel " + text)
		if !ok && len(text) < MaxText-10 && strings.TrimSpace(text) == "" {
			t.Errorf("%q is not read as cancel", text)
		}
		checkParseHolds(t, "cancel "+text, ParseAssume)
		if ok && err == nil && (cmd.Verb != VerbCancel || !cmd.Code.Empty() || cmd.Reason != "" || cmd.Duration != 0) {
			t.Errorf("%q: got %+v", text, cmd)
		}
	})
}
