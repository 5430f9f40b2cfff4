package slacktest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
)

type answer struct {
	OK       bool   `json:"ok"`
	Error    string `json:"error"`
	Metadata struct {
		Messages []string `json:"messages"`
	} `json:"response_metadata"`
	View struct {
		ID   string `json:"id"`
		Hash string `json:"hash"`
	} `json:"view"`
}

// callMethod posts a form, as a client without any SDK would.
func callMethod(t *testing.T, s *slacktest.Server, method string, params map[string]string) answer {
	t.Helper()
	form := url.Values{"token": {s.BotToken()}}
	for k, v := range params {
		form.Set(k, v)
	}
	resp, err := http.PostForm(s.APIURL()+method, form)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out answer
	decodeJSON(t, data, &out)
	return out
}

func repeat(item string, n int) string {
	return strings.TrimSuffix(strings.Repeat(item+",", n), ",")
}

func plain(n int) string {
	return fmt.Sprintf(`{"type":"plain_text","text":%q}`, strings.Repeat("x", n))
}

func button(text, value string) string {
	return fmt.Sprintf(`{"type":"button","text":{"type":"plain_text","text":%q},"value":%q}`, text, value)
}

func options(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"text":{"type":"plain_text","text":"o%d"},"value":"v%d"}`, i, i)
	}
	return "[" + strings.Join(list, ",") + "]"
}

func TestBlocksAtTheLimitPassAndBeyondItAreRefused(t *testing.T) {
	s := start(t)
	x := func(n int) string { return strings.Repeat("x", n) }
	section := func(n int) string {
		return fmt.Sprintf(`{"type":"section","text":{"type":"mrkdwn","text":%q}}`, x(n))
	}
	actions := func(elements string) string { return `{"type":"actions","elements":[` + elements + `]}` }
	menu := func(opts string) string {
		return actions(`{"type":"static_select","placeholder":` + plain(5) + `,"options":` + opts + `}`)
	}
	for _, tt := range []struct{ name, good, bad string }{
		{"section text", section(3000), section(3001)},
		{"empty text", section(1), section(0)},
		{"header", `{"type":"header","text":` + plain(150) + `}`, `{"type":"header","text":` + plain(151) + `}`},
		{"header is plain", `{"type":"header","text":` + plain(1) + `}`, `{"type":"header","text":{"type":"mrkdwn","text":"x"}}`},
		{"fields", `{"type":"section","fields":[` + repeat(plain(9), 10) + `]}`, `{"type":"section","fields":[` + repeat(plain(9), 11) + `]}`},
		{"field", `{"type":"section","fields":[` + plain(2000) + `]}`, `{"type":"section","fields":[` + plain(2001) + `]}`},
		{"button text", actions(button(x(75), "v")), actions(button(x(76), "v"))},
		{"button value", actions(button("b", x(2000))), actions(button("b", x(2001)))},
		{"actions", actions(repeat(button("b", "v"), 25)), actions(repeat(button("b", "v"), 26))},
		{"options", menu(options(100)), menu(options(101))},
		{"no options", menu(options(1)), menu(options(0))},
		{"context", `{"type":"context","elements":[` + repeat(plain(1), 10) + `]}`, `{"type":"context","elements":[` + repeat(plain(1), 11) + `]}`},
		{"block_id", `{"type":"divider","block_id":"` + x(255) + `"}`, `{"type":"divider","block_id":"` + x(256) + `"}`},
		{"unique block_id", `{"type":"divider","block_id":"a"}`, `{"type":"divider","block_id":"a"},{"type":"divider","block_id":"a"}`},
		{"blocks", repeat(`{"type":"divider"}`, 50), repeat(`{"type":"divider"}`, 51)},
		{"known type", `{"type":"divider"}`, `{"type":"dividr"}`},
		{"known field", `{"type":"divider"}`, `{"type":"divider","colour":"red"}`},
		{"input", section(1), `{"type":"input","label":` + plain(1) + `,"element":{"type":"plain_text_input"}}`},
		{"rich text", rich(`{"type":"text","text":"x"}`), rich(`{"type":"text","text":""}`)},
		{"preformatted", rich(`{"type":"link","url":"https://x.example"}`), rich(`{"type":"user","user_id":"U1"}`)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := post(t, s, tt.good); !got.OK {
				t.Errorf("at the limit: got %+v", got)
			}
			got := post(t, s, tt.bad)
			if got.Error != "invalid_blocks" || len(got.Metadata.Messages) == 0 {
				t.Errorf("beyond: got %+v, want invalid_blocks with messages", got)
			}
		})
	}
}

func rich(leaf string) string {
	return `{"type":"rich_text","elements":[{"type":"rich_text_preformatted","elements":[` + leaf + `]}]}`
}

func post(t *testing.T, s *slacktest.Server, blocks string) answer {
	t.Helper()
	return callMethod(t, s, "chat.postMessage", map[string]string{"channel": general, "text": "t", "blocks": "[" + blocks + "]"})
}

func TestPreformattedOfTwelveThousandBytesFitsAMessage(t *testing.T) {
	s := start(t)
	long := strings.Repeat("y", 13_000)
	text, err := json.Marshal(long)
	if err != nil {
		t.Fatal(err)
	}
	if got := post(t, s, rich(`{"type":"text","text":`+string(text)+`}`)); !got.OK {
		t.Fatalf("got %+v", got)
	}
	if got := s.InChannel(general)[0].Preformatted()[0]; got != long {
		t.Errorf("got %d bytes, want %d", len(got), len(long))
	}
}

func TestUnknownMethodAndBadBodiesAreRefused(t *testing.T) {
	s := start(t)
	if got := callMethod(t, s, "chat.shout", nil); got.Error != "unknown_method" {
		t.Errorf("got %+v, want unknown_method", got)
	}
	if got := callMethod(t, s, "chat.postMessage", map[string]string{"channel": general, "blocks": `{"a":1}`}); got.Error != "invalid_blocks_format" {
		t.Errorf("got %+v, want invalid_blocks_format", got)
	}
	resp, err := http.Post(s.APIURL()+"chat.postMessage", "application/json", strings.NewReader(`{"token":"`+s.BotToken()+`","channel":"C1"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(data), "not_authed") {
		t.Errorf("token in a JSON body: got %s %v, want not_authed", data, err)
	}
}
