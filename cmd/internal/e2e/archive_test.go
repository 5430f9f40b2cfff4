package e2e

import (
	"fmt"
	"os"
	"testing"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
)

// TestWhatIsShownIsInTheArchiveThatIsRequired: once the archive is away nothing is shown.
func TestWhatIsShownIsInTheArchiveThatIsRequired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	settings, _ := w.realRedis()
	dir := t.TempDir()
	r := w.run(worldConfig+fmt.Sprintf("record: {archive: %q, require: [archive]}\n", dir), settings)
	wantText(t, w.says("U01ALICE", "/assume", "open"), "open is yours")
	granted := int64(-1)
	for n := range r.Record.Size() {
		if e, err := r.Record.Entry(t.Context(), n); err == nil && e.Kind == event.Granted {
			granted = n
		}
	}
	objects, err := record.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = objects.Close() }()
	source, err := record.FromArchive(t.Context(), objects)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := settings.PublicKeys(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	found, err := record.Verify(t.Context(), record.Verification{Source: source, Keys: keys})
	if err != nil || len(found.Findings) > 0 || granted < 0 || found.Signed <= granted {
		t.Errorf("got %d entries in the archive, %v, %v, want the grant, entry %d, among them", found.Signed, found.Findings, err, granted)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	m := w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	wantText(t, m, "the audit record could not be written")
	if len(m.Preformatted()) > 0 {
		t.Errorf("got %q, want nothing to copy", m.Preformatted())
	}
}
