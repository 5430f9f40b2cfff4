package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
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

	"github.com/assumebot/assumebot/store/storetest"
)

// A siem takes webhooks, each once, and checks their signatures.
type siem struct {
	*httptest.Server
	key []byte

	mu      sync.Mutex
	away    bool
	numbers []int64
	kinds   []string
}

func newSIEM(t *testing.T) *siem {
	s := &siem{key: bytes.Repeat([]byte{7}, 32)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *siem) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	mac := hmac.New(sha256.New, s.key)
	_, _ = fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp"), body)
	var events []struct {
		Metadata struct {
			Sequence int64  `json:"sequence"`
			Kind     string `json:"event_code"`
		} `json:"metadata"`
	}
	switch {
	case err != nil, s.away:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case r.Header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)):
		w.WriteHeader(http.StatusUnauthorized)
		return
	case json.Unmarshal(body, &events) != nil:
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, e := range events {
		if !slices.Contains(s.numbers, e.Metadata.Sequence) { // at least once
			s.numbers, s.kinds = append(s.numbers, e.Metadata.Sequence), append(s.kinds, e.Metadata.Kind)
		}
	}
}

// has reports whether it was told something of that kind, in order and without a gap.
func (s *siem) has(t *testing.T, kind string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, n := range s.numbers {
		if n != int64(i) {
			t.Fatalf("got entries %v, want each in its place", s.numbers)
		}
	}
	return slices.Contains(s.kinds, kind)
}

func (s *siem) goes(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// TestSinksAreToldTheWholeRecord also what was recorded while one was away, and after another
// replica has taken over.
func TestSinksAreToldTheWholeRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	to := newSIEM(t)
	w.env["SIEM_KEY"] = "whsec_" + base64.StdEncoding.EncodeToString(to.key)
	config := worldConfig + "record:\n  sinks:\n    - {name: disk, file: audit.jsonl}\n" +
		"    - {name: siem, webhook: " + to.URL + ", secret_env: SIEM_KEY, format: ocsf}\n"
	url := storetest.RealRedis(t)
	first := w.run(config, w.settingsOn(url))
	wantText(t, w.says("U01ALICE", "/assume", "open because INC-1"), "open is yours")
	w.await("what was granted", func() bool { return to.has(t, "granted") })
	to.goes(true)
	wantText(t, w.says("U02BOB", "/assume", "staging "+w.bob.Code()), "staging is yours")
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	to.goes(false)
	w.run(config, w.settingsOn(url))
	w.await("what came while it was away", func() bool {
		to.mu.Lock()
		defer to.mu.Unlock()
		return strings.Count(strings.Join(to.kinds, " "), "granted") >= 2
	})
	to.has(t, "granted")
	var lines [][]byte
	w.await("as much in the file", func() bool {
		data, err := os.ReadFile(filepath.Join(w.dir, "audit.jsonl"))
		lines = bytes.Split(bytes.TrimSpace(data), []byte("\n"))
		to.mu.Lock()
		defer to.mu.Unlock()
		return err == nil && len(lines) >= len(to.numbers)
	})
	for i, text := range lines {
		var line struct {
			Number int64           `json:"number"`
			Event  json.RawMessage `json:"event"`
		}
		if err := json.Unmarshal(text, &line); err != nil || line.Number != int64(i) || len(line.Event) == 0 {
			t.Errorf("got line %d: %s, %v", i, text, err)
		}
	}
}
