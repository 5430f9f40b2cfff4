package web

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/browsertest"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// The tests of the frame have the browser to themselves, one after the other: so many
// tabs at once are slower than people.

// twoSlacks shows two people side by side.
var twoSlacks = browsertest.Look{Width: 1600, Height: 900}

// judged checks what anybody must be able to read, name and reach.
func judged(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	for _, trouble := range [][]string{tab.Faint(), tab.Unnamed(), tab.Overflowing("")} {
		if len(trouble) > 0 {
			t.Errorf("got %q", trouble)
		}
	}
}

const box = `document.querySelector("#one [data-composer] textarea")`

func TestCommandsAreCompletedByKeys(t *testing.T) {
	b := visit(t)
	tab := browsertest.Open(t, twoSlacks)
	tab.Go(b.URL())
	tab.Click("#one textarea")
	const open = `document.querySelectorAll("#one .commands:not([hidden]) li:not([hidden])").length`
	tab.Keys("/")
	tab.Wait(open + " === 4")
	tab.Wait(box + `.getAttribute("aria-expanded") === "true"`)
	tab.Keys(kb.ArrowDown)
	tab.Wait(`document.getElementById(` + box + `.getAttribute("aria-activedescendant")).dataset.value === "/buckets"`)
	tab.Keys(kb.Escape)
	tab.Wait(open + " === 0")
	tab.Keys("as")
	tab.Wait(open + " === 1")
	tab.Keys("\t")
	tab.Wait(box + `.value === "/assume "`)
	tab.Sees("#one .commands", "[because REASON]") // how it is used stays in sight
	tab.Keys("help")
	tab.Keys("\r")
	tab.Sees("#one .log", "Only visible to you")
	tab.Wait(box + `.value === "" && document.activeElement === ` + box)
}

func TestFormsTakeTheFocusAndGiveItBack(t *testing.T) {
	b := visit(t)
	tab := browsertest.Open(t, browsertest.Phone)
	tab.Go(b.URL())
	tab.Click("#one textarea")
	tab.Keys("/assume")
	tab.Keys("\r")
	const menu = "#one .window.top [data-do=suggest]"
	tab.Wait(`document.activeElement === document.querySelector("` + menu + `")`)
	judged(t, tab)
	tab.Keys(kb.ArrowDown)
	tab.Wait(`document.querySelectorAll("#one .window [role=option]").length === 4`)
	tab.Keys("stag")
	tab.Wait(`document.querySelectorAll("#one .window [role=option]").length === 1`)
	tab.Keys("\r")
	tab.Wait(`document.querySelector("` + menu + `").value === "staging"`)
	tab.TabTo("#one .window [type=submit]", 9)
	tab.Keys("\t")
	tab.Wait(`document.activeElement.matches(".window .cross")`) // it wraps
	tab.TabTo("#one .window [type=submit]", 9)
	tab.Keys("\r")
	tab.Sees("#one .window .bk-wrong", "Please complete this required field.")
	code := b.code(0)
	tab.Wait(`document.activeElement.matches("[data-action=code][aria-invalid=true]")`)
	tab.Keys(code[:3] + "\r")
	tab.Sees("#one .window .bk-wrong", "A code has six digits")
	tab.Wait(`document.activeElement.matches("[data-action=code][aria-invalid=true]")`)
	tab.Keys(kb.End + code[3:] + "\r")
	tab.Sees("#one .window", "staging is yours until")
	browsertest.Eval[bool](tab, `{
		const write = navigator.clipboard.writeText.bind(navigator.clipboard);
		navigator.clipboard.writeText = text => write(window.copied = text);
		true;
	}`)
	tab.Click("#one .window [data-do=copy]")
	tab.Wait(`document.getElementById("aloud").textContent.startsWith("Copied")`)
	tab.Wait(`copied === document.querySelector("#one .window pre").textContent`)
	tab.Keys(kb.Escape)
	tab.Wait(`!document.querySelector(".window") && document.activeElement === ` + box)
}

func TestAFormThatLacksACodeAloneBeginsThere(t *testing.T) {
	b := visit(t)
	tab := browsertest.Open(t, browsertest.Desktop)
	tab.Go(b.URL())
	tab.Click("#one textarea")
	tab.Keys("/assume prod\r")
	tab.Wait(`document.activeElement.matches("#one .window.top [data-action=code]")`)
}

const stacked = `{"type":"modal","title":{"type":"plain_text","text":"TITLE"},"submit":{"type":"plain_text","text":"Go"},"blocks":[
	{"type":"input","block_id":"reason","label":{"type":"plain_text","text":"Reason"},"element":{"type":"plain_text_input","action_id":"reason"}},
	{"type":"actions","block_id":"more","elements":[{"type":"button","action_id":"more","text":{"type":"plain_text","text":"More"}}]}]}`

func TestWindowsStackAndGiveBackTheOneBelow(t *testing.T) {
	b := deserted(t)
	shows := func(method, title string, d *slacktest.Delivery, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		b.calls(method, url.Values{"trigger_id": {d.TriggerID}, "view": {strings.Replace(stacked, "TITLE", title, 1)}})
	}
	tab := browsertest.Open(t, browsertest.Phone.InTheDark())
	tab.Go(b.URL())
	tab.Click("#one textarea")
	d, err := b.world.Slack.Command("U01ALICE", world.General, "/assume", "")
	shows("views.open", "Below", d, err)
	const field = `document.querySelector("#one .window.top input")`
	tab.Wait(`document.activeElement === ` + field)
	tab.Keys("INC-1")
	below := b.world.Slack.Views("U01ALICE")[0]
	d, err = b.world.Slack.Press("U01ALICE", below.Ref(), "more", "more")
	shows("views.push", "Above", d, err)
	tab.Sees("#one .window.top", "Above")
	tab.Wait(`document.querySelectorAll("#one .window").length === 2 && document.activeElement === ` + field)
	tab.Wait(field + `.value === "" && document.querySelector("#one .window:not(.top)").inert`)
	judged(t, tab)
	tab.Keys("typed above")
	for range 5 { // round and round, and never below
		tab.Keys("\t")
		tab.Wait(`document.activeElement.closest(".window.top")`)
	}
	tab.Keys(kb.Escape)
	tab.Sees("#one .window.top", "Below")
	tab.Wait(`document.querySelectorAll("#one .window").length === 1 && ` + field + `.value === "INC-1"`)
	tab.Wait(`document.activeElement.closest(".window.top")`)
	tab.Keys(kb.Escape)
	tab.Wait(`!document.querySelector(".window") && document.activeElement === ` + box)
}

func TestConfirmationIsAskedAndNoChangesNothing(t *testing.T) {
	b := visit(t)
	tab := browsertest.Open(t, twoSlacks.InTheDark())
	tab.Go(b.URL())
	b.types("alice", general, "/assume staging "+b.code(0))
	tab.Press("#one .log", "End")
	tab.Sees("dialog[open]", "Revoke staging?")
	judged(t, tab)
	tab.Press("dialog[open]", "Keep")
	tab.Wait(`!document.querySelector("dialog[open]") && document.activeElement.innerText === "End"`)
	tab.Press("#one .log", "End")
	tab.Keys(kb.Escape)
	tab.Wait(`!document.querySelector("dialog[open]")`)
	if text := b.sees("alice", audit, "Granted"); strings.Contains(text, "Revoked") {
		t.Errorf("it is done before anybody said yes:\n%s", text)
	}
	tab.Press("#one .log", "End")
	tab.Press("dialog[open]", "Revoke")
	tab.Sees("#one .log", "Revoked: AWS refuses your sessions")
}

func TestWhatOthersDoDisturbsNobodyWhoTypesOrReads(t *testing.T) {
	b := deserted(t)
	for range 40 {
		b.types("bob", general, "a message")
	}
	tab := browsertest.Open(t, twoSlacks)
	tab.Go(b.URL())
	const log = `document.querySelector("#one .log")`
	tab.Wait(log + ".scrollTop > 0") // the newest first
	tab.Click("#one textarea")
	tab.Keys("half a ")
	browsertest.Eval[int](tab, log+".scrollTop = 100")
	b.types("bob", general, "the last @alice")
	tab.Sees("#one .log", "the last @alice")
	tab.Keys("sentence")
	tab.Wait(box + `.value === "half a sentence" && ` + log + ".scrollTop === 100")
	tab.Click(`#one [data-go][href*="/alice/assumebot"]`)
	tab.Wait(box + `.value === "" && location.pathname.endsWith("/alice/assumebot")`)
	browsertest.Eval[bool](tab, "history.back() ?? true")
	tab.Wait(box + `.value === "half a sentence"`) // a draft stays in its place
}

func TestATallAnswerIsShownFromItsHead(t *testing.T) {
	b := visit(t)
	tab := browsertest.Open(t, browsertest.Phone)
	tab.Go(b.URL())
	tab.Click("#one textarea")
	tab.Keys("/assume staging " + b.code(0) + "\r")
	tab.Sees("#one .log", "is yours until")
	const log = `document.querySelector("#one .log")`
	const below = log + ".lastElementChild.getBoundingClientRect().top - " + log + ".getBoundingClientRect().top"
	tab.Wait(log + ".lastElementChild.offsetHeight > " + log + ".clientHeight && Math.abs(" + below + ") < 2")
	b.types("bob", general, "short")
	tab.Sees("#one .log", "short")
	tab.Wait(log + ".scrollHeight - " + log + ".scrollTop - " + log + ".clientHeight < 2")
}

func TestArrowsOnAMenuOfAMessageChooseNothingUntilEnter(t *testing.T) {
	b := visit(t)
	tab := browsertest.Open(t, browsertest.Desktop)
	tab.Go(b.URL())
	b.types("alice", general, "/assume staging "+b.code(0))
	tab.Sees("#one .log", "is yours until")
	tab.TabTo("#one .log select", 40)
	tab.Keys(kb.ArrowDown)
	tab.Keys(kb.ArrowDown)
	tab.Wait(`document.activeElement.value === "fish" && document.activeElement.hasAttribute("data-waits")`)
	if text := b.page("alice", general); strings.Contains(text, "set -gx") {
		t.Errorf("it is done before Enter:\n%s", text)
	}
	tab.Keys("\r")
	tab.Sees("#one .log", "set -gx AWS_SESSION_TOKEN")
}

func TestKeyboardLeadsFromOneSlackToTheNext(t *testing.T) {
	tab := browsertest.Open(t, twoSlacks)
	tab.Go(deserted(t).URL())
	tab.Click("#one textarea")
	tab.Keys(kb.F6)
	tab.Wait(`document.activeElement === document.querySelector("#two textarea")`)
}

func TestEveryPlaceFitsAPhone(t *testing.T) {
	b := visit(t)
	b.types("alice", general, "/assume vault for 30m because INC-1")
	b.types("alice", general, "@here have a look")
	tab := browsertest.Open(t, browsertest.Phone)
	for _, place := range []string{general, audit, direct, home} {
		tab.Go(b.URL() + "bob/" + place)
		tab.Wait(`document.querySelector("#one .message, #one .home .bk")`)
		judged(t, tab)
		tab.Wants(true)
		if faint := tab.Faint(); len(faint) > 0 {
			t.Errorf("%s in the dark: got %q", place, faint)
		}
		tab.Wants(false)
		small := browsertest.Eval[[]string](tab, `[...document.querySelectorAll("#one button, #one a, #one select, #one textarea")]
			.filter(e => e.checkVisibility() && e.closest(".bk-controls, nav, form") && e.getBoundingClientRect().height < 43.9).map(e => e.outerHTML)`)
		if len(small) > 0 {
			t.Errorf("%s: too small for a finger: %q", place, small)
		}
	}
}
