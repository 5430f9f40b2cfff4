package telemetry

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/watch"
	"github.com/assumebot/assumebot/cmd/internal/telemetry/otlptest"
)

// openTraces has traces go to r by the standard variables, so it is no parallel test.
func openTraces(t *testing.T, r *otlptest.Receiver, log *slog.Logger, env map[string]string) *Traces {
	t.Helper()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.URL)
	for name, value := range env {
		t.Setenv(name, value)
	}
	traces, err := OpenTraces(t.Context(), TraceOptions{Version: "v1.2.3", Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(traces.Close)
	return traces
}

func (t *Traces) visit(ctx context.Context, ref string) {
	ctx, span := t.Begin(watch.Traced(ctx, t), time.Time{}, watch.Taken, "visit command", []watch.Fact{{Key: watch.FactRef, Value: ref}})
	_, call := watch.Call(ctx, "AssumeRole")
	call.End(true, watch.WhyNot(watch.Lost))
	span.End(false, watch.Fact{Key: watch.FactOutcome, Value: "granted"})
}

func TestSpansArriveAsATreeAndSayWhoSendsThem(t *testing.T) {
	r := otlptest.Start(t)
	traces := openTraces(t, r, slog.New(slog.DiscardHandler), map[string]string{
		"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=staging,service.version=mine", "OTEL_SERVICE_NAME": "the-bot",
	})
	traces.visit(t.Context(), "abcdefgh")
	traces.Close()
	want := []*otlptest.Span{{
		Name: "visit command", Facts: map[string]string{"assumebot.ref": "abcdefgh", "assumebot.outcome": "granted"},
		Below: []*otlptest.Span{{Name: "AssumeRole", Facts: map[string]string{"error.type": "lost"}, Error: true}},
	}}
	if diff := cmp.Diff(want, r.Tree(), cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".began" }, cmp.Ignore())); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	for key, want := range map[string]string{"service.name": "the-bot", "service.version": "mine", "deployment.environment.name": "staging"} {
		if got := r.Resource()[key]; got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
}

func TestASamplerThatTakesNothingSendsNothing(t *testing.T) {
	r := otlptest.Start(t)
	traces := openTraces(t, r, slog.New(slog.DiscardHandler), map[string]string{"OTEL_TRACES_SAMPLER": "always_off"})
	traces.visit(t.Context(), "abcdefgh")
	traces.Close()
	if got := r.Tree(); len(got) > 0 {
		t.Errorf("got %d spans, want none", len(got))
	}
}

// TestACollectorThatStandsStillHoldsUpNobody ends far more spans than there is room for: all
// that is waited for is that they are counted.
func TestACollectorThatStandsStillHoldsUpNobody(t *testing.T) {
	r := otlptest.Start(t)
	asked, release := make(chan struct{}, 1), make(chan struct{})
	r.Answer(func(_ http.ResponseWriter, q *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		select {
		case <-release:
		case <-q.Context().Done():
		}
	})
	defer close(release)
	traces := openTraces(t, r, slog.New(slog.DiscardHandler), map[string]string{
		"OTEL_BSP_MAX_QUEUE_SIZE": "16", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "8", "OTEL_EXPORTER_OTLP_TIMEOUT": "100",
	})
	for range 8 {
		traces.visit(t.Context(), "abcdefgh")
	}
	<-asked // a batch is on its way, and does not get there
	for range 1000 {
		traces.visit(t.Context(), "abcdefgh")
	}
	if waiting, dropped := traces.waiting.Load(), traces.dropped.Load(); waiting > 16 || dropped < 2*1008-2*16-16 {
		t.Errorf("got %d waiting and %d dropped, want at most 16 and the rest", waiting, dropped)
	}
}

func TestACollectorThatRefusesIsLoggedOnceWithoutItsAddress(t *testing.T) {
	r := otlptest.Start(t)
	r.Answer(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) })
	var log bytes.Buffer
	traces := openTraces(t, r, slog.New(slog.NewTextHandler(&log, nil)), map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "authorization=canary"})
	for range 3 {
		traces.visit(t.Context(), "abcdefgh")
		_ = traces.ForceFlush(t.Context())
	}
	if got := traces.failed.Load(); got != 6 {
		t.Errorf("got %d failed, want all 6", got)
	}
	if n := strings.Count(log.String(), "traces do not arrive"); n != 1 || strings.Contains(log.String(), "canary") {
		t.Errorf("got %s, want one line without secrets", log.String())
	}
}

// TestWhatAHostileCollectorSaysIsNotLogged has one repeat a header in what it answers, at
// length, below an address that is a key itself.
func TestWhatAHostileCollectorSaysIsNotLogged(t *testing.T) {
	for answer, want := range map[int]string{
		http.StatusForbidden:          "the collector answers 403",
		http.StatusServiceUnavailable: "cannot take them now",
	} {
		r := otlptest.Start(t)
		r.Answer(func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("Retry-After", "3600")
			http.Error(w, q.Header.Get("Authorization")+strings.Repeat("body: failed to send to x: 200 ", 1<<15), answer)
		})
		var log bytes.Buffer
		traces := openTraces(t, r, slog.New(slog.NewTextHandler(&log, nil)), map[string]string{
			"OTEL_EXPORTER_OTLP_HEADERS": "authorization=canary", "OTEL_EXPORTER_OTLP_ENDPOINT": r.URL + "/canary",
		})
		traces.visit(t.Context(), "abcdefgh")
		traces.Close()
		if got := log.String(); strings.Contains(got, "canary") || len(got) > 1000 || !strings.Contains(got, want) {
			t.Errorf("%d: got %d bytes, %.300s, want %q without secrets", answer, len(got), got, want)
		}
	}
}

func TestACollectorCannotSendElsewhere(t *testing.T) {
	for _, answer := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
		r, other := otlptest.Start(t), make(chan struct{}, 1)
		r.Answer(func(w http.ResponseWriter, q *http.Request) {
			if q.URL.Path == "/other" {
				other <- struct{}{}
				return
			}
			http.Redirect(w, q, "/other", answer)
		})
		var log bytes.Buffer
		traces := openTraces(t, r, slog.New(slog.NewTextHandler(&log, nil)), nil)
		traces.visit(t.Context(), "abcdefgh")
		traces.Close()
		if len(other) > 0 || traces.failed.Load() != 2 || !strings.Contains(log.String(), "sends elsewhere") {
			t.Errorf("%d: got %d failed and %s, want that it is not followed", answer, traces.failed.Load(), log.String())
		}
	}
}

func TestNothingIsTracedUnderAContextWithoutATracer(t *testing.T) {
	t.Parallel()
	ctx, span := watch.Step(t.Context(), "attempt")
	if span.End(true); ctx != t.Context() {
		t.Error("got another context, want the same")
	}
	if got := watch.Traced(t.Context(), nil); got != t.Context() {
		t.Error("got another context for no tracer, want the same")
	}
}

// TestSizesThatNobodyCanMeanAreTheUsualOnes: the SDK ends the process of a negative one.
func TestSizesThatNobodyCanMeanAreTheUsualOnes(t *testing.T) {
	for value, want := range map[string]int64{
		"-1": usualQueue, "0": usualQueue, "many": usualQueue, "99999999999999999999": usualQueue, "9999999": mostQueue, "3": 3,
	} {
		t.Run(value, func(t *testing.T) {
			r := otlptest.Start(t)
			traces := openTraces(t, r, slog.New(slog.DiscardHandler), map[string]string{queueSize: value, batchSize: value})
			traces.visit(t.Context(), "abcdefgh")
			if err := traces.ForceFlush(t.Context()); err != nil || traces.most != want {
				t.Errorf("got room for %d, %v, want %d", traces.most, err, want)
			}
		})
	}
}
