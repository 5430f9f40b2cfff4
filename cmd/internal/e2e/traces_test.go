package e2e

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/cmd/internal/telemetry"
	"github.com/assumebot/assumebot/cmd/internal/telemetry/otlptest"
	"github.com/assumebot/assumebot/store/storetest"
)

// traced has what is started from now on traced; what came so far is read with told.
func (w *world) traced() (told func() *otlptest.Receiver) {
	w.t.Helper()
	r := otlptest.Start(w.t)
	traces, err := telemetry.OpenTraces(w.t.Context(), telemetry.TraceOptions{
		Endpoint: r.URL + "/v1/traces", Log: slog.New(slog.NewJSONHandler(w.logs, nil)),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(traces.Close)
	w.trace = traces
	return func() *otlptest.Receiver {
		w.t.Helper()
		if err := traces.ForceFlush(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		return r
	}
}

// ended waits until n Visits have ended, and returns them.
func ended(w *world, told func() *otlptest.Receiver, n int) (visits []*otlptest.Span) {
	w.t.Helper()
	w.await("the ends of what was asked", func() bool {
		visits = slices.DeleteFunc(told().Tree(), func(s *otlptest.Span) bool { return !strings.HasPrefix(s.Name, "visit ") })
		return len(visits) == n
	})
	return visits
}

func TestATraceIsATreeOfWhatWasDoneForOnePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	told := w.traced()
	w.start()
	w.says("U01ALICE", "/assume", "prod "+w.alice.Code()+" because INC-42")
	visit := ended(w, told, 1)
	const want = `visit command
  attempt
    attempt claim
    attempt intent
    attempt act
      AssumeRole
    attempt outcome
    attempt keep
`
	redis := func(name string) bool { return strings.HasPrefix(name, "redis ") }
	if diff := cmp.Diff(want, otlptest.Outline(visit, redis)); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	if whole := otlptest.Outline(visit, nil); strings.Count(whole, "\n") > 30 || !strings.Contains(whole, "  redis pipeline\n") {
		t.Errorf("got %s, want few spans, and what was asked ahead", whole)
	}
	for _, s := range visit[0].Below {
		if s.Name == "attempt" && (s.Facts["assumebot.account"] != "prod" || s.Facts["assumebot.purpose"] != "show") {
			t.Errorf("attempt: got %v, want what of", s.Facts)
		}
	}
	if got := visit[0]; got.Facts["assumebot.outcome"] != "granted" || got.Facts["assumebot.surface"] != "command" || got.Error {
		t.Errorf("visit: got %v, want that it granted", got.Facts)
	}
}

// TestOneReferenceLeadsFromThePersonToEventLogAndTrace has something fail on our side.
func TestOneReferenceLeadsFromThePersonToEventLogAndTrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	told := w.traced()
	r := w.start()
	w.aws.Inject(awstest.Fault{Action: "AssumeRole", Times: 1, Error: &awstest.FaultError{Status: 403, Code: "AccessDenied", Message: "no"}})
	said := w.says("U01ALICE", "/assume", "prod "+w.alice.Code()).Plain()
	_, ref, found := strings.Cut(said, "Reference: ")
	if ref = strings.Fields(ref + " .")[0]; !found || len(ref) != 8 {
		t.Fatalf("got %s, want a reference", said)
	}
	if got := ended(w, told, 1)[0]; got.Facts["assumebot.ref"] != ref || got.Facts["error.type"] != string(broker.CodeAWSRefused) {
		t.Errorf("trace: got %v, want %s", got.Facts, ref)
	}
	kinds := ""
	for _, e := range (storetest.Replica{Log: r.Record}).Events(t) {
		if strings.HasPrefix(e.Request, ref) {
			kinds += string(e.Kind) + " "
		}
		if f, ok := e.Data.(event.FailedData); ok && f.Ref != ref {
			t.Errorf("the Event has the reference %q, want %q", f.Ref, ref)
		}
	}
	if kinds != "intent failed " {
		t.Errorf("got Events %s of the reference, want its intent and its failure", kinds)
	}
	for _, line := range []string{"request not served", "command served"} {
		w.await("a line "+line+" with the reference", func() bool { return logged(w, line, ref) })
	}
}

func logged(w *world, what, ref string) bool {
	for line := range strings.Lines(w.logs.String()) {
		if strings.Contains(line, `"`+what+`"`) && strings.Contains(line, `"request":"`+ref) {
			return true
		}
	}
	return false
}

// TestEveryLineOfTheLogAboutAPersonNamesTheRequest also shows that none names it twice.
func TestEveryLineOfTheLogAboutAPersonNamesTheRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.start()
	w.says("U01ALICE", "/assume", "prod "+w.alice.Code())
	w.says("U01ALICE", "/assume", "nonsense 12345")
	w.says("U03CAROL", "/assume", "help")
	lines := 0
	for line := range strings.Lines(w.logs.String()) {
		if !strings.Contains(line, `"user":"U0`) {
			continue
		}
		if lines++; strings.Count(line, `"request":"`) != 1 {
			t.Errorf("got %s, want the request named once", line)
		}
	}
	if lines < 3 {
		t.Errorf("got %d lines about a person, want one of each request", lines)
	}
}
