package auditchannel

import (
	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
)

// keyAudit is how the audit channel tells of a changed key.
func keyAudit(e broker.Event) []blockkit.Span {
	switch e.KeyChange {
	case broker.KeyRemoved:
		return []blockkit.Span{blockkit.Bold("Key removed"),
			blockkit.Plain(" by " + person(e) + ": their credentials go through Slack in clear from now on. It was "), keyName(e.PreviousKey), blockkit.Plain(".")}
	case broker.KeyReplaced:
		return []blockkit.Span{blockkit.Bold("Key replaced"), blockkit.Plain(" by " + person(e) + ": their credentials are encrypted to "), keyName(e.Key),
			blockkit.Plain(" instead of "), keyName(e.PreviousKey), blockkit.Plain(".")}
	}
	return []blockkit.Span{blockkit.Bold("Key set"), blockkit.Plain(" by " + person(e) + ": their credentials are encrypted to "), keyName(e.Key),
		blockkit.Plain(" from now on.")}
}

func keyName(fingerprint string) blockkit.Span {
	if fingerprint == "" {
		return blockkit.Plain("a key that could not be read")
	}
	return blockkit.Code(fingerprint)
}

// keyAuditText is the fallback of keyAudit.
func keyAuditText(e broker.Event) string {
	text := "Key " + string(e.KeyChange) + " by " + person(e) + "."
	if e.KeyChange == broker.KeyRemoved {
		text += " Their credentials go through Slack in clear from now on."
	}
	return text
}

// keyFailed says of whom a change failed, for Events that name no account.
func keyFailed(e broker.Event) []blockkit.Span {
	return append([]blockkit.Span{blockkit.Bold("Failed")},
		blockkit.Plain(" for "+person(e)+", a key to be "+string(e.KeyChange)+": "+e.Message))
}
