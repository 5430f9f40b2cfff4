package slacktest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// ask posts a form to a method with the bot token, and returns the answer.
func ask(t *testing.T, s *slacktest.Server, method string, params url.Values) (answer map[string]any, scopes string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.APIURL()+method, strings.NewReader(params.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.BotToken())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	data, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		t.Fatal(err)
	}
	return answer, got.Header.Get("X-OAuth-Scopes")
}

func TestBlocksValidateFindsWhatPostingWouldRefuse(t *testing.T) {
	s := start(t)
	const long = `[{"type":"header","text":{"type":"plain_text","text":"` + "0123456789" + `"}},{"type":"video"}]`
	modal := func(title string) string {
		return `{"type":"modal","title":{"type":"plain_text","text":"` + title + `"},"blocks":[]}`
	}
	tests := []struct {
		params url.Values
		err    string // "" when it is taken
		at     string
	}{
		{url.Values{"blocks": {`[{"type":"divider"}]`}}, "", ""},
		{url.Values{"blocks": {long}}, "invalid_blocks", "/blocks/1/type"},
		{url.Values{"message": {`{"blocks":[{"type":"divider"}]}`}}, "", ""},
		{url.Values{"message": {`{"blocks":` + long + `}`}}, "invalid_message", "/blocks/1/type"},
		{url.Values{"view": {modal("Deny")}}, "", ""},
		{url.Values{"view": {modal(strings.Repeat("x", 25))}}, "invalid_view", "/view/title/text"},
		{url.Values{"view": {`[]`}}, "invalid_arguments", ""},
		{url.Values{"message": {`{}`}}, "invalid_arguments", ""},
		{url.Values{}, "invalid_arguments", ""},
		{url.Values{"blocks": {`[]`}, "view": {modal("Deny")}}, "invalid_arguments", ""},
	}
	for _, test := range tests {
		got, _ := ask(t, s, "blocks.validate", test.params)
		code, _ := got["error"].(string)
		at := ""
		if faults, ok := got["errors"].([]any); ok && len(faults) > 0 {
			at, _ = faults[0].(map[string]any)["pointer"].(string)
		}
		if code != test.err || at != test.at || got["ok"] != (test.err == "") {
			t.Errorf("%v: got %v, want error %q at %q", test.params, got, test.err, test.at)
		}
	}
	if n := len(s.Messages()); n != 0 {
		t.Errorf("got %d messages, want none", n)
	}
}

func TestAMethodNeedsItsScope(t *testing.T) {
	s := start(t)
	s.AddChannel(slacktest.Channel{ID: "C1", Name: "one", BotMember: true})
	s.AddChannel(slacktest.Channel{ID: "C2", Name: "two", BotMember: true, Private: true})
	s.SetScopes("channels:read", "users:read")
	for _, test := range []struct{ method, param, value, needed string }{
		{"auth.test", "", "", ""},
		{"conversations.info", "channel", "C1", ""},
		{"conversations.info", "channel", "C2", "groups:read"},
		{"chat.postMessage", "channel", "C1", "chat:write"},
		{"usergroups.list", "", "", "usergroups:read"},
	} {
		got, scopes := ask(t, s, test.method, url.Values{test.param: {test.value}})
		if needed, _ := got["needed"].(string); needed != test.needed || scopes != "channels:read,users:read" {
			t.Errorf("%s %s: got %v under %q, want %q to be missing", test.method, test.value, got, scopes, test.needed)
		}
	}
}
