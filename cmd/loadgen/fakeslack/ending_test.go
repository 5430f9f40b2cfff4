package fakeslack

import (
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// opens opens a socket and reads its hello.
func opens(t *testing.T, s *Server) *websocket.Conn {
	t.Helper()
	c, answer, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+s.address+"/link/", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	t.Cleanup(func() { _ = c.Close() })
	wantNext(t, c, `"type":"hello"`)
	return c
}

func wantNext(t *testing.T, c *websocket.Conn, want string) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	_, data, err := c.ReadMessage()
	if err != nil || !strings.Contains(string(data), want) {
		t.Fatalf("got %q and %v, want %q", data, err, want)
	}
}

func TestRecycledSocketIsUsedUntilAnotherIsOpenAndWhatItOwesIsSentThere(t *testing.T) {
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	first := opens(t, s)
	recycled := make(chan struct{})
	go func() { defer close(recycled); s.Recycle(t.Context()) }()
	wantNext(t, first, `"type":"disconnect"`)
	acked := make(chan struct{})
	c := s.Prepare(Ask{User: UserID(1), Command: "/assume", Text: "help"})
	c.Acked = func() { close(acked) }
	s.Send(c, time.Now())
	wantNext(t, first, c.envelope)
	second := opens(t, s)
	<-recycled
	if _, _, err := first.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Errorf("the first socket: got %v, want a normal closure", err)
	}
	wantNext(t, second, c.envelope)
	if err := second.WriteMessage(websocket.TextMessage, []byte(`{"envelope_id":"`+c.envelope+`"}`)); err != nil {
		t.Fatal(err)
	}
	<-acked
	if got := c.Sends(); got != 2 {
		t.Errorf("sent: got %d times, want 2", got)
	}
	s.Drop()
	if _, _, err := second.ReadMessage(); err == nil {
		t.Error("a dropped socket is still open")
	}
}
