package web

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/assumebot/assumebot/cmd/demo/browsertest"
)

// A guest goes through the page in a real browser.
type guest struct {
	*browsertest.Tab
	t    *testing.T
	keys bool // without a mouse
}

const (
	alices     = ".column#one "
	messageBox = alices + "[data-composer] textarea"
	messages   = alices + ".log"
)

// arrive opens the page of a world with a bot.
func arrive(t *testing.T, look browsertest.Look) *guest {
	t.Helper()
	page := visit(t) // its end comes after the tab's
	g := &guest{Tab: browsertest.Open(t, look), t: t}
	g.Go(page.URL())
	g.at("credentials")
	return g
}

// at waits until the tour has come to a step.
func (g *guest) at(step string) {
	g.t.Helper()
	g.Wait("document.querySelector('[data-tour-step=" + step + "]')?.ariaCurrent === 'step'")
}

// use presses a button, by mouse or by keyboard.
func (g *guest) use(selector string) {
	g.t.Helper()
	if !g.keys {
		g.Click(selector)
		return
	}
	g.TabTo(selector, 200)
	g.Keys(kb.Enter)
}

// send sends the command of the step that the tour is at, and returns it.
func (g *guest) send(number string) string {
	g.t.Helper()
	g.use("[data-tour] :nth-child(" + number + " of .tour-command) button")
	g.Wait("document.querySelector(" + quoted(messageBox) + ")?.value.startsWith('/assume')")
	sent := browsertest.Eval[string](g.Tab, "document.querySelector("+quoted(messageBox)+").value")
	if !g.keys {
		g.Click(messageBox)
	}
	g.Keys(kb.Enter)
	g.Wait("document.querySelector(" + quoted(messageBox) + ").value === ''")
	return sent
}

// code is what alice's device shows.
func (g *guest) code() string {
	g.t.Helper()
	return browsertest.Eval[string](g.Tab, "document.querySelector('[data-device=alice]').dataset.code")
}

// later moves the clock, so that every device shows a code that nobody has used.
func (g *guest) later() {
	g.t.Helper()
	before := g.code()
	g.use(".clock button[value='5m']")
	g.Wait("document.querySelector('[data-device=alice]').dataset.code !== " + quoted(before))
}

// goes leads a person's Slack, that of column one, somewhere.
func (g *guest) goes(person, place string) {
	g.t.Helper()
	g.Press(alices+".people", person)
	g.Wait("document.querySelector('.column#one').dataset.person === " + quoted(person))
	g.Press(alices+".places", place)
	g.Wait("document.querySelector('.column#one .channel.here').innerText.startsWith(" + quoted(place) + ")")
}

// ask opens the form and looks for an account there.
func (g *guest) ask(account string) {
	g.t.Helper()
	g.use(messageBox)
	g.Keys("/assume" + kb.Enter)
	g.Wait("document.querySelector('.window.top')")
	g.Type(".window.top [data-do=suggest]", account)
	g.Wait("document.querySelector('.window.top [role=option][aria-selected=true]')?.innerText.startsWith(" + quoted(account) + ")")
}

func quoted(text string) string { return "`" + text + "`" }

// begin takes the three steps that need no more than a message box.
func (g *guest) begin() {
	g.t.Helper()
	sent := g.send("1")
	g.Sees(messages, "prod is yours until")
	g.Sees(messages, "Only visible to you")
	g.at("wrong-code")
	g.send("1")
	g.Sees(messages, "did not accept")
	g.at("spent-code")
	// The tour puts in the code that the device shows now, which may be the next one.
	g.use(messageBox)
	g.Keys(sent + kb.Enter)
	g.Sees(messages, "used already")
	g.at("other-account")
}

// finish takes the others.
func (g *guest) finish() {
	g.t.Helper()
	g.later()
	g.send("1")
	g.Sees(messages, "staging is yours until")
	g.at("other-account")
	g.send("2")
	g.at("approval")
	g.send("1")
	g.Sees(messages, "Asked for approval")
	g.goes("bob", "#aws-audit")
	g.Press(messages, "Approve")
	g.Sees(messages, "Approved by bob")
	g.goes("alice", "@assumebot")
	g.later()
	g.Press(messages, "Enter code")
	g.Type(".window.top [data-action=code]", g.code())
	g.Press(".window.top", "Get credentials")
	g.Sees(".window.top", "vault is yours until")
	g.at("break-glass")

	g.later()
	g.putUnderAWindow()
	g.Sees(messages, "vault is yours until")
	g.at("revoke")
	g.goes("alice", "#general")
	g.send("1")
	g.Sees(messages, "Revoked")
	g.at("sealed")
	g.later()
	g.send("1")
	g.Sees(messages, "Your key is set")
	g.later()
	g.send("2")
	g.Sees(messages, "AGE ENCRYPTED FILE")
	g.Sees(".tour-now", "That was the tour")
}

// putUnderAWindow sends the tour's command while a window is open: the window is to be
// closed first, and the command waits in the message box below it.
func (g *guest) putUnderAWindow() {
	g.t.Helper()
	g.use("[data-tour] .tour-command button")
	g.Wait("document.activeElement.matches('.window.top .cross')")
	g.Keys(kb.Enter)
	g.Wait("!document.querySelector('.window.top')")
	g.Wait("document.querySelector(" + quoted(messageBox) + ").value.startsWith('/assume vault')")
	g.use(messageBox)
	g.Keys(kb.Enter)
}

// judge holds what is in sight now to what everybody needs.
func (g *guest) judge() {
	g.t.Helper()
	for _, wide := range g.Overflowing("") {
		g.t.Errorf("too wide: %s", wide)
	}
	for _, faint := range g.Faint() {
		g.t.Errorf("too faint: %s", faint)
	}
	for _, unnamed := range g.Unnamed() {
		g.t.Errorf("without a name: %s", unnamed)
	}
}

func TestTourIsPressedTypedAndReadOnADesktop(t *testing.T) {
	g := arrive(t, browsertest.Look{Width: 1440, Height: 900, Dark: true})
	g.begin()
	g.judge()
	g.finish()
	g.judge()
}

func TestTourIsPressedTypedAndReadOnAPhone(t *testing.T) {
	g := arrive(t, browsertest.Phone)
	g.begin()
	g.judge()
	g.finish()
	g.judge()
}

func TestTourBeginsAndAFormIsFilledByKeyboardAlone(t *testing.T) {
	g := arrive(t, browsertest.Desktop)
	g.keys = true
	g.begin()
	g.later()
	g.TabTo(messageBox, 200)
	g.Keys("/assume" + kb.Enter)
	g.Wait("document.querySelector('.window.top')")
	code := g.code()
	g.TabTo(".window.top [data-do=suggest]", 5)
	g.Keys("pro")
	g.Wait("document.querySelector('.window.top [role=option][aria-selected=true]')?.innerText.startsWith('prod')")
	g.judge()
	g.Keys(kb.Enter)
	g.TabTo(".window.top [data-action=code]", 5)
	g.Keys(code + kb.Enter)
	g.Sees(".window.top", "prod is yours until")
	g.Keys(kb.Escape)
	g.Wait("!document.querySelector('.window') && document.activeElement.matches(" + quoted(strings.TrimPrefix(messageBox, alices)) + ")")
}
