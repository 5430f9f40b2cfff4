package sink

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/secret"
)

const origin = "example.com/assumebot"

// numbered is an entry of the record, encoded and decoded as a Follower has it.
func numbered(t *testing.T, n int64, p event.Payload) record.Followed {
	t.Helper()
	e := event.Event{
		ID: fmt.Sprintf("id%d", n), Time: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC), Request: "r1", Replica: "replica1",
		Actor: event.Actor{User: "U01ALICE", Team: "T0123", Name: "alice"}, Data: p,
	}
	leaf, aside, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if e, err = event.Decode(leaf, aside); err != nil {
		t.Fatal(err)
	}
	return record.Followed{Number: n, Event: e, Leaf: leaf}
}

func grants(t *testing.T, from, to int64) (all []record.Followed) {
	for n := from; n < to; n++ {
		all = append(all, numbered(t, n, event.GrantedData{Act: event.Act{Account: "prod", Reason: event.NewText(fmt.Sprintf("INC-%d <b>", n))}}))
	}
	return all
}

// read are the numbers of lines, each of which is whole.
func read(t *testing.T, data []byte) (numbers []int64) {
	t.Helper()
	for text := range bytes.Lines(data) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil || l.Origin != origin {
			t.Fatalf("got line %q: %v", text, err)
		}
		numbers = append(numbers, l.Number)
	}
	return numbers
}

// TestALineHasTheEntryAsItWasWritten: the bytes that the tree hashes, and what people
// wrote, but for what was erased; an entry that cannot be read says so.
func TestALineHasTheEntryAsItWasWritten(t *testing.T) {
	e := grants(t, 7, 8)[0]
	out, err := lineOf(origin, e)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(out, append([]byte(`"event":`), e.Leaf...)) || !bytes.Contains(out, []byte(`INC-7 <b>`)) || bytes.Count(out, []byte("\n")) != 1 {
		t.Errorf("got %s, want the leaf as it is, and the reason", out)
	}
	if e.Event, err = event.Decode(e.Leaf, nil); err != nil {
		t.Fatal(err)
	}
	if out, _ = lineOf(origin, e); bytes.Contains(out, []byte("INC")) || bytes.Contains(out, []byte("texts")) {
		t.Errorf("got %s, want no reason once it was erased", out)
	}
	out, err = lineOf(origin, record.Followed{Number: 9, Broken: "its MAC is wrong"})
	if err != nil || string(out) != `{"origin":"example.com/assumebot","number":9,"broken":"its MAC is wrong"}`+"\n" {
		t.Errorf("got %s, %v", out, err)
	}
}

// TestAFileHasWholeLinesThroughCrashesAndRotation.
func TestAFileHasWholeLinesThroughCrashesAndRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	f := File{Origin: origin, Path: path, Size: 2000, Keep: 2}
	take := func(from, to int64) {
		t.Helper()
		if got, err := f.Take(t.Context(), grants(t, from, to)); err != nil || got.Count != int(to-from) {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
	content := func(name string) []byte {
		t.Helper()
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	take(0, 3)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v; want a file for the bot alone", info.Mode(), err)
	}
	whole := content(path)
	if err := os.WriteFile(path, append(whole, `{"origin":"example.com/ass`...), 0o644); err != nil { // a crash, and a wider mode
		t.Fatal(err)
	}
	take(3, 10)
	if got := read(t, content(path)); !slices.Equal(got, upTo(0, 10)) {
		t.Errorf("got %v after a crash, want 0 to 9", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v; want a file for the bot alone again", info.Mode(), err)
	}
	for n := int64(10); n < 40; n += 10 {
		take(n, n+10)
	}
	for name, want := range map[string][]int64{path: upTo(30, 40), path + ".1": upTo(20, 30), path + ".2": upTo(10, 20)} {
		if got := read(t, content(name)); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", filepath.Base(name), got, want)
		}
	}
	if _, err := os.Stat(path + ".3"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want no more files than are kept", err)
	}
}

// TestAFileOfSomebodyElseIsLeftAsItIs, also one that a link names.
func TestAFileOfSomebodyElseIsLeftAsItIs(t *testing.T) {
	dir := t.TempDir()
	notes := filepath.Join(dir, "notes.txt")
	const mine = "buy milk\nand bread"
	if err := os.WriteFile(notes, []byte(mine), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(notes, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{notes, link, dir, filepath.Join(dir, "absent", "x")} {
		got, err := File{Origin: origin, Path: path, Size: 2000, Keep: 2}.Take(t.Context(), grants(t, 0, 1))
		if err == nil || got.Count != 0 {
			t.Errorf("%s: got %+v, %v; want an error", path, got, err)
		}
	}
	if data, err := os.ReadFile(notes); err != nil || string(data) != mine {
		t.Errorf("got %q, %v; want it as it was", data, err)
	}
}

type brokenPipe struct{ left int }

func (w *brokenPipe) Write(p []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, errors.New("the pipe is closed")
	}
	return len(p), nil
}

// TestAStreamThatBreaksIsToldTheRestAgain.
func TestAStreamThatBreaksIsToldTheRestAgain(t *testing.T) {
	got, err := (&Stream{Origin: origin, To: &brokenPipe{left: 3}}).Take(t.Context(), grants(t, 0, 5))
	if err == nil || got.Count != 3 {
		t.Errorf("got %+v, %v; want the three that were written", got, err)
	}
}

// A receiver takes webhooks, and checks their signatures.
type receiver struct {
	*httptest.Server
	key []byte

	mu     sync.Mutex
	got    []int64
	bodies [][]byte
	ids    []string
	answer func(numbers []int64) int // 0: 204
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{key: bytes.Repeat([]byte{7}, 32)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	mac := hmac.New(sha256.New, r.key)
	mac.Write([]byte(q.Header.Get("webhook-id") + "." + q.Header.Get("webhook-timestamp") + "."))
	mac.Write(body)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); q.Header.Get("webhook-signature") != want {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var lines []struct {
		Number   *int64 `json:"number"`
		Metadata struct {
			Sequence int64 `json:"sequence"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(body, &lines); err != nil || q.Method != http.MethodPost {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	var numbers []int64
	for _, l := range lines {
		if l.Number == nil {
			l.Number = &l.Metadata.Sequence
		}
		numbers = append(numbers, *l.Number)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	status := 0
	if r.answer != nil {
		status = r.answer(numbers)
	}
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "30")
	}
	if status == http.StatusFound {
		w.Header().Set("Location", "/elsewhere")
	}
	if status > 299 {
		w.WriteHeader(status)
		return
	}
	r.got, r.bodies, r.ids = append(r.got, numbers...), append(r.bodies, body), append(r.ids, q.Header.Get("webhook-id"))
	w.WriteHeader(http.StatusNoContent)
}

func (r *receiver) webhook() Webhook {
	return Webhook{
		Name: "siem", Origin: origin, URL: r.URL + "/hook?token=hidden", Key: secret.New("whsec_" + base64.StdEncoding.EncodeToString(r.key)),
		Client: NewWebhookClient(), Now: time.Now,
	}
}

// TestAWebhookIsSignedAndHasEveryEntry.
func TestAWebhookIsSignedAndHasEveryEntry(t *testing.T) {
	r := newReceiver(t)
	if got, err := r.webhook().Take(t.Context(), grants(t, 0, 50)); err != nil || got.Count != 50 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if !slices.Equal(r.got, upTo(0, 50)) || !slices.Equal(r.ids, []string{"siem-0-49"}) {
		t.Errorf("got %v in messages %v, want 0 to 49 in one", r.got, r.ids)
	}
	long := numbered(t, 50, event.GrantedData{Act: event.Act{Account: "prod", Reason: event.NewText(strings.Repeat("é", event.MaxText))}})
	var many []record.Followed
	for n := range int64(300) {
		long.Number = 50 + n
		many = append(many, long)
	}
	if got, err := r.webhook().Take(t.Context(), many); err != nil || got.Count != 300 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if !slices.Equal(r.got, upTo(0, 350)) || len(r.bodies) < 3 {
		t.Errorf("got %d entries in %d messages, want 350 in some", len(r.got), len(r.bodies))
	}
	for _, body := range r.bodies {
		if len(body) > bodyMost+1 {
			t.Errorf("got a message of %d bytes, want at most %d", len(body), bodyMost)
		}
	}
}

// TestAWebhookThatRefusesAnEntryIsSentTheOthers: what finds fault with a message costs that
// entry alone; what else it answers comes again.
func TestAWebhookThatRefusesAnEntryIsSentTheOthers(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity} {
		r := newReceiver(t)
		r.answer = func(numbers []int64) int {
			if slices.Contains(numbers, 17) || slices.Contains(numbers, 18) {
				return status
			}
			return 0
		}
		got, err := r.webhook().Take(t.Context(), grants(t, 0, 50))
		if err != nil || got.Count != 50 || !slices.Equal(got.Refused, []int64{17, 18}) {
			t.Errorf("%d: got %+v, %v; want 17 and 18 refused", status, got, err)
		}
		if want := slices.Concat(upTo(0, 17), upTo(19, 50)); !slices.Equal(r.got, want) {
			t.Errorf("%d: got %v, want all others in order", status, r.got)
		}
	}
	for _, status := range []int{302, 401, 403, 404, 408, 410, 429, 500, 503} {
		r := newReceiver(t)
		r.answer = func([]int64) int { return status }
		got, err := r.webhook().Take(t.Context(), grants(t, 0, 5))
		if err == nil || got.Count != 0 || got.Refused != nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%d: got %+v, %v; want an error without the address, and nothing given up", status, got, err)
		}
	}
	r := newReceiver(t)
	r.Close()
	if got, err := r.webhook().Take(t.Context(), grants(t, 0, 5)); err == nil || got.Count != 0 || strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %+v, %v; want an error without the address", got, err)
	}
	r = newReceiver(t)
	w := r.webhook()
	w.Key = secret.New("c2hvcnQ=")
	if _, err := w.Take(t.Context(), grants(t, 0, 5)); err == nil || !strings.Contains(err.Error(), "openssl") {
		t.Errorf("got %v, want what makes a key", err)
	}
}

func TestAnAddressOfAWebhookIsNoRisk(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://siem.example/x?y=z": true, "http://127.0.0.1:9/x": true, "http://siem.example": false, "ftp://siem.example": false,
		"https://": false, "siem.example": false, "https://user:pw@siem.example": false, "": false, "https://a b": false,
	} {
		if err := CheckURL(address); (err == nil) != ok || err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("%q: got %v", address, err)
		}
	}
}

// alarmed runs a Follower whose alarms are kept.
func alarmed(s *shelf, k Sink) (alarms func() []event.AlarmData, stop func()) {
	var (
		mu  sync.Mutex
		all []event.AlarmData
	)
	f := New(Deps{Name: "siem", Sink: k, Record: s, Cursors: s, Leases: s, Log: discard, Alarm: func(_ context.Context, a event.AlarmData) error {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, a)
		return nil
	}})
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { f.Run(ctx) })
	return func() []event.AlarmData {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(all)
		}, func() {
			cancel()
			run.Wait()
		}
}

// picky refuses every entry, and says so.
type picky struct{}

func (picky) Take(_ context.Context, entries []record.Followed) (t Taken, _ error) {
	for _, e := range entries {
		t.add(Taken{1, []int64{e.Number}})
	}
	return t, nil
}

// TestWhatIsWrongWithASinkIsAnAlarm: that it is away, once; that it is back, once; what it
// refuses, once an hour, and what is gone.
func TestWhatIsWrongWithASinkIsAnAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, k := &shelf{entries: 3}, &taker{fail: errors.New("away")}
		alarms, stop := alarmed(s, k)
		defer stop()
		pass(9 * time.Minute)
		if got := alarms(); len(got) != 0 {
			t.Errorf("got %v, want none yet", got)
		}
		pass(51 * time.Minute)
		if got := alarms(); len(got) != 1 || got[0].Code != "sink_away" || got[0].About != "siem" {
			t.Errorf("got %v, want that it is away, once", got)
		}
		k.mu.Lock()
		k.most = 50
		k.mu.Unlock()
		pass(time.Minute)
		if got := alarms(); len(got) != 2 || got[1].Code != "sink_back" {
			t.Errorf("got %v, want that it is back, once", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{entries: 3}
		alarms, stop := alarmed(s, picky{})
		defer stop()
		for range 130 {
			pass(time.Minute)
			s.mu.Lock()
			s.entries++
			s.mu.Unlock()
		}
		got := alarms()
		if len(got) != 3 || got[0].Code != "sink_refused" || *got[0].Entries != (event.Range{First: 0, Count: 3}) || got[1].Entries.First != 3 {
			t.Errorf("got %+v, want one for the first three, and one for each hour after", got)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{entries: 9, gone: 4}
		alarms, stop := alarmed(s, &taker{most: 50})
		defer stop()
		pass(time.Minute)
		if got := alarms(); len(got) != 1 || got[0].Code != "sink_missed" || *got[0].Entries != (event.Range{First: 0, Count: 4}) {
			t.Errorf("got %+v, want that the first four are gone", got)
		}
	})
}

// TestASinkThatIsGivenUpHoldsNothingBack: the record need not keep for ever what nobody takes.
func TestASinkThatIsGivenUpHoldsNothingBack(t *testing.T) {
	for state, want := range map[string]bool{
		`{"next":5,"moved":"2026-07-01T00:00:00Z","away":true}`:                    false,
		`{"next":5,"moved":"2026-07-01T00:00:00Z"}`:                                true, // nothing was to be told
		`{"next":5,"moved":"` + time.Now().Format(time.RFC3339) + `","away":true}`: true,
	} {
		s := &shelf{state: []byte(state)}
		got, err := New(Deps{Name: "siem", Cursors: s, Leases: s, Log: discard}).Needed(t.Context())
		if err != nil || (got == 5) != want {
			t.Errorf("%s: got %d, %v", state, got, err)
		}
	}
}
