package auditchannel

import (
	"embed"
	"encoding/json"

	"github.com/assumebot/assumebot/bot/blockkit"
)

//go:embed testdata/messages/audit_admin_revoked.golden testdata/messages/audit_approval_granted.golden testdata/messages/audit_broken.golden
//go:embed testdata/messages/audit_digest.golden testdata/messages/audit_config_many.golden
//go:embed testdata/messages/audit_folded.golden testdata/messages/audit_granted.golden
//go:embed testdata/messages/audit_key_replaced.golden testdata/messages/audit_mfa_begun.golden testdata/messages/audit_record_opened.golden
//go:embed testdata/messages/audit_refused.golden testdata/messages/audit_stopped.golden
var samples embed.FS

// Samples are the blocks of posts, by name: golden files, which tests hold to what is
// rendered. Every shape of block and element that a post has is in one of them.
func Samples() (map[string]json.RawMessage, error) { return blockkit.Samples(samples) }
