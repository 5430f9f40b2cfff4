package message

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/policy"
)

func TestHelpIsFiveLinesAndAButtonForMore(t *testing.T) {
	v := goldenVoice()
	prod := policy.Account{Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall", DefaultDuration: time.Hour, MaxDuration: 4 * time.Hour}
	vault := policy.Account{Name: "vault", MaxDuration: time.Hour, Rules: policy.Rules{Approval: &policy.ApprovalPolicy{}, BreakGlass: []string{"*"}}}
	for _, accounts := range [][]policy.Account{nil, {prod, {Name: "hub", MaxDuration: 36 * time.Hour}}, {vault}, {prod, vault}} {
		for _, admin := range []bool{true, false} {
			m := Help(v, slices.Values(accounts), admin, false)
			rich, ok := m.Blocks[0].(*slack.RichTextBlock)
			if !ok || len(m.Blocks) != 2 || len(rich.Elements) != 1 {
				t.Fatalf("got %d blocks, want five lines and the button", len(m.Blocks))
			}
			lines := rich.Elements[0].(*slack.RichTextList).Elements
			if len(lines) != 5 {
				t.Errorf("got %d lines, want 5", len(lines))
			}
			more := selected(t, Help(v, slices.Values(accounts), admin, true))
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
