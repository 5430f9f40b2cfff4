package e2e

import (
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/cmd/internal/telemetry"
	"github.com/assumebot/assumebot/store/storetest"
)

// watched has what is started from now on watched.
func (w *world) watched() {
	w.t.Helper()
	l, err := telemetry.Listen(w.t.Context(), telemetry.Options{
		Addr: netip.MustParseAddrPort("127.0.0.1:0"), Now: w.now, Log: slog.New(slog.NewJSONHandler(w.logs, nil)),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(l.Close)
	w.tele = l
}

// looksAt asks the listener for path.
func (w *world) looksAt(path string) (status int, body string) {
	w.t.Helper()
	r, err := http.Get("http://" + w.tele.Addr() + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return r.StatusCode, string(data)
}

// awaitLook waits until the listener answers with all of want, each a whole line.
func (w *world) awaitLook(path string, want ...string) {
	w.t.Helper()
	var body string
	w.await("all of "+strings.Join(want, ", ")+" at "+path, func() bool {
		_, body = w.looksAt(path)
		for _, line := range want {
			if !strings.Contains("\n"+body, "\n"+line+"\n") {
				return false
			}
		}
		return true
	})
}

// TestReadinessFollowsRedisAndTheEnd also shows that the listener outlives both.
func TestReadinessFollowsRedisAndTheEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.watched()
	redis := storetest.StartRedis(t)
	if status, body := w.looksAt("/readyz"); status != http.StatusServiceUnavailable || !strings.HasPrefix(body, "starting") {
		t.Errorf("got %d and %q, want that it starts", status, body)
	}
	r := w.run(worldConfig, w.settingsOn(redis.URL))
	w.awaitLook("/readyz", "ready")
	w.awaitLook("/metrics", "assumebot_ready 1", "assumebot_redis_up 1", "assumebot_sockets_open 2",
		`assumebot_access_key_rotation_failures_total{code="foreign_key"} 0`,
		`assumebot_lease_held{lease="record"} 1`, `assumebot_record_reader_lag_entries{reader="audit_channel"} 0`)
	redis.Stop()
	w.awaitLook("/readyz", "redis: it does not answer")
	if status, _ := w.looksAt("/healthz"); status != http.StatusOK {
		t.Errorf("/healthz: got %d, want 200: a restart would not help", status)
	}
	_ = r.stop()
	w.awaitLook("/readyz", "draining: it was told to stop", "slack: no socket is open")
}

// TestWhatPeopleDoIsCountedWhereAndHowItEnded also searches what is shown for IDs and names.
func TestWhatPeopleDoIsCountedWhereAndHowItEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.watched()
	w.start()
	w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	w.says("U01ALICE", "/assume", "help")
	w.says("U02BOB", "/assume", "prod "+w.bob.Code())
	w.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, LoseAnswer: true})
	w.says("U02BOB", "/assume", "staging "+w.bob.Code())
	w.acked(w.slack.OpenHome("U01ALICE"))
	w.awaitLook("/metrics",
		`assumebot_requests_total{outcome="granted",surface="command"} 1`,
		`assumebot_requests_total{outcome="told",surface="command"} 1`,
		`assumebot_requests_total{outcome="refused",surface="command"} 1`,
		`assumebot_requests_total{outcome="failed",surface="command"} 1`,
		`assumebot_requests_total{outcome="told",surface="home"} 1`,
		`assumebot_reply_duration_seconds_count{surface="command"} 4`,
		`assumebot_acknowledgement_duration_seconds_count{envelope="slash_commands"} 4`,
		`assumebot_aws_call_duration_seconds_count{operation="AssumeRole",result="ok"} 1`,
		`assumebot_aws_call_duration_seconds_count{operation="AssumeRole",result="lost"} 1`,
	)
	_, body := w.looksAt("/metrics")
	for _, private := range []string{"U01ALICE", "alice", "prod", "staging", "C0GENERAL", "T0123", "222222222222", "OnCall"} {
		if strings.Contains(body, private) {
			t.Errorf("/metrics holds %q", private)
		}
	}
	if !strings.Contains(body, `assumebot_redis_round_trip_duration_seconds_count{command="pipeline",result="ok"} `) {
		t.Error("no round trip to Redis was counted")
	}
}
