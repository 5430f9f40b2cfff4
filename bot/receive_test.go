package bot

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/socketmode"
)

// TestWhatCannotBeAcknowledgedIsNotServed: whoever acted is told by Slack that it
// failed, or Slack sends it again.
func TestWhatCannotBeAcknowledgedIsNotServed(t *testing.T) {
	for _, kind := range []string{"slash_commands", "events_api", "interactive"} {
		var log bytes.Buffer
		b := goldenBot()
		b.ctx, b.log, b.sweeper = t.Context(), slog.New(slog.NewTextHandler(&log, nil)), newSweeper(func() {})
		b.intake.receive(socketmode.Envelope{ID: "1", Kind: kind}) // of no socket
		b.intake.turns.Wait()
		if got := log.String(); !strings.Contains(got, "not acknowledged") || strings.Contains(got, "not understood") {
			t.Errorf("%s: got log %q, want that it was not acknowledged, and that nobody read it", kind, got)
		}
	}
}
