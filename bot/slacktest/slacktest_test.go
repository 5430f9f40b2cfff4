package slacktest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/slacktest"
)

const (
	alice   = "U01ALICE"
	bob     = "U02BOB"
	general = "C01GENERAL"
	outside = "C02OUTSIDE" // the bot is not in it
)

// start runs a server with a small cast.
func start(t *testing.T, opts ...slacktest.Option) *slacktest.Server {
	t.Helper()
	s, err := slacktest.Start(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	s.AddUser(slacktest.User{ID: alice, Name: "alice", TZ: "Europe/Oslo"})
	s.AddUser(slacktest.User{ID: bob, Name: "bob"})
	s.AddChannel(slacktest.Channel{ID: general, Name: "general", Members: []string{alice, bob}, BotMember: true})
	s.AddChannel(slacktest.Channel{ID: outside, Name: "outside", Members: []string{alice, bob}})
	return s
}

func client(s *slacktest.Server) *slack.Client {
	return slack.New(s.BotToken(), slack.OptionAPIURL(s.APIURL()), slack.OptionAppLevelToken(s.AppToken()))
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// app is one raw Socket Mode connection.
type app struct {
	t    *testing.T
	conn *websocket.Conn
}

type envelope struct {
	Type         string          `json:"type"`
	Reason       string          `json:"reason"`
	EnvelopeID   string          `json:"envelope_id"`
	RetryAttempt int             `json:"retry_attempt"`
	RetryReason  string          `json:"retry_reason"`
	Payload      json.RawMessage `json:"payload"`
	Accepts      bool            `json:"accepts_response_payload"`
	Connections  int             `json:"num_connections"`
}

// dial opens a connection without waiting for hello.
func dial(t *testing.T, s *slacktest.Server) *app {
	t.Helper()
	_, address, err := client(s).StartSocketModeContext(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	conn, _, err := websocket.DefaultDialer.DialContext(testContext(t), address, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &app{t: t, conn: conn}
}

func connect(t *testing.T, s *slacktest.Server) *app {
	t.Helper()
	a := dial(t, s)
	if got := a.next(); got.Type != "hello" {
		t.Fatalf("first message is %q, want hello", got.Type)
	}
	return a
}

func (a *app) next() envelope {
	a.t.Helper()
	if err := a.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		a.t.Fatal(err)
	}
	var e envelope
	if err := a.conn.ReadJSON(&e); err != nil {
		a.t.Fatalf("read envelope: %v", err)
	}
	return e
}

func (a *app) ack(e envelope, payload any) {
	a.t.Helper()
	msg := map[string]any{"envelope_id": e.EnvelopeID}
	if payload != nil {
		msg["payload"] = payload
	}
	if err := a.conn.WriteJSON(msg); err != nil {
		a.t.Fatal(err)
	}
}

func respond(t *testing.T, address, body string) (int, string) {
	t.Helper()
	resp, err := http.Post(address, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	buf := make([]byte, 512)
	n, _ := resp.Body.Read(buf)
	b.Write(buf[:n])
	return resp.StatusCode, b.String()
}

func command(t *testing.T, s *slacktest.Server, text string) *slacktest.Delivery {
	t.Helper()
	d, err := s.Command(alice, general, "/assume", text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

func decodeJSON(t *testing.T, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}
