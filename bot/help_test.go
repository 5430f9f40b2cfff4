package bot

import (
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
)

func TestHelpIsFiveLinesAndAButtonForMore(t *testing.T) {
	b := goldenBot()
	vault := broker.Account{Name: "vault", MaxDuration: time.Hour, Rules: broker.Rules{Approval: &broker.ApprovalPolicy{}, BreakGlass: []string{"*"}}}
	for _, accounts := range [][]broker.Account{nil, goldenAccounts(), {vault}, append(goldenAccounts(), vault)} {
		for _, admin := range []bool{true, false} {
			m := b.helpMessage(accounts, admin, false)
			rich, ok := m.Blocks[0].(*slack.RichTextBlock)
			if !ok || len(m.Blocks) != 2 || len(rich.Elements) != 1 {
				t.Fatalf("got %d blocks, want five lines and the button", len(m.Blocks))
			}
			lines := rich.Elements[0].(*slack.RichTextList).Elements
			if len(lines) != 5 {
				t.Errorf("got %d lines, want 5", len(lines))
			}
			more := selected(t, b.helpMessage(accounts, admin, true))
			for line := range strings.Lines(selected(t, blockkit.Message{Blocks: m.Blocks[:1]})) {
				if !strings.Contains(more, strings.TrimSpace(line)) {
					t.Errorf("more lacks the line %q", line)
				}
			}
			if got := strings.Contains(more, "For admins"); got != admin {
				t.Errorf("more tells of admins: %v, want %v", got, admin)
			}
		}
	}
}

func TestAPressIsReadAsWhatIsTyped(t *testing.T) {
	for value, want := range map[string]press{
		"prod":     {action: actRenew, account: "prod"},
		"prod 30m": {action: actRenew, account: "prod", duration: 30 * time.Minute},
	} {
		if got, err := readPress(&slack.BlockAction{ActionID: actRenew, Value: value}); err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", value, got, err, want)
		}
	}
	for action, values := range map[string][]string{
		actRenew:      {"prod 999h", "prod 30m 30m", "prod -1h", "prod " + strings.Repeat("9", 5000), "a\nb"},
		actBreakGlass: {"", "prod\n", "prod 1h", "../x", strings.Repeat("a", 5000), "\u202eprod"},
	} {
		for _, value := range values {
			if got, err := readPress(&slack.BlockAction{ActionID: action, Value: value}); err == nil {
				t.Errorf("%s %q: got %+v, want it refused", action, blockkit.Shortened(value, 40), got)
			}
		}
	}
}
