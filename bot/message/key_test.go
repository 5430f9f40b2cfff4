package message

import (
	"errors"
	"regexp"
	"testing"

	"filippo.io/age/armor"
	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
)

// sealedMessages are the messages of sealed delivery, for the golden files.
func sealedMessages(t *testing.T) map[string]blockkit.Message {
	t.Helper()
	v := goldenVoice()
	ageKey, sshKey := exampleKey(t, snippettest.ExampleAge), exampleKey(t, snippettest.ExampleSSH)
	all := map[string]blockkit.Message{}
	for name, sealed := range map[string]struct {
		f   snippet.Format
		key secret.PublicKey
		mfa bool
	}{
		"sealed": {"", sshKey, true}, "sealed_age": {snippet.Bash, ageKey, true}, "sealed_fish": {snippet.Fish, sshKey, true},
		"sealed_powershell": {snippet.PowerShell, sshKey, true}, "sealed_cmd": {snippet.Cmd, sshKey, true}, "sealed_dotenv": {snippet.Dotenv, sshKey, true},
		"sealed_profile": {snippet.Profile, ageKey, true}, "sealed_json": {snippet.JSON, sshKey, true}, "sealed_without": {snippet.Bash, sshKey, false},
	} {
		i := goldenIssued(sealed.mfa)
		i.Sealing = secret.SealedTo(sealed.key)
		m, err := Issued(v, i, sealed.f)
		must(t, err)
		all[name] = withFixedBlock(m)
	}
	for name, status := range map[string]broker.KeyStatus{
		"key_none": {}, "key_required": {Required: true}, "key_unreadable": {Unreadable: true},
		"key_config": {Key: ageKey, FromConfig: true}, "key_registered": {Key: sshKey, Set: goldenTime},
		"key_registered_in_vain": {Key: sshKey, Set: goldenTime, Required: true},
	} {
		all[name] = Key(v, status)
	}
	for change, changed := range map[broker.KeyChange]broker.ChangedKey{
		broker.KeySet: {Key: sshKey}, broker.KeyReplaced: {Key: ageKey, Previous: sshKey}, broker.KeyRemoved: {Previous: sshKey},
	} {
		changed.Change, changed.At = change, goldenTime
		all["key_"+string(change)], all["key_"+string(change)+"_notice"] = KeyChanged(v, changed), KeyNotice(changed)
	}
	var pasted *broker.Error
	if errors.As(snippet.PrivateKeyError(), &pasted) {
		all["error_private_key"] = v.Error(pasted)
	}
	return all
}

var armored = regexp.MustCompile(`(?s)` + armor.Header + `\n.*\n` + armor.Footer)

// withFixedBlock replaces ciphertext, which is another each time.
func withFixedBlock(m blockkit.Message) blockkit.Message {
	for _, block := range m.Blocks {
		rich, ok := block.(*slack.RichTextBlock)
		if !ok {
			continue
		}
		for _, element := range rich.Elements {
			if p, ok := element.(*slack.RichTextPreformatted); ok {
				text := p.Elements[0].(*slack.RichTextSectionTextElement)
				text.Text = armored.ReplaceAllString(text.Text, armor.Header+"\nY2lwaGVydGV4dA==\n"+armor.Footer)
			}
		}
	}
	return m
}
