package telemetry

import (
	"net/http"
	"strings"

	"github.com/assumebot/assumebot/broker/watch"
)

// ready says whether this replica serves, and what is missing. It says no address and no
// error of others: those are in the log.
func (l *Listener) ready(w http.ResponseWriter, r *http.Request) {
	now, started := l.states.newest(r.Context())
	lacks := []string{"starting: it waits for Redis and reads the record"}
	if started {
		lacks = missing(now)
	}
	if len(lacks) == 0 {
		answer(w, http.StatusOK, "ready\n")
		return
	}
	answer(w, http.StatusServiceUnavailable, strings.Join(lacks, "\n")+"\n")
}

// missing is what keeps a replica from serving.
func missing(now watch.State) []string {
	var lacks []string
	if now.Draining {
		lacks = append(lacks, "draining: it was told to stop")
	}
	if !now.Connected {
		lacks = append(lacks, "slack: no socket is open")
	}
	if now.StoreErr != nil {
		lacks = append(lacks, "redis: it does not answer")
	}
	if now.Record.Stopped {
		lacks = append(lacks, "record: it does not check out, so nothing is issued; the log says why")
	}
	return lacks
}
