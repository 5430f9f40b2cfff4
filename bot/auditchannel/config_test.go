package auditchannel

import (
	"fmt"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/event"
)

func configMessages() map[string]blockkit.Message {
	var many []event.Change
	for i := range 60 {
		many = append(many, event.Change{
			Of: fmt.Sprintf("account a%02d", i), What: event.Added, Field: "allow", Gained: []string{strings.Repeat("<!here> *U01ALICE* ", 30)},
		})
	}
	return map[string]blockkit.Message{
		"audit_config": configAudit(event.ConfigData{Changes: []event.Change{
			{Of: "account prod", What: event.Changed, Field: "allow", Gained: []string{"S02LEADS"}, Lost: []string{"U01ALICE"}},
			{What: event.Changed, Field: "contact", Was: "\"#help-aws\"", Is: "\"<!channel> <https://x.example|link>\""},
			{What: event.Changed, Field: "slack.audit_channel", Was: "C0AUDIT", Is: "C0OTHER", NextStart: true},
		}}),
		"audit_config_again": configAudit(event.ConfigData{}),
		"audit_config_many":  configAudit(event.ConfigData{Changes: many}),
		"audit_config_part":  configAudit(event.ConfigData{Unread: true, Piece: event.Piece{Part: 2, Parts: 3}}),
		"audit_config_broken": configBrokenAudit(event.ConfigBrokenData{More: 3, Problems: []event.Problem{
			{File: "assumebot.yaml", Line: 14, Column: 5, Words: event.NewText("unknown key \"alow\" in this account: did you mean allow?")},
		}}),
	}
}

func TestAMessageAboutTheConfigAlwaysFits(t *testing.T) {
	for _, r := range []string{"x", "\u00e9", "\U0001f512", "\u0001", "<"} { // from one byte of JSON to six
		for _, n := range []int{1, 40, 41, 5000} {
			changed, broken := event.ConfigData{}, event.ConfigBrokenData{}
			for range n {
				long := strings.Repeat(r, 1000)
				changed.Changes = append(changed.Changes, event.Change{What: event.Changed, Field: "contact", Is: long})
				broken.Problems = append(broken.Problems, event.Problem{Words: event.NewText(long)})
			}
			for _, p := range []event.Payload{changed, broken} {
				if m, post := render(factsOf(event.Event{Kind: p.Kind(), Data: p})); !post || !m.Fits() {
					t.Errorf("%d lines of %q: got posted %t and not fitting, want a message that fits", n, r, post)
				}
			}
		}
	}
}
