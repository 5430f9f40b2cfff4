package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

const (
	// heartbeat is how often a silent stream says that it lives.
	heartbeat = 15 * time.Second
	// slowest is how long a page may take to read one line.
	slowest = 10 * time.Second
)

// events are the streams by which pages are told of changes.
type events struct {
	hub    *hub
	ending <-chan struct{}
	log    *slog.Logger
}

// serve tells a page the names of what has changed, as server-sent events;
// it asks for the page anew then. It ends with the page, or with the server.
func (e *events) serve(w http.ResponseWriter, r *http.Request) {
	st, ok := e.hub.join()
	if !ok {
		http.Error(w, fmt.Sprintf("%d pages are open already: close one.", maxStreams), http.StatusServiceUnavailable)
		return
	}
	defer e.hub.leave(st)
	out := http.NewResponseController(w)
	// The server's limits are for requests that end.
	if err := out.SetReadDeadline(time.Time{}); err != nil {
		e.log.Debug("a stream cannot stay open", "err", err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	write := func(line string) bool {
		if out.SetWriteDeadline(time.Now().Add(slowest)) != nil {
			return false
		}
		_, err := w.Write([]byte(line + "\n\n"))
		return err == nil && out.Flush() == nil
	}
	alive := time.NewTicker(heartbeat)
	defer alive.Stop()
	for ok := write("retry: 1000"); ok; {
		select {
		case <-st.news:
			ok = write("data: " + strings.Join(e.hub.take(st), " "))
		case <-alive.C:
			ok = write(": alive")
		case <-r.Context().Done():
			return
		case <-e.ending:
			return
		}
	}
}
