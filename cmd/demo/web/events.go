package web

import (
	"fmt"
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

// serveEvents tells a page the names of what has changed, as server-sent events;
// it asks for the page anew then. It ends with the page, or with the server.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	st, ok := s.hub.join()
	if !ok {
		http.Error(w, fmt.Sprintf("%d pages are open already: close one.", maxStreams), http.StatusServiceUnavailable)
		return
	}
	defer s.hub.leave(st)
	out := http.NewResponseController(w)
	// The server's limits are for requests that end.
	if err := out.SetReadDeadline(time.Time{}); err != nil {
		s.log.Debug("a stream cannot stay open", "err", err)
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
			ok = write("data: " + strings.Join(s.hub.take(st), " "))
		case <-alive.C:
			ok = write(": alive")
		case <-r.Context().Done():
			return
		case <-s.door.Ending():
			return
		}
	}
}
