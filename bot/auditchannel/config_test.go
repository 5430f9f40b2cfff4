package auditchannel

import (
	"fmt"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
)

func configMessages() map[string]blockkit.Message {
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprintf("account a%02d added: allow %s", i, strings.Repeat("<!here> *U01ALICE* ", 30)))
	}
	return map[string]blockkit.Message{
		"audit_config": configAudit(broker.Event{Kind: broker.EventConfig, Changes: []string{
			"account prod: allow gained S02LEADS, lost U01ALICE",
			"contact \"#help-aws\" → \"<!channel> <https://x.example|link>\"",
			"slack.audit_channel C0AUDIT → C0OTHER (from the next start)",
		}}),
		"audit_config_again": configAudit(broker.Event{Kind: broker.EventConfig}),
		"audit_config_many":  configAudit(broker.Event{Kind: broker.EventConfig, Changes: many}),
		"audit_config_broken": configAudit(broker.Event{Kind: broker.EventConfigBroken, Problems: []string{
			"assumebot.yaml:14:5: unknown key \"alow\" in this account: did you mean allow?",
			"and 3 more",
		}}),
	}
}

func TestAMessageAboutTheConfigAlwaysFits(t *testing.T) {
	for _, r := range []string{"x", "\u00e9", "\U0001f512", "\u0001", "<"} { // from one byte of JSON to six
		for _, n := range []int{1, 40, 41, 5000} {
			lines := make([]string, n)
			for i := range lines {
				lines[i] = strings.Repeat(r, 1000)
			}
			for _, e := range []broker.Event{{Kind: broker.EventConfig, Changes: lines}, {Kind: broker.EventConfigBroken, Problems: lines}} {
				if m, post := render(e); !post || !m.Fits() {
					t.Errorf("%d lines of %q: got posted %t and not fitting, want a message that fits", n, r, post)
				}
			}
		}
	}
}
