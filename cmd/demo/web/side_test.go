package web

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// beside is the whole page, as one that calls itself page sees it.
func (b *browser) beside(page string) string {
	b.t.Helper()
	answer, text := b.do(http.MethodGet, "/alice/general?page="+page, "", nil)
	if answer.StatusCode != http.StatusOK {
		b.t.Fatalf("got %s: %s", answer.Status, text)
	}
	return text
}

// inPane posts to a pane.
func (b *browser) inPane(pane, act string, form url.Values) (int, string) {
	b.t.Helper()
	answer, text := b.do(http.MethodPost, "/pane/"+pane+"/"+act, form.Encode(), func(r *http.Request) { r.Header.Set("X-Page", "1") })
	return answer.StatusCode, text
}

// asks sends what the page would after a button of the tour has put it in.
func (b *browser) asks(person, text string) {
	b.t.Helper()
	p, _ := b.person(person)
	if p.Device != nil {
		text = strings.ReplaceAll(text, "{mfa}", p.Device.Code())
	}
	text = strings.ReplaceAll(text, "{key}", p.Key.Public())
	b.act(person, general, "send", url.Values{"text": {text}})
}

// until waits until something is so. It looks at Slack's news, and now and then: on a
// busy machine a page may not have the record at once, and no news follows.
func (b *browser) until(what string, so func() bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		look, end := context.WithTimeout(ctx, time.Second)
		err := b.world.Slack.Await(look, func(*slacktest.Server) bool { return so() })
		end()
		if err == nil {
			return
		}
	}
	b.t.Fatalf("not in time: %s", what)
}

// hears waits until somebody sees a message that says text.
func (b *browser) hears(person, text string) {
	b.t.Helper()
	p, _ := b.person(person)
	b.until(text, func() bool {
		return slices.ContainsFunc(b.world.Slack.SeenBy(p.ID), func(m slacktest.Message) bool { return strings.Contains(m.Plain(), text) })
	})
}

// nextCode has everybody wait for one.
func (b *browser) nextCode() {
	b.t.Helper()
	p, _ := b.person("alice")
	if err := b.world.Advance(p.Device.NextIn()); err != nil {
		b.t.Fatal(err)
	}
}

// pressesAnywhere presses a button once there is one, wherever somebody sees it.
func (b *browser) pressesAnywhere(person, label string) {
	b.t.Helper()
	p, _ := b.person(person)
	var on slacktest.MessageRef
	var button slacktest.Button
	b.until("a button "+label, func() bool {
		for _, m := range b.world.Slack.SeenBy(p.ID) {
			for _, found := range m.Buttons() {
				if found.Label == label {
					on, button = m.Ref(), found
					return true
				}
			}
		}
		return false
	})
	b.act(person, general, "press", url.Values{"on": {refText(on)}, "block": {button.BlockID}, "action": {button.ActionID}})
}

var (
	atStep   = regexp.MustCompile(`data-tour-step="([a-z-]+)" data-done="(true|false)" aria-current="step"`)
	doneStep = regexp.MustCompile(`data-tour-step="([a-z-]+)" data-done="true"`)
)

// tourAt is where the tour of a page is, "" once it is over.
func (b *browser) tourAt(page string) string {
	b.t.Helper()
	if found := atStep.FindStringSubmatch(b.beside(page)); found != nil {
		return found[1]
	}
	return ""
}

// awaitTour returns once the tour of a page is there.
func (b *browser) awaitTour(page, want string) {
	b.t.Helper()
	b.until("the tour at "+want, func() bool { return b.tourAt(page) == want })
}

func TestTourGoesOnByItselfWhenAStepIsDone(t *testing.T) {
	t.Parallel()
	b := visit(t)
	b.nextCode() // for half a minute
	const page = "0a1b"
	if got := b.tourAt(page); got != "credentials" {
		t.Fatalf("got the tour at %q, want its first step", got)
	}
	b.asks("alice", "/assume prod {mfa} because INC-42")
	b.awaitTour(page, "wrong-code")
	b.asks("alice", "/assume prod 000000")
	b.awaitTour(page, "spent-code")
	b.asks("alice", "/assume prod {mfa}")
	b.awaitTour(page, "other-account")
	b.nextCode()
	b.asks("alice", "/assume staging {mfa}")
	b.hears("alice", "staging is yours until")
	if got := b.tourAt(page); got != "other-account" {
		t.Errorf("after a code for staging: got the tour at %q, want it to wait for a request without", got)
	}
	b.asks("alice", "/assume staging because INC-43")
	b.awaitTour(page, "approval")
	b.asks("alice", "/assume vault for 30m because INC-42")
	b.pressesAnywhere("bob", "Approve")
	b.nextCode()
	b.pressesAnywhere("alice", "Enter code")
	alice, _ := b.person("alice")
	b.until("a window", func() bool { return len(b.world.Slack.Views(alice.ID)) == 1 })
	window := b.world.Slack.Views(alice.ID)[0]
	values := url.Values{"on": {window.ID}}
	for _, f := range window.Fields {
		if f.ActionID == "code" || strings.Contains(f.Label, "code") {
			values.Add("field", f.BlockID)
			values.Add("value", alice.Device.Code())
		}
	}
	b.act("alice", general, "submit", values)
	b.awaitTour(page, "break-glass")
	b.nextCode()
	b.asks("alice", "/assume vault {mfa} break-glass because nobody answers")
	b.awaitTour(page, "revoke")
	b.asks("alice", "/assume revoke vault because laptop lost")
	b.awaitTour(page, "sealed")
	b.nextCode()
	b.asks("alice", "/assume key {key} {mfa}")
	b.hears("alice", "Your key is set")
	b.nextCode()
	b.asks("alice", "/assume prod {mfa}")
	b.awaitTour(page, "")
	if got := len(doneStep.FindAllString(b.beside(page), -1)); got != 8 {
		t.Errorf("got %d steps done, want 8", got)
	}
	if got := b.tourAt("another"); got != "" && got != "credentials" {
		t.Errorf("another page is at %q, want at its own beginning", got)
	}
}

func TestTourPutsInNoSpentCodeButWhereThatIsTheLesson(t *testing.T) {
	t.Parallel()
	b := visit(t)
	b.nextCode() // for half a minute
	waits := func(step string) int {
		t.Helper()
		if status, text := b.inPane("tour", "move", url.Values{"page": {"a"}, "to": {step}}); status != http.StatusNoContent {
			t.Fatalf("got %d %s", status, text)
		}
		return strings.Count(b.beside("a"), "next code in")
	}
	if got := waits("break-glass"); got != 0 {
		t.Errorf("before the code is used: got %d buttons that wait, want none", got)
	}
	b.asks("alice", "/assume prod {mfa}")
	b.hears("alice", "prod is yours until")
	for step, want := range map[string]int{"credentials": 1, spentCode: 0, "other-account": 1, "approval": 0, "break-glass": 1, "sealed": 2} {
		if got := waits(step); got != want {
			t.Errorf("%s: got %d buttons that wait for the next code, want %d", step, got, want)
		}
	}
	b.nextCode()
	if got := waits("sealed"); got != 0 {
		t.Errorf("with the next code: got %d buttons that wait, want none", got)
	}
}

func TestTourIsSkippedGoneBackToAndRestarted(t *testing.T) {
	t.Parallel()
	b := visit(t)
	move := func(page, to, want string) {
		t.Helper()
		if status, text := b.inPane("tour", "move", url.Values{"page": {page}, "to": {to}}); status != http.StatusNoContent {
			t.Fatalf("got %d %s", status, text)
		}
		if got := b.tourAt(page); got != want {
			t.Errorf("after %s: got the tour at %q, want %q", to, got, want)
		}
	}
	move("a", "back", "credentials")
	move("a", "next", "wrong-code")
	move("a", "sealed", "sealed")
	move("a", "next", "")
	move("a", "next", "")
	move("a", "back", "sealed")
	move("b", "nonsense", "credentials")
	b.asks("alice", "/assume prod {mfa}")
	b.awaitTour("b", "wrong-code")
	move("b", "back", "credentials")
	if got := doneStep.FindStringSubmatch(b.beside("b")); got == nil || got[1] != "credentials" {
		t.Errorf("got %v, want the first step done", got)
	}
	move("b", "restart", "credentials")
	if got := doneStep.FindString(b.beside("b")); got != "" {
		t.Errorf("after restart: got %s", got)
	}
	if got := b.tourAt("a"); got != "sealed" {
		t.Errorf("the other page: got %q, want sealed", got)
	}
}

// happened are the feed's items, in order: their source and kind.
func (b *browser) happened() (items []string, text string) {
	b.t.Helper()
	_, text, _ = strings.Cut(b.beside("a"), `<section class="feed"`)
	for _, found := range regexp.MustCompile(`data-source="(\w+)" data-kind="(\w*)"`).FindAllStringSubmatch(text, -1) {
		items = append(items, strings.TrimSpace(found[1]+" "+found[2]))
	}
	return items, html.UnescapeString(text)
}

func TestFeedShowsIntentThenCallThenOutcomeThenReply(t *testing.T) {
	t.Parallel()
	b := visit(t)
	alice, _ := b.person("alice")
	code := alice.Device.Code()
	b.asks("alice", "/assume staging "+code)
	var items []string
	var text string
	b.until("three messages in the feed", func() bool {
		items, text = b.happened()
		return strings.Count(text, "#aws-audit") >= 2 && strings.Contains(text, "to alice alone")
	})
	want := []string{
		"record intent", "aws GetSessionToken", "record granted", "record intent", "aws AssumeRole", "record granted", "slack",
	}
	rest := items
	for _, each := range want {
		for len(rest) > 0 && rest[0] != each {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			t.Fatalf("got %v, want %v in this order", items, want)
		}
	}
	for _, shown := range []string{"a message to alice alone", "a message to #aws-audit", "200 OK", alice.Device.Serial()} {
		if !strings.Contains(text, shown) {
			t.Errorf("got no %q in:\n%s", shown, text)
		}
	}
}

func TestFeedHoldsNoSecretAndNoCode(t *testing.T) {
	t.Parallel()
	b := visit(t)
	alice, _ := b.person("alice")
	var secrets []string
	for i, text := range []string{"/assume prod {mfa}", "/assume staging {mfa} as console"} {
		secrets = append(secrets, alice.Device.Code())
		b.asks("alice", text)
		b.until("an answer", func() bool {
			_, text := b.happened()
			return strings.Count(text, "a message to alice alone") == i+1
		})
		b.nextCode()
	}
	for _, m := range b.world.Slack.SeenBy(alice.ID) {
		for _, text := range m.Preformatted() {
			for _, found := range regexp.MustCompile(`'([^']{30,})'`).FindAllStringSubmatch(text, -1) {
				secrets = append(secrets, found[1])
			}
		}
	}
	for _, c := range b.world.AWS.Calls() {
		if session := c.Params.Get("Session"); session != "" {
			secrets = append(secrets, session[:40])
		}
	}
	if len(secrets) < 5 {
		t.Fatalf("got %d secrets, want two codes, a key, a token and what signs in", len(secrets))
	}
	_, text := b.happened()
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("got %q in the feed", secret)
		}
	}
}

func TestFeedShowsOneRequestAlone(t *testing.T) {
	t.Parallel()
	b := visit(t)
	b.asks("alice", "/assume prod {mfa}")
	b.asks("bob", "/assume prod 123456")
	var text string
	b.until("both outcomes", func() bool {
		_, text = b.happened()
		return strings.Contains(text, `data-kind="granted"`) && strings.Contains(text, `data-kind="refused"`)
	})
	of := regexp.MustCompile(`data-kind="granted" data-request="(\w+)"`).FindStringSubmatch(text)
	if of == nil {
		t.Fatalf("got no request in:\n%s", text)
	}
	if status, _ := b.inPane("feed", "choose", url.Values{"page": {"a"}, "request": {of[1]}}); status != http.StatusNoContent {
		t.Fatalf("got %d", status)
	}
	var items []string
	b.until("the request", func() bool {
		items, _ = b.happened()
		return len(items) > 0
	})
	if got, want := strings.Join(items[:min(3, len(items))], ", "), "record intent, aws AssumeRole, record granted"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if strings.Contains(strings.Join(items, ", "), "refused") {
		t.Errorf("got %v, want bob's request hidden", items)
	}
}

func TestClockMovesForEverybody(t *testing.T) {
	t.Parallel()
	b := visit(t)
	before := b.world.Clock.Moved()
	if status, text := b.inPane("clock", "advance", url.Values{"by": {"1h"}}); status != http.StatusNoContent {
		t.Fatalf("got %d %s", status, text)
	}
	if got := b.world.Clock.Moved() - before; got.Hours() != 1 {
		t.Errorf("got %s, want 1h", got)
	}
	if !strings.Contains(b.beside("a"), ", 1h ahead") {
		t.Error("the page does not say how far ahead it is")
	}
	for _, by := range []string{"", "2h", "-5m"} {
		status, text := b.inPane("clock", "advance", url.Values{"by": {by}})
		if status != http.StatusUnprocessableEntity || !strings.Contains(text, "by 5m or by 1h") {
			t.Errorf("%q: got %d %s", by, status, text)
		}
	}
	alone := deserted(t)
	status, text := alone.inPane("clock", "advance", url.Values{"by": {"5m"}})
	if status != http.StatusUnprocessableEntity || !strings.Contains(text, "ime is real") {
		t.Errorf("without a bot: got %d %s", status, text)
	}
	if strings.Contains(alone.beside("a"), "+5m") {
		t.Error("without a bot: the page has a button to move the clock")
	}
}

func TestDeviceShowsItsCodeAndThatItWasUsed(t *testing.T) {
	t.Parallel()
	b := visit(t)
	b.nextCode() // for half a minute
	alice, _ := b.person("alice")
	code := alice.Device.Code()
	if page := b.beside("a"); !strings.Contains(page, `data-code="`+code+`"`) || strings.Contains(page, "device-used") {
		t.Errorf("got no unused code %s", code)
	}
	b.asks("alice", "/assume prod "+code)
	b.until("the code is shown as used", func() bool { return strings.Contains(b.beside("a"), "device-used") })
	if page := b.page("carol", general); !strings.Contains(page, "carol has no MFA device") {
		t.Error("carol has one")
	}
}

func TestShellOfThePageRunsWhatIsPasted(t *testing.T) {
	t.Parallel()
	b := visit(t)
	run := func(typed string) string {
		t.Helper()
		if status, text := b.inPane("shell", "run", url.Values{"person": {"alice"}, "typed": {typed}}); status != http.StatusNoContent {
			t.Fatalf("got %d %s", status, text)
		}
		return html.UnescapeString(b.page("alice", general))
	}
	b.asks("alice", "/assume staging {mfa}")
	alice, _ := b.person("alice")
	snippet := ""
	b.until("a snippet", func() bool {
		for _, m := range b.world.Slack.SeenBy(alice.ID) {
			snippet += strings.Join(m.Preformatted(), "")
		}
		return snippet != ""
	})
	run(strings.ReplaceAll(snippet, "\n", "\r\n")) // as a form sends it
	if got := run("aws s3 ls"); !strings.Contains(got, "staging-assets") {
		t.Error("the snippet does not work")
	}
	for i := range maxTranscript + 5 {
		run("nonsense " + strconv.Itoa(i))
	}
	if got := run("help"); strings.Contains(got, "nonsense 1\n") || strings.Count(got, `class="shell-typed"`) != maxTranscript {
		t.Errorf("got %d inputs on the screen, want the newest %d", strings.Count(got, `class="shell-typed"`), maxTranscript)
	}
	if got := run("clear"); strings.Contains(got, `class="shell-typed"`) {
		t.Error("clear leaves something")
	}
	if got := b.page("bob", general); strings.Contains(got, "staging-assets") {
		t.Error("bob sees alice's shell")
	}
}

func TestNewestPagesAreKept(t *testing.T) {
	var p perPage[int]
	for i := range maxPages + 2 {
		p.set(strconv.Itoa(i), i)
	}
	p.set("not a name", 7)
	if got := p.of("Nor this"); got != 7 {
		t.Errorf("pages without a name: got %d, want them to share 7", got)
	}
	if len(p.held) != maxPages || len(p.order) != maxPages || p.of("0") != 0 || p.of("65") != 65 {
		t.Errorf("got %d pages, want the newest %d", len(p.held), maxPages)
	}
}
