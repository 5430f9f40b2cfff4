package app

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

// A watched is a watcher of a file, with what it had the bot serve.
type watched struct {
	*watcher
	served []config.Config
}

// newWatched starts a watcher of path, which holds text.
func newWatched(t *testing.T, path, text string) *watched {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{URL: secret.New(store.Embedded)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	w := &watched{}
	w.watcher = &watcher{
		path:     path,
		done:     config.Read(path),
		check:    func(config.Config) error { return nil },
		serve:    func(c config.Config) { w.served = append(w.served, c) },
		log:      slog.New(slog.DiscardHandler),
		announce: newAnnouncer(st, storetest.NewReplica(t, st), time.Now, slog.New(slog.DiscardHandler)),
	}
	if err := w.start(t.Context(), parsed(t, text)); err != nil {
		t.Fatal(err)
	}
	return w
}

const (
	goodSlack = "slack: {workspaces: [T0123], audit_channel: C0AUDIT}\n"
	goodUsers = "users: [{slack: U01ALICE, name: alice, mfa_serial: 'arn:aws:iam::111111111111:mfa/alice', credentials: {profile: alice}}]\n"
	good      = goodSlack + goodUsers + "accounts: [{name: hub, allow: ['*']}]\n"
)

func parsed(t *testing.T, text string) config.Config {
	t.Helper()
	c, err := config.Parse("config.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWatcherTakesNoHalfWrittenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	write(t, path, good)
	w := newWatched(t, path, good)
	w.poll(t.Context())
	for _, half := range []string{"", goodSlack + goodUsers + "accounts: [{name: hub}]\n", goodSlack} {
		write(t, path, half)
		w.poll(t.Context())
	}
	write(t, path, good)
	for range 3 {
		w.poll(t.Context())
	}
	write(t, path, goodSlack) // seen once before, but not twice in a row
	w.poll(t.Context())
	if len(w.served) > 0 {
		t.Fatalf("got %v served, want nothing", w.served)
	}
	write(t, path, good+"contact: me\n")
	w.poll(t.Context())
	w.poll(t.Context())
	if len(w.served) != 1 || w.served[0].Broker.Contact != "me" {
		t.Errorf("got %v served, want the last", w.served)
	}
	events := w.announce.record.(storetest.Replica).Events(t)
	if len(events) != 1 || events[0].Kind != event.Config {
		t.Errorf("got %v on the record, want the last alone", events)
	}
}

func TestWatcherSeesWhatChangedBeforeItLookedFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	write(t, path, good+"contact: me\n") // the process began with another
	w := newWatched(t, path, good)
	w.poll(t.Context())
	w.poll(t.Context())
	if len(w.served) != 1 {
		t.Errorf("got %v served, want what is in the file", w.served)
	}
}

// TestWatcherLeavesAPipeAlone: it says everything once, so nothing of it is to be
// read again, and whoever opens it waits.
func TestWatcherLeavesAPipeAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWatched(t, path, good)
	look, reload := make(chan time.Time), make(chan os.Signal)
	w.look, w.reload = look, reload
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.run(ctx, func(context.Context) {}); close(ended) }()
	reload <- syscall.SIGHUP
	reload <- syscall.SIGHUP
	cancel()
	<-ended
	if len(w.served) > 0 {
		t.Errorf("got %v served, want nothing", w.served)
	}
}

func TestAnAnnouncementIsNotMadeWhileAnotherReplicaMakesOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	write(t, path, good)
	w := newWatched(t, path, good)
	st := w.announce.store
	if turn, err := st.Leases.HoldLease(t.Context(), configKnown, "another", time.Minute); turn == 0 || err != nil {
		t.Fatal(turn, err)
	}
	write(t, path, good+"contact: me\n")
	for range 4 {
		w.poll(t.Context())
	}
	if len(w.served) > 0 {
		t.Fatalf("got %v served, want the config from before", w.served)
	}
	if err := st.Leases.ReleaseLease(t.Context(), configKnown, "another"); err != nil {
		t.Fatal(err)
	}
	w.poll(t.Context())
	if len(w.served) != 1 {
		t.Errorf("got %v served, want the new config", w.served)
	}
}

// readableAgain stands for an Event without a change.
const readableAgain = "readable again"

// announcedChanges are what the record has of changes.
func announcedChanges(t *testing.T, w *watched) []string {
	t.Helper()
	var lines []string
	for _, e := range w.announce.record.(storetest.Replica).Events(t) {
		p, ok := e.Data.(event.ConfigData)
		if ok && len(p.Changes) == 0 {
			lines = append(lines, readableAgain)
		}
		lines = append(lines, event.Lines(p.Changes)...)
	}
	return lines
}

// TestARefusedFileLeavesWhatWasAnnounced, whoever announced it and also if it
// cannot be read: the next change is told by it, once.
func TestARefusedFileLeavesWhatWasAnnounced(t *testing.T) {
	const me = "contact none → \"me\""
	for name, test := range map[string]struct {
		before func(t *testing.T, w *watched)
		want   []string
	}{
		"by this replica": {func(*testing.T, *watched) {}, []string{me}},
		"by another, which is ahead": {func(t *testing.T, w *watched) {
			ahead := newAnnouncer(w.announce.store, w.announce.record, time.Now, slog.New(slog.DiscardHandler))
			if _, err := ahead.accept(t.Context(), parsed(t, good+"contact: me\n").Summary, w.watcher.served); err != nil {
				t.Fatal(err)
			}
		}, []string{me, readableAgain}},
		"unreadable": {func(t *testing.T, w *watched) {
			_, sealed, err := w.announce.store.Copies.LoadKnown(t.Context(), configKnown)
			if err != nil {
				t.Fatal(err)
			}
			if ok, err := w.announce.store.Copies.SwapKnown(t.Context(), configKnown, sealed, []byte("no JSON")); err != nil || !ok {
				t.Fatal(ok, err)
			}
		}, []string{me}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.yaml")
			write(t, path, good)
			w := newWatched(t, path, good)
			test.before(t, w)
			for _, text := range []string{goodSlack, good + "contact: me\n"} {
				write(t, path, text)
				w.poll(t.Context())
				w.poll(t.Context())
			}
			if diff := cmp.Diff(test.want, announcedChanges(t, w)); diff != "" {
				t.Errorf("changes on the record (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAStartWaitsForAnotherReplicaThatAnnounces, until it is told to stop.
func TestAStartWaitsForAnotherReplicaThatAnnounces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	write(t, path, good)
	w := newWatched(t, path, good)
	if turn, err := w.announce.store.Leases.HoldLease(t.Context(), configKnown, "another", time.Minute); turn == 0 || err != nil {
		t.Fatal(turn, err)
	}
	c := parsed(t, good)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.start(ctx, c) }()
	select {
	case err := <-ended:
		t.Fatalf("got %v before it was told to stop, want that it waits", err)
	case <-time.After(2 * startPause):
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("told to stop: %v", err)
	}
	if err := w.announce.store.Leases.ReleaseLease(t.Context(), configKnown, "another"); err != nil {
		t.Fatal(err)
	}
	if err := w.start(t.Context(), c); err != nil {
		t.Errorf("after the other: %v", err)
	}
}
