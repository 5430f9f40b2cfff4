package auditchannel

import (
	"strings"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/event"
)

// drillAudit tells that what follows is a rehearsal, and what came of it.
func drillAudit(p event.DrillData) blockkit.Message {
	by := " by " + orElse(p.RunBy, "an operator")
	if p.State != event.DrillEnded {
		rest := by + ". It asks for " + p.Account + " as " + p.Target.String()
		if p.Admin.ID != "" {
			rest += ", and orders as " + p.Admin.String()
		}
		rest += ". Until it has ended, wrong codes, a lock-out, a revocation or a pause of theirs may be part of it. "
		last := "If it never ends, its pause and a lock-out end by themselves; an admin lifts them sooner: resume, unlock."
		return blockkit.NewMessage("A drill began"+by+".", blockkit.Paragraph(blockkit.Bold("Drill begun"), rest+last))
	}
	said := "The drill ended: "
	counts := map[string][]string{}
	for _, s := range p.Steps {
		counts[s.Result] = append(counts[s.Result], strings.ReplaceAll(s.Name, "_", " "))
	}
	passed, failed, untried := counts["passed"], counts["failed"], counts["not_tried"]
	what := blockkit.Counted(len(passed), "step") + " passed"
	if len(failed) > 0 {
		what += ", failed: " + strings.Join(failed, ", ")
	}
	if len(untried) > 0 {
		what += ", not tried: " + strings.Join(untried, ", ")
	}
	spans := blockkit.Line(blockkit.Bold("Drill ended"), by+": "+what+".")
	if len(p.Left) > 0 {
		what += ". NOT undone: " + strings.Join(p.Left, ", ")
		spans = blockkit.Line(spans, " ", blockkit.Bold("Not undone: "+strings.Join(p.Left, ", ")), ". An admin has to do that now.")
	}
	return blockkit.NewMessage(said+what+".", blockkit.Paragraph(spans))
}
