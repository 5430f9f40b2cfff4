package telemetry

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assumebot/assumebot/broker/watch"
)

const (
	// freshFor is how long an answer serves all who ask: whoever asks again and again
	// costs the store one round trip a second.
	freshFor = time.Second
	// askWithin is how long the bot may take to say how it is. Probes wait a second or two.
	askWithin = 900 * time.Millisecond
)

// states say how the bot is.
type states struct {
	now func() time.Time

	mu    sync.Mutex
	ask   func(context.Context) watch.State // nil: it is starting
	last  watch.State
	asked time.Time
}

func (s *states) show(ask func(context.Context) watch.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ask, s.asked = ask, time.Time{}
}

// newest is how the bot is; false while it starts. Who asks meanwhile waits for the same answer.
func (s *states) newest(ctx context.Context) (watch.State, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ask == nil {
		return watch.State{}, false
	}
	if since := s.now().Sub(s.asked); since < 0 || since >= freshFor {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askWithin)
		defer cancel()
		s.last, s.asked = s.ask(ctx), s.now()
	}
	return s.last, true
}

// standing collects what is asked when somebody looks.
type standing struct{ states *states }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, labels, nil)
}

var (
	descReady      = desc("ready", "Whether this replica serves: 1 where /readyz answers 200.")
	descPaused     = desc("paused", "Whether an admin paused the bot.")
	descSockets    = desc("sockets_open", "Sockets to Slack that are open.")
	descCounted    = desc("slack_connections", "Connections of the app that Slack counted in the newest hello: of all replicas, and dead ones for a while.")
	descWorking    = desc("requests_in_progress", "What people did that is worked on now.")
	descWaiting    = desc("requests_waiting", "What people did that waits for its turn.")
	descDue        = desc("tasks_due", "Reminders, deletions, approvals and answers that are due and not done yet.")
	descStoreUp    = desc("redis_up", "Whether Redis answers.")
	descEntries    = desc("record_entries", "Entries of the record that this replica has read.")
	descSigned     = desc("record_signed_entries", "Entries of the record that the newest checkpoint covers.")
	descSignedAt   = desc("record_signed_timestamp_seconds", "When this replica saw the newest checkpoint first.")
	descStopped    = desc("record_stopped", "Whether the record does not check out, so that this replica issues nothing.")
	descLag        = desc("record_reader_lag_entries", "Entries of the record that a reader does not have yet.", "reader")
	descKeyCreated = desc("access_key_created_timestamp_seconds", "When IAM made the access key of a user, as the replica that looks once a day saw it.", "user")
	descNotRotated = desc("access_key_rotation_failures_total", "How often this replica could not go on with replacing an access key, by why.", "code")
	descSealsUsed  = desc("seal_keys_last_reload_successful", "Whether this replica goes by the file of the seal keys as it is now; not there without a file.")
	descSealsRead  = desc("seal_keys_last_reload_success_timestamp_seconds", "When this replica read the seal keys that it goes by.")
	descLeasesHeld = desc("lease_held", "Leases that this replica holds; of each one replica does.", "lease")
)

// Describe implements [prometheus.Collector].
func (*standing) Describe(all chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descReady, descPaused, descSockets, descCounted, descWorking, descWaiting, descDue, descStoreUp,
		descEntries, descSigned, descSignedAt, descStopped, descLag, descLeasesHeld, descKeyCreated, descNotRotated,
		descSealsUsed, descSealsRead,
	} {
		all <- d
	}
}

// Collect implements [prometheus.Collector]. What could not be asked is left out.
func (s *standing) Collect(all chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		all <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	now, started := s.states.newest(context.Background())
	gauge(descReady, one(started && len(missing(now)) == 0))
	if !started {
		return
	}
	gauge(descSockets, float64(now.Sockets))
	gauge(descCounted, float64(now.Counted))
	gauge(descWorking, float64(now.Working))
	gauge(descWaiting, float64(now.Waiting))
	gauge(descStoreUp, one(now.StoreErr == nil))
	gauge(descEntries, float64(now.Record.Entries))
	gauge(descSigned, float64(now.Record.Signed))
	gauge(descStopped, one(now.Record.Stopped))
	gauge(descPaused, one(now.Paused))
	if !now.Record.SignedAt.IsZero() {
		gauge(descSignedAt, float64(now.Record.SignedAt.UnixMilli())/1000)
	}
	if now.StoreErr == nil {
		gauge(descDue, float64(now.Due))
	}
	for _, r := range now.Readers {
		gauge(descLag, float64(r.Lag(now.Record.Entries)), r.Name)
	}
	for _, k := range now.Keys {
		gauge(descKeyCreated, float64(k.Created.Unix()), k.User)
	}
	if seals := now.SealKeys; seals != nil {
		gauge(descSealsUsed, one(!seals.Refused))
		gauge(descSealsRead, float64(seals.Read.UnixMilli())/1000)
	}
	for _, c := range now.NotReplaced {
		all <- prometheus.MustNewConstMetric(descNotRotated, prometheus.CounterValue, float64(c.Times), c.Code)
	}
	for _, name := range now.Leases {
		gauge(descLeasesHeld, 1, name)
	}
}

func one(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
