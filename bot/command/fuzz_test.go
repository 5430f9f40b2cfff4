package command

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/policy"
)

func FuzzParseAssume(f *testing.F) {
	for _, seed := range []string{
		"", "prod", "prod 123456", "123 456 prod for 2h as fish because INC-42 failover", "PROD１２３４５６ —for 1h30m", "prod 1234567",
		"prod for an hour 123-456", "prod because <@U123ABC|bob> said &amp;lt; “so”", "<http://prod.example.com|prod.example.com> 123456",
		"whoami prod", "accounts", "help", "prod123456", "prod 123456 becuase x", "prod because x 123 456", "<!subteam^S123|@team> 123456",
		"prod 123456 for 99999999999999999999h", "prod \u202e123456\u200b as='ps1'", "prod 123456 because \"'“x”'\"", "prod ١٢٣٤٥٦ for half an hour",
		"prod 123456 2h", "prod 123456 2 hours", "2h prod 123456", "2 hours prod 123 456", "prod 123456 half an hour", "prod 123456 console", "fish prod 123456",
		"prod 123456 INC-42", "prod 123456 until 6pm", "prod 123456 please", "prod 123 4 m", "prod 12 h 3456", "prod 123456 for -2h", "prod 123456 for 123 days",
		"prod 123456 for \u3164\u202eever", "prod \u3164 123456",
	} {
		f.Add(seed)
	}
	for _, seed := range []string{
		"receipt 4711", "receipt #4,711", "receipt record 4 711", "receipt", "receipt 123456", "receipt 99999999999999999999", "receipt \u0664\u0667",
		"who", "status", "status now", "resume", "pause because <!here> “x”",
		"block <@U02BOB|bob> because <@U03CAROL>", "unblock <@U02BOB>", "unlock @bob", "revoke prod because x",
		"revoke <@U02BOB|bob> prod because INC-42", "revoke <@U02BOB|bob>prod", "pause because 123 456", "block <!subteam^S123|@team>", "revoke <@U02BOB> 123456",
	} {
		f.Add(seed)
	}
	for _, seed := range []string{
		"history", "history prod <@U02BOB|bob> refused since 7d", "history everybody break glass since 4 weeks", "history @bob", "history since 99999999999w",
		"history prod staging", "history <@U02BOB> everybody", "history since", "history refused granted", "history 123456", "history all console since=7d",
	} {
		f.Add(seed)
	}
	f.Add("key " + snippettest.ExampleSSH + " bob@host 123456")
	f.Fuzz(func(t *testing.T, text string) {
		checkParseHolds(t, text, ParseAssume)
	})
}

func FuzzParseBuckets(f *testing.F) {
	for _, seed := range []string{
		"", "prod", "prod 123456 prefix logs-", "prefix=Logs. prod 123 456", "help", "123456", "prod prefix a/b", "prod prefix <https://x|x.y>", "prod 1234567",
		"prod logs-", "prod 123456 Logs.", "prod staging", "prod logs-2024", "prod 123456 prefix a/b", "prod 123456 \u3164\u202ex",
		"prod 123456 for 2h", "prod 2 hours",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkParseHolds(t, text, ParseBuckets)
	})
}

// checkParseHolds checks what every text must hold, however wild.
func checkParseHolds(t *testing.T, text string, parse func(string) (Command, error)) {
	got, err := parse(text)
	if err != nil {
		if diff := cmp.Diff(Command{}, got, sameCode); diff != "" {
			t.Errorf("parse(%q) gave both an error and a command:\n%s", text, diff)
		}
		var refused *broker.Error
		if !errors.As(err, &refused) || refused.Code != broker.CodeGrammar {
			t.Fatalf("parse(%q) = %v, want a grammar error", text, err)
		}
		snippettest.CheckRefusal(t, text, refused)
		return
	}
	if got.Account != "" && policy.CheckAccountName(got.Account) != nil {
		t.Errorf("parse(%q) names the account %q", text, got.Account)
	}
	if !got.Code.Empty() && strings.Contains(got.Account+" "+got.Reason, got.Code.Reveal()) {
		t.Errorf("parse(%q) left the code in account %q or reason %q", text, got.Account, got.Reason)
	}
	if got.Target != "" && !strings.Contains(text, "<@"+got.Target) {
		t.Errorf("parse(%q) acts upon %q, whom Slack did not name", text, got.Target)
	}
	if got.Duration < 0 || got.Duration > maxTypedDuration || got.Duration%time.Second != 0 {
		t.Errorf("parse(%q) gives a duration of %v", text, got.Duration)
	}
	if strings.ContainsFunc(got.Reason, snippettest.IsUnfit) || strings.Contains(got.Reason, "  ") || utf8.RuneCountInString(got.Reason) > maxReason {
		t.Errorf("parse(%q) gives the reason %q", text, got.Reason)
	}
	again, err := parse(render(got))
	if err != nil {
		t.Fatalf("parse(%q) = %v, from %q", render(got), err, text)
	}
	if diff := cmp.Diff(got, again, sameCode); diff != "" {
		t.Errorf("parse(%q), from %q: (-first +again)\n%s", render(got), text, diff)
	}
}

// render writes a Command as a careful person would, and escapes as Slack does.
func render(c Command) string {
	var words []string
	if c.Verb == VerbHelp || c.Verb == VerbMoreHelp || c.Verb == VerbAccounts || c.Verb == VerbWhoami || c.Verb == VerbExplain ||
		c.Verb == VerbMFAEnd || c.Verb == VerbCancel {
		words = append(words, string(c.Verb))
	}
	switch c.Verb {
	case VerbMFAStatus:
		words = append(words, mfaStatus)
	case VerbWho, VerbStatus, VerbUnlock, VerbBlock, VerbUnblock, VerbPause, VerbResume, VerbRevoke:
		words = append(words, string(c.Verb))
	}
	if c.Verb == VerbHistory {
		_, typed, _ := strings.Cut(HistoryValue(c, 0), " ")
		return typed
	}
	if c.Verb == VerbReceipt {
		words = append(words, string(VerbReceipt), fmt.Sprint(c.Entry))
	}
	if c.Target != "" {
		words = append(words, "<@"+c.Target+"|somebody>")
	}
	if c.Verb == VerbKey {
		words = append(words, string(VerbKey), string(c.Change), c.Key.Text)
	}
	words = append(words, c.Account, c.Code.Reveal())
	if c.Duration > 0 {
		words = append(words, fmt.Sprintf("for %ds", c.Duration/time.Second))
	}
	if c.Format != "" {
		words = append(words, "as", string(c.Format), c.Service)
	}
	if c.Prefix != "" {
		words = append(words, "prefix", c.Prefix)
	}
	if c.Reason != "" {
		words = append(words, "because", strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(c.Reason))
	}
	return strings.Join(words, " ")
}
