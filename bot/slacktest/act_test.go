package slacktest_test

import (
	"sync"
	"testing"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/slacktest"
)

func TestChoosingFromAMessageMenuSendsTheOption(t *testing.T) {
	s := start(t)
	a := connect(t, s)
	text := func(s string) *slack.TextBlockObject { return slack.NewTextBlockObject("plain_text", s, false, false) }
	menu := slack.NewOptionsSelectBlockElement("static_select", text("Format"), "fmt",
		slack.NewOptionBlockObject("fish", text("Fish"), nil), slack.NewOptionBlockObject("cmd", text("Command prompt"), nil))
	if _, _, err := client(s).PostMessageContext(testContext(t), general, slack.MsgOptionBlocks(slack.NewActionBlock("row", menu))); err != nil {
		t.Fatal(err)
	}
	ref := s.InChannel(general)[0].Ref()
	if _, err := s.Choose(alice, ref, "", "fmt", "zsh"); err == nil {
		t.Error("chose an option that is not offered")
	}
	if _, err := s.Choose(alice, ref, "", "fmt", "Command prompt"); err != nil {
		t.Fatal(err)
	}
	e := a.next()
	a.ack(e, nil)
	var cb slack.InteractionCallback
	decodeJSON(t, e.Payload, &cb)
	if got := cb.ActionCallback.BlockActions[0].SelectedOption.Value; got != "cmd" || cb.Message.Timestamp != ref.TS {
		t.Errorf("got option %q on message %q", got, cb.Message.Timestamp)
	}
	if got := cb.BlockActionState.Values["row"]["fmt"].SelectedOption.Value; got != "cmd" {
		t.Errorf("got state %q, want cmd", got)
	}
}

func TestFourthModalIsNotPushed(t *testing.T) {
	s, a, v := opened(t)
	for i, want := range []string{"", "", "push_limit_reached"} {
		if err := s.Fill(alice, v.ID, "Code", "1"); err != nil {
			t.Fatal(err)
		}
		b := `{"type":"modal","title":` + plain(1) + `,"submit":` + plain(1) + `,"blocks":[
			{"type":"input","optional":true,"block_id":"code","label":{"type":"plain_text","text":"Code"},"element":{"type":"plain_text_input","action_id":"code"}},
			{"type":"actions","elements":[{"type":"button","action_id":"more","text":` + plain(1) + `}]}]}`
		if i == 0 {
			if got := callMethod(t, s, "views.update", map[string]string{"view_id": v.ID, "view": b}); !got.OK {
				t.Fatalf("got %+v", got)
			}
		}
		d, err := s.Press(alice, v.Ref(), "", "more")
		if err != nil {
			t.Fatal(err)
		}
		e := a.next()
		a.ack(e, nil)
		got := callMethod(t, s, "views.push", map[string]string{"trigger_id": d.TriggerID, "view": b})
		if got.Error != want {
			t.Errorf("push %d: got %q, want %q", i+1, got.Error, want)
		}
		views := s.Views(alice)
		v = views[len(views)-1]
	}
	if _, err := s.CloseView(alice, v.ID); err != nil {
		t.Fatal(err)
	}
	if got := len(s.Views(alice)); got != 2 {
		t.Errorf("%d modals open, want 2", got)
	}
}

func TestShortcutCarriesTriggerAndNoResponseURL(t *testing.T) {
	s := start(t)
	a := connect(t, s)
	d, err := s.Shortcut(alice, "creds")
	if err != nil {
		t.Fatal(err)
	}
	e := a.next()
	a.ack(e, nil)
	var cb slack.InteractionCallback
	decodeJSON(t, e.Payload, &cb)
	if cb.Type != slack.InteractionTypeShortcut || cb.CallbackID != "creds" || cb.TriggerID != d.TriggerID || cb.ResponseURL != "" {
		t.Errorf("got %s", e.Payload)
	}
}

func TestAckOfACommandMayCarryTheReply(t *testing.T) {
	s := start(t)
	a := connect(t, s)
	d := command(t, s, "help")
	a.ack(a.next(), map[string]string{"text": "here is help"})
	if err := d.Wait(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if got := s.SeenBy(alice); len(got) != 1 || got[0].Plain() != "here is help" || !got[0].Ephemeral {
		t.Errorf("alice sees %+v", got)
	}
}

func TestManyCommandsAtOnceAreAllAcknowledged(t *testing.T) {
	s := start(t)
	a := connect(t, s)
	const many = 50
	var wg sync.WaitGroup
	wg.Go(func() {
		for range many {
			a.ack(a.next(), nil)
		}
	})
	for range many {
		wg.Go(func() {
			d, err := s.Command(bob, general, "/assume", "prod")
			if err != nil {
				t.Error(err)
				return
			}
			if err := d.Wait(testContext(t)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := s.Connections()[0]; got.Sent != many || got.Acked != many {
		t.Errorf("got %+v, want %d sent and acknowledged", got, many)
	}
}

func TestPeopleActOnlyWhereTheyAre(t *testing.T) {
	s := start(t)
	connect(t, s)
	s.AddChannel(slacktest.Channel{ID: "C09", Name: "bobs", Members: []string{bob}})
	if _, err := s.Command(alice, "C09", "/assume", ""); err == nil {
		t.Error("alice typed in a channel that she is not in")
	}
	if _, err := s.Command("U0NOBODY", general, "/assume", ""); err == nil {
		t.Error("nobody typed a command")
	}
	if d, err := s.SendMessage(alice, outside, "@assumebot help"); d != nil || err != nil {
		t.Errorf("mention where the bot is not: got delivery %v, error %v", d, err)
	}
}
