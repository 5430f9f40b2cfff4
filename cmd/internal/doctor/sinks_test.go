package doctor

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/cmd/internal/config"
)

// TestASinkIsReachedAndSentNothing.
func TestASinkIsReachedAndSentNothing(t *testing.T) {
	t.Parallel()
	asked := func(http.ResponseWriter, *http.Request) { t.Error("the webhook was sent a request") }
	plain, secure := httptest.NewServer(http.HandlerFunc(asked)), httptest.NewTLSServer(http.HandlerFunc(asked))
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = nil
	away := httptest.NewServer(http.HandlerFunc(asked))
	away.Close()
	dir := t.TempDir()
	p := Patient{Config: config.Config{Record: config.Record{Sinks: []config.Sink{
		{Name: "out", Stdout: true},
		{Name: "disk", File: filepath.Join(dir, "audit.jsonl")},
		{Name: "nowhere", File: filepath.Join(dir, "absent", "audit.jsonl")},
		{Name: "plain", Webhook: plain.URL + "/services/collector?token=secret-token"},
		{Name: "secure", Webhook: secure.URL},
		{Name: "away", Webhook: away.URL + "/secret-token"},
	}}}}
	found := p.sinks(t.Context())
	want(t, found, "record-sink", "out", OK, "standard output")
	want(t, found, "record-sink", "disk", OK, dir)
	want(t, found, "record-sink", "nowhere", Wrong, "no directory")
	want(t, found, "record-sink", "plain", OK, "nothing was sent")
	want(t, found, "record-sink", "secure", Wrong, "not trusted")
	want(t, found, "record-sink", "away", Wrong, "not reached")
	for _, f := range found {
		if strings.Contains(f.What+f.Do, "secret-token") {
			t.Errorf("got %+v, which tells what stands in the address", f)
		}
	}
	if got := (Patient{}).sinks(t.Context()); len(got) != 0 {
		t.Errorf("without sinks: got %+v", got)
	}
}
