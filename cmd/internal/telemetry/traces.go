package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"

	"github.com/assumebot/assumebot/broker/watch"
)

// Traces go to a collector by OTLP over HTTP, as the standard OTEL_… variables say: what they
// say of the exporter, the sampler, the batches and the resource, the SDK itself reads.
//
// A collector that is gone or slow holds up nobody. What ends is put into a queue of a bounded
// size, and dropped and counted where that is full; so is a batch that did not arrive.
const (
	instrumentation = "github.com/assumebot/assumebot"
	// usualQueue is how many spans wait at most: the SDK's own bound, which it reads too.
	// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-span-processor
	usualQueue   = 2048
	usualBatch   = 512
	mostQueue    = 65_536
	queueSize    = "OTEL_BSP_MAX_QUEUE_SIZE"
	batchSize    = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
	flushWithin  = 2 * time.Second
	lamentsEvery = time.Minute
)

// Traces is told of spans and exports them.
type Traces struct {
	*gate
	provider *trace.TracerProvider
	tracer   api.Tracer
}

// TraceOptions are what Traces are made of, beside the variables.
type TraceOptions struct {
	Version  string // of the program
	Endpoint string // in place of what the variables say, whole; "": they say it
	Log      *slog.Logger
}

// OpenTraces returns a Tracer. Nothing is sent before a span has ended.
func OpenTraces(ctx context.Context, o TraceOptions) (*Traces, error) {
	to := []otlptracehttp.Option{otlptracehttp.WithProxy(nowhereElse)}
	if o.Endpoint != "" {
		to = append(to, otlptracehttp.WithEndpointURL(o.Endpoint))
	}
	inner, err := otlptracehttp.New(ctx, to...)
	if err != nil {
		return nil, fmt.Errorf("export traces: %w", withoutURL(err))
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "assumebot"), attribute.String("service.version", o.Version)),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("describe traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(error) {})) // gate says what goes wrong
	queue := sizeOf(queueSize, usualQueue)
	g := &gate{most: int64(queue), log: o.Log.With("part", "telemetry")}
	g.next = trace.NewBatchSpanProcessor(&counting{SpanExporter: inner, gate: g},
		trace.WithMaxQueueSize(queue), trace.WithMaxExportBatchSize(min(queue, sizeOf(batchSize, usualBatch))))
	p := trace.NewTracerProvider(trace.WithSpanProcessor(g), trace.WithResource(about))
	return &Traces{gate: g, provider: p, tracer: p.Tracer(instrumentation, api.WithInstrumentationVersion(o.Version))}, nil
}

// sizeOf is the size that a variable says. The SDK would read it too, and end the process if it
// is negative.
func sizeOf(variable string, usual int) int {
	n, err := strconv.Atoi(strings.TrimSpace(os.Getenv(variable)))
	if err != nil || n < 1 {
		return usual
	}
	return min(n, mostQueue)
}

// Close sends what waits, if that takes no longer than a moment.
func (t *Traces) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), flushWithin)
	defer cancel()
	_ = t.provider.Shutdown(ctx)
}

// Begin implements [watch.Tracer].
func (t *Traces) Begin(ctx context.Context, at time.Time, k watch.SpanKind, name string, facts []watch.Fact) (context.Context, watch.Span) {
	options := []api.SpanStartOption{api.WithSpanKind(kinds[k]), api.WithAttributes(attributes(facts)...)}
	if !at.IsZero() {
		options = append(options, api.WithTimestamp(at))
	}
	ctx, s := t.tracer.Start(ctx, name, options...)
	return ctx, span{s}
}

var kinds = map[watch.SpanKind]api.SpanKind{
	watch.Within: api.SpanKindInternal,
	watch.Taken:  api.SpanKindServer,
	watch.Asks:   api.SpanKindClient,
}

func attributes(facts []watch.Fact) []attribute.KeyValue {
	out := make([]attribute.KeyValue, 0, len(facts))
	for _, f := range facts {
		if f.Value != "" {
			out = append(out, attribute.String(f.Key, f.Value))
		}
	}
	return out
}

// span is one that goes on.
type span struct{ api.Span }

// End implements [watch.Span].
func (s span) End(failed bool, facts ...watch.Fact) {
	s.SetAttributes(attributes(facts)...)
	if failed {
		s.SetStatus(codes.Error, "")
	}
	s.Span.End()
}

// A gate lets through to the batches what they have room for, and counts.
type gate struct {
	next trace.SpanProcessor
	most int64
	log  *slog.Logger

	waiting                   atomic.Int64
	exported, failed, dropped atomic.Int64
	lamented                  atomic.Int64 // when a failure was logged last
}

// OnStart implements [trace.SpanProcessor].
func (g *gate) OnStart(ctx context.Context, s trace.ReadWriteSpan) { g.next.OnStart(ctx, s) }

// OnEnd implements [trace.SpanProcessor]. It blocks nobody.
func (g *gate) OnEnd(s trace.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	if g.waiting.Add(1) > g.most {
		g.waiting.Add(-1)
		g.dropped.Add(1)
		return
	}
	g.next.OnEnd(s)
}

// Shutdown implements [trace.SpanProcessor].
func (g *gate) Shutdown(ctx context.Context) error { return g.next.Shutdown(ctx) }

// ForceFlush implements [trace.SpanProcessor].
func (g *gate) ForceFlush(ctx context.Context) error { return g.next.ForceFlush(ctx) }

// counting is an exporter that tells the gate what became of each batch.
type counting struct {
	trace.SpanExporter
	gate *gate
}

// ExportSpans implements [trace.SpanExporter]. Its error is told here, once a minute.
func (c *counting) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	n := int64(len(spans))
	defer c.gate.waiting.Add(-n)
	err := c.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		c.gate.exported.Add(n)
		return nil
	}
	c.gate.failed.Add(n)
	now, last := time.Now().UnixNano(), c.gate.lamented.Load()
	if now-last > int64(lamentsEvery) && c.gate.lamented.CompareAndSwap(last, now) {
		c.gate.log.Warn("traces do not arrive, and are dropped; people are served all the same", "error", whyNot(err))
	}
	return nil
}

// mostSaid bounds what is logged of an error, in bytes.
const mostSaid = 200

// whyNot is err without what the collector chose, whose answer may repeat a header, and without
// the address, whose path may be a key.
func whyNot(err error) string {
	if of := (*url.Error)(nil); errors.As(err, &of) {
		err = of.Err
	}
	// The exporter has no type for these.
	// https://github.com/open-telemetry/opentelemetry-go/blob/main/exporters/otlp/otlptrace/otlptracehttp/client.go
	said, _, answered := strings.Cut(err.Error(), "body: ") // what comes after it can pose as anything
	switch _, answer, refused := strings.Cut(said, "failed to send to "); {
	case refused:
		_, answer, _ = strings.Cut(answer, ": ") // an address has no space
		if status, err := strconv.ParseUint(answer[:min(len(answer), 3)], 10, 16); err == nil {
			return fmt.Sprintf("the collector answers %d", status)
		}
		return "the collector refuses"
	case answered:
		return "the collector answers again and again that it cannot take them now: 429, 502, 503 or 504"
	}
	return said[:min(mostSaid, len(said))]
}

// errElsewhere is of a collector that answers with a redirect.
var errElsewhere = errors.New("the collector sends elsewhere, which is not followed: name the other address as the endpoint")

// nowhereElse is the proxy that the environment names, for what is sent to the endpoint itself:
// a collector cannot have this process ask others, nor send its headers there.
func nowhereElse(q *http.Request) (*url.URL, error) {
	if q.Response != nil {
		return nil, errElsewhere
	}
	return http.ProxyFromEnvironment(q)
}

// withoutURL is err without the address, which may hold a password.
func withoutURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

var descSpans = desc("trace_spans_total", "Spans that ended, by what became of them: exported, failed or dropped.", "result")

// Describe implements [prometheus.Collector].
func (*gate) Describe(all chan<- *prometheus.Desc) { all <- descSpans }

// Collect implements [prometheus.Collector].
func (g *gate) Collect(all chan<- prometheus.Metric) {
	for result, n := range map[string]*atomic.Int64{"exported": &g.exported, "failed": &g.failed, "dropped": &g.dropped} {
		all <- prometheus.MustNewConstMetric(descSpans, prometheus.CounterValue, float64(n.Load()), result)
	}
}
