package weekly

import (
	"embed"
	"encoding/json"

	"github.com/assumebot/assumebot/bot/blockkit"
)

//go:embed testdata/messages/weekly.golden testdata/messages/weekly_late.golden
var samples embed.FS

// Samples are the blocks of summaries, by name: golden files, which tests hold to what is
// rendered.
func Samples() (map[string]json.RawMessage, error) { return blockkit.Samples(samples) }
