package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/assumebot/assumebot/broker/watch"
)

// Names and units are by https://prometheus.io/docs/practices/naming/. Each label takes one
// of a few values that stand in the program.

// metrics count what happens. It implements [watch.Watcher].
type metrics struct {
	requests *prometheus.CounterVec
	acks     *prometheus.HistogramVec
	replies  *prometheus.HistogramVec
	aws      *prometheus.HistogramVec
	resting  *prometheus.GaugeVec
	fallback *prometheus.CounterVec
	store    *prometheus.HistogramVec
}

var (
	// ackBuckets go to the 3 s that Slack waits.
	ackBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 3}
	// replyBuckets go to the 15 s that a person waits at most.
	replyBuckets = []float64{.025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15}
	// storeBuckets go to the 5 s after which the store is away.
	storeBuckets = []float64{.00025, .0005, .001, .0025, .005, .01, .025, .1, .5, 1, 5}
)

func newMetrics(registry *prometheus.Registry) *metrics {
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	}
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "requests_total", Help: "What people did that has ended, by where they did it and how it ended.",
		}, []string{"surface", "outcome"}),
		acks: histogram("acknowledgement_duration_seconds", "Time from reading an envelope off its socket to its acknowledgement.",
			ackBuckets, "envelope"),
		replies: histogram("reply_duration_seconds", "Time from reading an envelope off its socket to the first answer that Slack took.",
			replyBuckets, "surface"),
		aws: histogram("aws_call_duration_seconds", "Time that a call to AWS took, by its operation and what became of it.",
			replyBuckets, "operation", "result"),
		resting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: namespace, Name: "aws_endpoint_resting", Help: "Whether an endpoint of AWS is not asked for a while, since it did not answer.",
		}, []string{"service", "region"}),
		fallback: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Name: "aws_fallback_calls_total", Help: "Calls to AWS's second region, since the first did not answer, by what became of them.",
		}, []string{"operation", "result"}),
		store: histogram("redis_round_trip_duration_seconds", "Time that a round trip to Redis took, by its command and what became of it.",
			storeBuckets, "command", "result"),
	}
	registry.MustRegister(m.requests, m.acks, m.replies, m.aws, m.resting, m.fallback, m.store, collectors.NewGoCollector(), collectors.NewBuildInfoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

const namespace = "assumebot"

// Acknowledged implements [watch.Watcher].
func (m *metrics) Acknowledged(envelope string, took time.Duration) {
	m.acks.WithLabelValues(envelope).Observe(took.Seconds())
}

// Replied implements [watch.Watcher].
func (m *metrics) Replied(s watch.Surface, took time.Duration) {
	m.replies.WithLabelValues(string(s)).Observe(took.Seconds())
}

// Served implements [watch.Watcher].
func (m *metrics) Served(s watch.Surface, o watch.Outcome) {
	m.requests.WithLabelValues(string(s), string(o)).Inc()
}

// Called implements [watch.Watcher].
func (m *metrics) Called(operation string, r watch.Result, took time.Duration) {
	m.aws.WithLabelValues(operation, string(r)).Observe(took.Seconds())
}

// Rests implements [watch.Watcher].
func (m *metrics) Rests(service, region string, rests bool) {
	value := 0.0
	if rests {
		value = 1
	}
	m.resting.WithLabelValues(service, region).Set(value)
}

// FellBack implements [watch.Watcher].
func (m *metrics) FellBack(operation string, r watch.Result) {
	m.fallback.WithLabelValues(operation, string(r)).Inc()
}

// Asked implements [watch.Watcher].
func (m *metrics) Asked(command string, r watch.Result, took time.Duration) {
	m.store.WithLabelValues(command, string(r)).Observe(took.Seconds())
}
