package auditchannel

import (
	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/rotation"
)

// rotationAudit tells that a User's access key was replaced, and why it could not be. The other steps are on the record
// alone.
func rotationAudit(p event.RotationData) (m blockkit.Message, post bool) {
	who := p.Target.String()
	by := ""
	if p.RunBy != "" {
		by = " by " + p.RunBy
	}
	switch {
	case p.State == event.RotationDone && p.Step == event.RotateSwitch:
		rest := "; the former one works for ten minutes more"
		if p.AtOnce {
			rest = "; the former one is deactivated at once"
		}
		return blockkit.NewMessage("The access key of "+who+" was replaced"+by+".", blockkit.Paragraph(
			blockkit.Bold("Key replaced"), by+": "+who+" has the access key ", blockkit.Code(p.AccessKeyID), " in place of ",
			blockkit.Code(orElse(p.PreviousKey, "another")), rest+".")), true
	case p.State == event.RotationFailed:
		why := orElse(rotation.Sentence(p.Code), "The code is "+orElse(p.Code, "not known")+".")
		spans := blockkit.Line(blockkit.Bold("Key not replaced"), by+", of "+who+": "+why)
		if p.AccessKeyID != "" {
			spans = blockkit.Line(spans, " Access key ", blockkit.Code(p.AccessKeyID), ".")
		}
		if p.AWSCode != "" {
			spans = blockkit.Line(spans, " AWS answered ", blockkit.Code(p.AWSCode), ".")
		}
		return blockkit.NewMessage("The access key of "+who+" was not replaced: "+why, blockkit.Paragraph(spans)), true
	}
	return blockkit.Message{}, false
}
