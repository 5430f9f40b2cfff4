package auditchannel

import (
	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
)

// keyAudit is how the audit channel tells of a changed key.
func keyAudit(e told) []blockkit.Span {
	switch broker.KeyChange(e.KeyChange) {
	case broker.KeyRemoved:
		return blockkit.Line(blockkit.Bold("Key removed"), " by "+person(e)+": their credentials go through Slack in clear from now on. It was ",
			keyName(e.PreviousKey), ".")
	case broker.KeyReplaced:
		return blockkit.Line(blockkit.Bold("Key replaced"), " by "+person(e)+": their credentials are encrypted to ", keyName(e.Key), " instead of ",
			keyName(e.PreviousKey), ".")
	}
	return blockkit.Line(blockkit.Bold("Key set"), " by "+person(e)+": their credentials are encrypted to ", keyName(e.Key), " from now on.")
}

func keyName(fingerprint string) blockkit.Span {
	if fingerprint == "" {
		return blockkit.Plain("a key that could not be read")
	}
	return blockkit.Code(fingerprint)
}

// keyAuditText is the fallback of keyAudit.
func keyAuditText(e told) string {
	text := "Key " + e.KeyChange + " by " + person(e) + "."
	if e.KeyChange == string(broker.KeyRemoved) {
		text += " Their credentials go through Slack in clear from now on."
	}
	return text
}

// keyFailed says of whom a change failed, for Events that name no account.
func keyFailed(e told) []blockkit.Span {
	return blockkit.Line(blockkit.Bold("Failed"), " for "+person(e)+", a key to be "+e.KeyChange+": "+sentence(e))
}
