package message

import (
	"fmt"
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
			m := new(Helps).Help(v, slices.Values(accounts), admin, false)
			rich, ok := m.Blocks[0].(*slack.RichTextBlock)
			if !ok || len(m.Blocks) != 2 || len(rich.Elements) != 1 {
				t.Fatalf("got %d blocks, want five lines and the button", len(m.Blocks))
			}
			lines := rich.Elements[0].(*slack.RichTextList).Elements
			if len(lines) != 5 {
				t.Errorf("got %d lines, want 5", len(lines))
			}
			more := selected(t, new(Helps).Help(v, slices.Values(accounts), admin, true))
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

func TestHelpIsMadeOnceForAllWhoReadTheSame(t *testing.T) {
	var helps Helps
	v := goldenVoice()
	of := func(name string) blockkit.Message {
		return helps.Help(v, slices.Values([]policy.Account{{Name: name}}), false, false)
	}
	prod := of("prod")
	if again := of("prod"); &again.Blocks[0] != &prod.Blocks[0] {
		t.Error("it is made again")
	}
	for i := range 3 * mostHelps {
		name := fmt.Sprintf("a%d", i)
		if got := selected(t, of(name)); !strings.Contains(got, "/assume "+name+" 123456") {
			t.Fatalf("got %s, want it with %s", got, name)
		}
	}
	if n := len(helps.kept); n > mostHelps {
		t.Errorf("got %d kept, want %d at most", n, mostHelps)
	}
}
