package web

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// sees waits until somebody's page says all of that, and returns it.
func (b *browser) sees(person, place string, want ...string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	text := ""
	err := b.world.Slack.Await(ctx, func(*slacktest.Server) bool {
		text = b.page(person, place)
		for _, each := range want {
			if !strings.Contains(text, each) {
				return false
			}
		}
		return true
	})
	if err != nil {
		b.t.Fatalf("%s at %s does not see %q in:\n%s", person, place, want, text)
	}
	return text
}

// types sends what is in the message box.
func (b *browser) types(person, place, text string) {
	b.t.Helper()
	b.act(person, place, "send", url.Values{"text": {text}})
}

// presses presses the button of that label, as the page has it.
func (b *browser) presses(person, place, label string) {
	b.t.Helper()
	text := b.sees(person, place, ">"+label+"</button>")
	end := strings.LastIndex(text, ">"+label+"</button>")
	tag := text[strings.LastIndex(text[:end], "<button"):end]
	b.act(person, place, "press", url.Values{
		"on": {lastAttribute(b.t, text[:end], "data-ref")}, "block": {lastAttribute(b.t, tag, "data-block")}, "action": {lastAttribute(b.t, tag, "data-action")},
	})
}

func lastAttribute(t *testing.T, text, name string) string {
	t.Helper()
	all := regexp.MustCompile(name+`="([^"]*)"`).FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		t.Fatalf("no %s in %s", name, text)
	}
	return all[len(all)-1][1]
}

// window is what names the window on top of somebody's Slack.
func (b *browser) window(person string) string {
	b.t.Helper()
	return lastAttribute(b.t, b.sees(person, general, `role="dialog"`), `role="dialog"[^>]*data-ref`)
}

func (b *browser) code(person int) string { return b.world.People[person].Device.Code() }

func TestCommandIsAnsweredToWhoTypedItAlone(t *testing.T) {
	t.Parallel()
	b := visit(t)
	b.types("alice", general, "/assume prod "+b.code(0))
	b.sees("alice", general, "Only visible to you", "<strong>prod</strong> is yours until", "export AWS_SESSION_TOKEN=", `data-do="copy"`)
	if text := b.page("bob", general); strings.Contains(text, "AWS_SESSION_TOKEN") || strings.Contains(text, "Only visible to you") {
		t.Errorf("bob sees what alice was answered:\n%s", text)
	}
	b.sees("bob", audit, "Granted", "prod")
}

func TestApprovalIsReplacedInPlaceWhereItIsPressed(t *testing.T) {
	t.Parallel()
	b := visit(t)
	b.types("alice", general, "/assume vault for 30m because INC-1")
	b.presses("bob", direct, "Approve")
	text := b.sees("bob", direct, "Approved")
	if strings.Contains(text, ">Approve</button>") || strings.Count(text, "<article") != 1 {
		t.Errorf("the request is not replaced:\n%s", text)
	}
	b.sees("alice", direct, "vault")
}

func TestFormIsFilledCheckedAndAnsweredInItsWindow(t *testing.T) {
	t.Parallel()
	b := visit(t)
	b.types("alice", general, "/assume")
	on := b.window("alice")
	if text := b.page("alice", general); !strings.Contains(text, `id="oneslack" inert`) {
		t.Errorf("what is behind the window can be reached:\n%s", text)
	}
	form := func(pairs ...string) url.Values {
		f := url.Values{"on": {on}}
		for i := 0; i < len(pairs); i += 2 {
			f.Add(pairs[i], pairs[i+1])
		}
		return f
	}
	menu := form("block", "account", "action", "account", "typed", "stag", "id", "list")
	answer, offered := b.do(http.MethodPost, "/alice/general/suggest", menu.Encode(), nil)
	if answer.StatusCode != http.StatusOK || !strings.Contains(offered, `role="option"`) || strings.Contains(offered, "prod") {
		t.Fatalf("for stag it offers %s %s", answer.Status, offered)
	}
	b.act("alice", general, "submit", form())
	b.sees("alice", general, `aria-invalid="true"`, `-wrong">Please complete this required field.`)
	b.act("alice", general, "choose", form("block", "account", "action", "account", "value", lastAttribute(t, offered, "data-value")))
	text := b.sees("alice", general, `value="staging"`, `data-block="duration-staging"`)
	if strings.Contains(text, "Please complete") {
		t.Errorf("the complaint stays:\n%s", text)
	}
	b.act("alice", general, "submit", form())
	text = b.sees("alice", general, `aria-invalid="true"`, `-wrong">Please complete this required field.`)
	block := lastAttribute(t, text[:strings.Index(text, `data-action="code"`)], "data-block")
	b.act("alice", general, "submit", form("field", block, "value", "12345"))
	text = b.sees("alice", general, `aria-invalid="true"`, "A code has six digits.")
	block = lastAttribute(t, text[:strings.Index(text, `data-action="code"`)], "data-block")
	b.act("alice", general, "submit", form("field", block, "value", b.code(0)))
	b.sees("alice", general, "<strong>staging</strong> is yours until")
	b.act("alice", general, "close", url.Values{"on": {b.window("alice")}})
	if text := b.page("alice", general); strings.Contains(text, `role="dialog"`) || strings.Contains(text, "inert") {
		t.Errorf("the window is still open:\n%s", text)
	}
}

func TestFieldsKeepWhatIsTyped(t *testing.T) {
	t.Parallel()
	b := visit(t)
	b.types("alice", general, "/assume")
	on := b.window("alice")
	b.act("alice", general, "fill", url.Values{"on": {on}, "block": {"reason"}, "value": {`INC-1 "quoted" <b>`}})
	b.sees("alice", general, `value="INC-1 &#34;quoted&#34; &lt;b&gt;"`)
	for _, gone := range []url.Values{{"on": {on}, "block": {"gone"}}, {"on": {"V0"}, "block": {"reason"}}} {
		b.act("alice", general, "fill", gone)
	}
	if text := b.page("alice", general); strings.Contains(text, `class="said"`) {
		t.Errorf("a field that is gone is complained of:\n%s", text)
	}
	b.act("alice", general, "fill", url.Values{"on": {on}, "block": {"reason"}, "value": {strings.Repeat("x", 5000)}})
	b.sees("alice", general, `class="said"`, "5000 characters typed")
}

func TestHomeIsAskedForWhenSomebodyGoesThere(t *testing.T) {
	t.Parallel()
	b := visit(t)
	before, _ := b.do(http.MethodGet, "/bob/home?live=1", "", nil)
	if _, published := b.world.Slack.Home("U02BOB"); before.StatusCode != http.StatusOK || published {
		t.Fatal("a page that looks again opens Home")
	}
	b.page("bob", home)
	b.sees("bob", home, "What you have now")
	b.act("bob", home, "shortcut", nil)
	b.sees("bob", home, `role="dialog"`, "AWS credentials")
}

func TestUnknownCommandIsAnsweredAsSlackDoes(t *testing.T) {
	t.Parallel()
	b := deserted(t)
	b.types("carol", general, "/giphy cats")
	text := b.sees("carol", general, "Slackbot", "/giphy is not a valid command.", "Only visible to you")
	if other := b.page("alice", general); strings.Contains(other, "giphy") {
		t.Errorf("alice sees it:\n%s", other)
	}
	b.act("carol", general, "dismiss", url.Values{"what": {regexp.MustCompile(`value="(notice \d+)"`).FindStringSubmatch(text)[1]}})
	if text := b.page("carol", general); strings.Contains(text, "giphy") {
		t.Errorf("it is still there:\n%s", text)
	}
}

func TestPrivateMessagesAreDismissedAndNoOthers(t *testing.T) {
	t.Parallel()
	b := deserted(t)
	b.types("alice", general, "hello")
	b.types("alice", general, "/assume help")
	text := b.sees("alice", general, `failed with the error &#34;dispatch_failed&#34;`)
	private := regexp.MustCompile(`value="(C0GENERAL [0-9.]+)">Dismiss`).FindStringSubmatch(text)
	if private == nil {
		t.Fatalf("nothing can be dismissed in:\n%s", text)
	}
	b.act("bob", general, "dismiss", url.Values{"what": {private[1]}})
	b.sees("alice", general, "dispatch_failed")
	b.act("alice", general, "dismiss", url.Values{"what": {private[1]}})
	hello := b.world.Slack.InChannel(world.General)[0]
	b.act("alice", general, "dismiss", url.Values{"what": {refText(hello.Ref())}})
	text = b.page("alice", general)
	if strings.Contains(text, "dispatch_failed") || !strings.Contains(text, "hello") {
		t.Errorf("got:\n%s", text)
	}
}

func TestWhatTheAppDoesNotAnswerIsWarnedOf(t *testing.T) {
	t.Parallel()
	b := deserted(t)
	b.posts(world.General, "Press it", `[{"type":"actions","elements":[{"type":"button","action_id":"a","text":{"type":"plain_text","text":"Go"}}]}]`)
	b.presses("alice", general, "Go")
	b.sees("alice", general, `class="warning" role="alert"`, "assumebot did not respond.")
	if text := b.page("bob", general); strings.Contains(text, "did not respond") {
		t.Errorf("bob is warned of what alice pressed:\n%s", text)
	}
	b.act("alice", home, "shortcut", nil)
	b.sees("alice", home, `role="alert"`, "Assumebot did not respond.")
}

// posts has the bot post to a channel, as whoever has its token can.
func (b *browser) posts(channel, text, blocks string) string {
	b.t.Helper()
	form := url.Values{"channel": {channel}, "text": {text}}
	if blocks != "" {
		form.Set("blocks", blocks)
	}
	b.calls("chat.postMessage", form)
	list := b.world.Slack.InChannel(channel)
	return list[len(list)-1].TS
}

func (b *browser) calls(method string, form url.Values) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.world.Slack.APIURL()+method, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+b.world.Slack.BotToken())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: got %s, %v", method, answer.Status, err)
	}
}

func TestWhoHasNoJavaScriptIsLedBackToThePageAndNowhereElse(t *testing.T) {
	t.Parallel()
	b := deserted(t)
	back := b.address(spot{"alice", general}, spot{"bob", audit})
	for _, test := range []struct {
		back string
		want int
	}{
		{back, http.StatusSeeOther},
		{"https://evil.example" + back, http.StatusNoContent},
		{"//evil.example" + back, http.StatusNoContent},
		{"https:" + back, http.StatusNoContent},
		{"https://@" + back, http.StatusNoContent},
		{"javascript:" + back, http.StatusNoContent},
		{"//@" + back, http.StatusNoContent},
		{b.base + "/../elsewhere", http.StatusNoContent},
		{b.base + "/%2e%2e/elsewhere", http.StatusNoContent},
		{back + "#fragment", http.StatusSeeOther},
		{"//" + back, http.StatusNoContent},
		{"/elsewhere", http.StatusNoContent},
		{"", http.StatusNoContent},
	} {
		answer, _ := b.do(http.MethodPost, "/alice/general/send", url.Values{"back": {test.back}, "text": {"hello"}}.Encode(), nil)
		if answer.StatusCode != test.want || test.want == http.StatusSeeOther && answer.Header.Get("Location") != back {
			t.Errorf("back to %q: got %s to %q", test.back, answer.Status, answer.Header.Get("Location"))
		}
	}
}
