package app

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

func TestAnArchiveThatIsNotThereSaysWhatToDo(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "absent")
	_, _, err := archiveOf(config.Record{Archive: absent}, nil, tree.PublicKeys{}, "example.com/assumebot")
	if err == nil || !strings.Contains(err.Error(), absent) || !strings.Contains(err.Error(), "make it, so that the user whom the bot runs as can write there") {
		t.Errorf("got %v, want what to do", err)
	}
}
