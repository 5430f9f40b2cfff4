package message

import (
	"embed"
	"encoding/json"

	"github.com/assumebot/assumebot/bot/blockkit"
)

//go:embed testdata/messages/accounts.golden testdata/messages/admin_help.golden testdata/messages/admin_paused.golden
//go:embed testdata/messages/admin_revoked_many.golden testdata/messages/admin_who_many.golden testdata/messages/again_console.golden
//go:embed testdata/messages/approval_asked.golden testdata/messages/approval_cancel.golden testdata/messages/approval_glass_waiting.golden
//go:embed testdata/messages/approval_people.golden testdata/messages/approval_waiting.golden testdata/messages/buckets_many.golden
//go:embed testdata/messages/buckets_search.golden testdata/messages/console.golden testdata/messages/dm_issued.golden testdata/messages/dm_placeholder.golden
//go:embed testdata/messages/ended.golden testdata/messages/error_ours.golden testdata/messages/explain_approval.golden
//go:embed testdata/messages/help_more.golden testdata/messages/history.golden
//go:embed testdata/messages/issued.golden testdata/messages/issued_own.golden testdata/messages/key_registered.golden testdata/messages/mfa_begun.golden
//go:embed testdata/messages/mfa_status.golden testdata/messages/reminder.golden testdata/messages/revoked.golden testdata/messages/sealed_age.golden
//go:embed testdata/messages/sessions_revocable.golden testdata/messages/undelivered.golden testdata/messages/whoami.golden
var samples embed.FS

// Samples are the blocks of messages, by name: golden files, which tests hold to what is
// rendered. Every shape of block and element that a message has is in one of them.
func Samples() (map[string]json.RawMessage, error) { return blockkit.Samples(samples) }
