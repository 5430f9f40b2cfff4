package store_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/store/storetest"
)

// TestALossThatIsAcceptedIsGoneOnFrom has two replicas whose Redis lost what nobody has any
// more, and the record opened anew below them.
func TestALossThatIsAcceptedIsGoneOnFrom(t *testing.T) {
	t.Parallel()
	url := storetest.RealRedis(t)
	rdb := storetest.Raw(t, url)
	const name = "example.com/record"
	private, _, err := tree.NewKey(name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := tree.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	public, err := signer.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	a := recordOn(t, url, "a")
	blocked := refused()
	blocked.Data = event.BlockedData{Order: event.Order{Target: event.Person{ID: "UBOB"}}}
	if _, err := a.Record(t.Context(), blocked); err != nil {
		t.Fatal(err)
	}
	put(t, a, 5)
	if err := rdb.XDel(t.Context(), "assumebot:{record}:entries", "6-0").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Record(t.Context(), refused()); !errors.Is(err, record.ErrStopped) {
		t.Fatalf("got %v, want that Redis does not take back what was removed from it", err)
	}
	b := recordOn(t, url, "b") // reads what is left, and is not told
	storetest.Eventually(t, 20*time.Second, "it has read it", func() bool { return b.Size() == 5 })

	s := mustOpen(t, url)
	accepted, err := record.Accept(t.Context(), record.Acceptance{
		Logs:        s.Log,
		Entries:     s.Log,
		Checkpoints: s.Checkpoints,
		Keys:        s.LogKeys,
		Public:      public,
		By:          "carol",
		Lost:        event.Range{First: 5, Count: 1},
		Now:         time.Now,
		Log:         slog.New(slog.DiscardHandler),
	})
	if err != nil || accepted.Origin != name+"/2" {
		t.Fatalf("got %+v, %v", accepted, err)
	}
	if _, err := b.Record(t.Context(), refused()); !errors.Is(err, entry.ErrForeign) || !errors.Is(err, record.ErrStopped) {
		t.Errorf("a replica that runs: got %v, want that it has stopped", err)
	}
	origin, err := record.CurrentOrigin(t.Context(), s.Log, name)
	if err != nil || origin != accepted.Origin {
		t.Fatalf("got the origin %q, %v", origin, err)
	}
	next := recordOf(t, url, origin, "c")
	put(t, next, 2)
	if block, _ := next.Orders("UBOB"); block == nil {
		t.Error("the block is gone")
	}
	old, checkpoints := s.Closed(1)
	if first, n, err := audit.FromStore(old, checkpoints).Bounds(t.Context()); first != 0 || n != 5 || err != nil {
		t.Errorf("the closed log: got %d, %d, %v", first, n, err)
	}
}
