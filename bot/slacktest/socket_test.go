package slacktest_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/assumebot/assumebot/bot/slacktest"
)

func TestSlackGoSocketModeAnswersCommand(t *testing.T) {
	s := start(t)
	ctx := testContext(t)
	sm := socketmode.New(client(s))
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		_ = sm.RunContext(ctx)
	}()
	t.Cleanup(func() { s.Drop() })
	if err := s.Await(ctx, func(s *slacktest.Server) bool { return len(s.Connections()) == 1 }); err != nil {
		t.Fatal(err)
	}
	d := command(t, s, "prod 123456 because <b> & @bob")
	for evt := range sm.Events {
		if evt.Type != socketmode.EventTypeSlashCommand {
			continue
		}
		cmd := evt.Data.(slack.SlashCommand)
		if err := sm.Ack(*evt.Request); err != nil {
			t.Fatal(err)
		}
		if got, want := cmd.Text, "prod 123456 because &lt;b&gt; &amp; <@U02BOB|bob>"; got != want {
			t.Errorf("got text %q, want %q", got, want)
		}
		if cmd.UserID != alice || cmd.ChannelID != general || cmd.TeamID != "T0123" || cmd.IsEnterpriseInstall {
			t.Errorf("got command %+v", cmd)
		}
		msg := &slack.WebhookMessage{Text: "done", ResponseType: "ephemeral"}
		if err := slack.PostWebhookContext(ctx, cmd.ResponseURL, msg); err != nil {
			t.Fatal(err)
		}
		break
	}
	if err := d.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	seen := s.SeenBy(alice)
	if len(seen) != 1 || seen[0].Plain() != "done" || !seen[0].Ephemeral {
		t.Errorf("alice sees %+v", seen)
	}
	if got := s.SeenBy(bob); len(got) != 0 {
		t.Errorf("bob sees %+v", got)
	}
}

func TestConnectionsOpenChecksTokens(t *testing.T) {
	s := start(t)
	for _, tt := range []struct{ token, want string }{
		{s.BotToken(), "not_allowed_token_type"},
		{"xapp-wrong", "invalid_auth"},
		{"", "not_authed"},
	} {
		api := slack.New(s.BotToken(), slack.OptionAPIURL(s.APIURL()), slack.OptionAppLevelToken(tt.token))
		_, _, err := api.StartSocketModeContext(testContext(t))
		wantError(t, err, tt.want)
	}
	_, err := slack.New(s.AppToken(), slack.OptionAPIURL(s.APIURL())).AuthTestContext(testContext(t))
	wantError(t, err, "not_allowed_token_type")
}

func TestTicketOpensOneConnection(t *testing.T) {
	s := start(t)
	_, address, err := client(s).StartSocketModeContext(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	conn, _, err := websocket.DefaultDialer.Dial(address, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if second, _, err := websocket.DefaultDialer.Dial(address, nil); err == nil {
		second.Close()
		t.Error("ticket opened a second connection")
	}
}

func TestEleventhSocketIsRefused(t *testing.T) {
	s := start(t)
	for range 10 {
		connect(t, s)
	}
	if got := dial(t, s).next(); got.Type != "disconnect" || got.Reason != "too_many_websockets" {
		t.Errorf("got %+v, want disconnect too_many_websockets", got)
	}
}

func TestEachEnvelopeGoesToOneSocketInTurn(t *testing.T) {
	s := start(t)
	a, b := connect(t, s), connect(t, s)
	for range 2 {
		command(t, s, "prod")
	}
	ea, eb := a.next(), b.next()
	if ea.EnvelopeID == eb.EnvelopeID {
		t.Error("both sockets got the same envelope")
	}
	a.ack(ea, nil)
	b.ack(eb, nil)
}

func TestCommandWithoutSocketIsDispatchFailed(t *testing.T) {
	s := start(t)
	d := command(t, s, "prod")
	if err := d.Wait(testContext(t)); !errors.Is(err, slacktest.ErrDispatchFailed) {
		t.Errorf("got %v, want dispatch_failed", err)
	}
	seen := s.SeenBy(alice)
	if len(seen) != 1 || seen[0].Plain() != `/assume failed with the error "dispatch_failed"` {
		t.Errorf("alice sees %+v", seen)
	}
}

func TestUnacknowledgedEnvelopeIsRedelivered(t *testing.T) {
	for _, tt := range []struct {
		name string
		mode slacktest.Redelivery
		same bool
	}{{"same", slacktest.RedeliverSame, true}, {"new", slacktest.RedeliverNew, false}} {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, slacktest.WithAckLimit(30*time.Millisecond))
			s.SetRedelivery(tt.mode)
			a := connect(t, s)
			d := command(t, s, "prod")
			first, second := a.next(), a.next()
			a.ack(second, nil)
			if err := d.Wait(testContext(t)); !errors.Is(err, slacktest.ErrOperationTimeout) {
				t.Errorf("got %v, want operation_timeout", err)
			}
			if got := first.EnvelopeID == second.EnvelopeID; got != tt.same {
				t.Errorf("same envelope_id: got %v, want %v", got, tt.same)
			}
			if string(first.Payload) != string(second.Payload) {
				t.Error("redelivery changed the payload")
			}
		})
	}
}

func TestDroppedSocketRedeliversToAnother(t *testing.T) {
	s := start(t)
	a, b := connect(t, s), connect(t, s)
	d := command(t, s, "prod")
	victim, other := a, b
	if s.Connections()[1].Sent == 1 {
		victim, other = b, a
	}
	victim.next()
	id := s.Connections()[0].ID
	if victim == b {
		id = s.Connections()[1].ID
	}
	s.Drop(id)
	other.ack(other.next(), nil)
	if err := d.Wait(testContext(t)); err != nil {
		t.Errorf("got %v, want the acknowledgement of the other socket", err)
	}
	if got := d.Attempts(); got != 2 {
		t.Errorf("got %d attempts, want 2", got)
	}
}

func TestAcksCountUntilDrainingSocketCloses(t *testing.T) {
	s := start(t)
	a := connect(t, s)
	s.Disconnect("warning", 0)
	s.Disconnect("refresh_requested", time.Second)
	d := command(t, s, "prod")
	for _, want := range []string{"warning", "refresh_requested"} {
		if got := a.next(); got.Type != "disconnect" || got.Reason != want {
			t.Fatalf("got %+v, want disconnect %s", got, want)
		}
	}
	a.ack(a.next(), nil)
	if err := d.Wait(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.conn.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Errorf("got %v, want a normal close", err)
	}
}

func TestAckOverTwentyKilobytesIsDropped(t *testing.T) {
	s := start(t, slacktest.WithAckLimit(100*time.Millisecond))
	s.SetRedelivery(slacktest.RedeliverNever)
	a := connect(t, s)
	d := command(t, s, "prod")
	a.ack(a.next(), map[string]string{"text": strings.Repeat("x", 20*1024)})
	if err := d.Wait(testContext(t)); !errors.Is(err, slacktest.ErrOperationTimeout) {
		t.Errorf("got %v, want operation_timeout", err)
	}
}

func TestServerPingsAndAnswersPings(t *testing.T) {
	s := start(t, slacktest.WithPing(20*time.Millisecond, 500*time.Millisecond))
	a := connect(t, s)
	pinged, ponged := make(chan string, 100), make(chan string, 1)
	a.conn.SetPingHandler(func(data string) error { // answers no pong
		select {
		case pinged <- data:
		default:
		}
		return nil
	})
	a.conn.SetPongHandler(func(data string) error { ponged <- data; return nil })
	if err := a.conn.WriteControl(websocket.PingMessage, []byte("hi"), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.conn.ReadMessage(); err == nil {
		t.Error("socket without pongs stays open")
	}
	if got := <-ponged; got != "hi" {
		t.Errorf("got pong %q, want hi", got)
	}
	if got := <-pinged; !strings.HasPrefix(got, "Ping from applink") {
		t.Errorf("got ping %q", got)
	}
}

func TestEventRetryTellsAttemptAndReason(t *testing.T) {
	s := start(t, slacktest.WithAckLimit(30*time.Millisecond))
	a := connect(t, s)
	if _, err := s.SendMessage(alice, general, "@assumebot help"); err != nil {
		t.Fatal(err)
	}
	first, second := a.next(), a.next()
	if first.RetryAttempt != 0 || second.RetryAttempt != 1 || second.RetryReason != "timeout" {
		t.Errorf("got %+v then %+v", first, second)
	}
	var p struct {
		Event struct{ Type, Text, User string }
	}
	if err := json.Unmarshal(first.Payload, &p); err != nil {
		t.Fatal(err)
	}
	if p.Event.Type != "app_mention" || p.Event.Text != "<@U0BOT> help" || p.Event.User != alice {
		t.Errorf("got event %+v", p.Event)
	}
}

func TestRedeliverOnDemandSendsAgain(t *testing.T) {
	s := start(t)
	a := connect(t, s)
	d := command(t, s, "prod")
	first := a.next()
	a.ack(first, nil)
	if err := d.Wait(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if err := s.Redeliver(d); err != nil {
		t.Fatal(err)
	}
	if got := a.next(); got.EnvelopeID != first.EnvelopeID {
		t.Errorf("got envelope %s, want %s again", got.EnvelopeID, first.EnvelopeID)
	}
}
