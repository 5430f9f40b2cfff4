package form

import (
	"embed"
	"encoding/json"

	"github.com/assumebot/assumebot/bot/blockkit"
)

//go:embed testdata/messages/view_deny.golden testdata/messages/view_form_account.golden testdata/messages/view_form_refused.golden
//go:embed testdata/messages/view_form.golden testdata/messages/view_use_approval_refused.golden testdata/messages/view_working.golden
var samples embed.FS

// Samples are forms, by name: golden files, which tests hold to what is rendered. Every
// shape of block and element that a form has is in one of them.
func Samples() (map[string]json.RawMessage, error) { return blockkit.Samples(samples) }
