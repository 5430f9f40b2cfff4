package e2e

import (
	"fmt"
	"os"
	"testing"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

// TestWhatIsShownIsInTheArchiveThatIsRequired: once the archive is away nothing is shown.
func TestWhatIsShownIsInTheArchiveThatIsRequired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, _ := w.realRedis()
	dir := t.TempDir()
	r := w.run(worldConfig+fmt.Sprintf("record: {archive: %q, require: [archive]}\n", dir), settings)
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours")
	wantArchived(t, dir, settings, grantIn(t, r))
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	wantText(t, m, "the audit record could not be written")
	if len(m.Preformatted()) > 0 {
		t.Errorf("got %q, want nothing to copy", m.Preformatted())
	}
}

// TestABotThatIsToldToEndSignsAndArchivesWhatItWrote: it waits for no turn.
func TestABotThatIsToldToEndSignsAndArchivesWhatItWrote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, _ := w.realRedis()
	dir := t.TempDir()
	r := w.run(worldConfig+fmt.Sprintf("record: {archive: %q}\n", dir), settings)
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours")
	granted := grantIn(t, r)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	wantArchived(t, dir, settings, granted)
}

// grantIn is the number of the newest grant that a replica has read.
func grantIn(t *testing.T, r *replica) int64 {
	t.Helper()
	for n := r.Record.Size() - 1; n >= 0; n-- {
		if e, err := r.Record.Entry(t.Context(), n); err == nil && e.Kind == event.Granted {
			return n
		}
	}
	t.Fatal("there is no grant")
	return 0
}

// wantArchived wants the archive in dir to be right, with the entry of that number.
func wantArchived(t *testing.T, dir string, settings app.Settings, number int64) {
	t.Helper()
	objects, err := archive.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = objects.Close() }()
	source, err := audit.FromArchive(t.Context(), objects)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := settings.PublicKeys(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	found, err := audit.Verify(t.Context(), audit.Verification{Source: source, Keys: keys})
	if err != nil || len(found.Findings) > 0 || found.Signed <= number {
		t.Errorf("got %d entries in the archive, %v, %v, want entry %d among them", found.Signed, found.Findings, err, number)
	}
}
