package bot

import (
	"errors"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/bot/form"
	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker"
)

// TestAVisitCarriesACodeWhereOneWasSent: only then do answers speak of it.
func TestAVisitCarriesACodeWhereOneWasSent(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "prod": false, "prod 123456": true, "prod 123 456 for 2h": true, "prod １２３４５６": true, "eu2024 for 2h": false,
		"prod 123456 2 hours": true, "prod <tel:123456|123456>": true, "prod because INC-4242": false, "prod 12345": false,
		"key " + snippettest.ExampleSSH + " 123456": true, strings.Repeat("x ", 4000) + "123456": false,
	} {
		if got := command.CarriesCode(text); got != want {
			t.Errorf("carriesCode(%.40q) = %v, want %v", text, got, want)
		}
	}
	for typed, want := range map[string]bool{"": false, "123456": true, "123 456": true, "12345": false} {
		in := slack.InteractionCallback{Type: slack.InteractionTypeViewSubmission}
		in.View.CallbackID = form.Callback
		in.View.State = &slack.ViewState{Values: map[string]map[string]slack.BlockAction{"b": {form.FieldCode: {Value: typed}}}}
		if got := goldenBot().conversationOf(in).code; got != want {
			t.Errorf("a form with the code %q: got %v, want %v", typed, got, want)
		}
		in.Type = slack.InteractionTypeBlockActions // what stands in a form was not sent
		if goldenBot().conversationOf(in).code {
			t.Errorf("a press in a form with the code %q carries one", typed)
		}
	}
}

func TestBusySpeaksOfACodeWhereOneWasSent(t *testing.T) {
	for _, sent := range []bool{false, true} {
		var e *broker.Error
		if !errors.As(errBusy(conversation{code: sent}), &e) || (e.Use == broker.UseUnused) != sent {
			t.Errorf("sent=%v: got %+v", sent, e)
		}
	}
}
