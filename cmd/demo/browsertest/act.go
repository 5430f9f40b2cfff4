package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Go opens an address. Only its host may be asked from now on.
func (tab *Tab) Go(address string) {
	tab.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tab.t.Fatal(err)
	}
	tab.mu.Lock()
	tab.host = u.Host
	tab.mu.Unlock()
	tab.do(chromedp.Navigate(address))
}

// Eval is the value of a JavaScript expression in the page.
func Eval[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	return run(tab, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Wait waits until a JavaScript expression is true.
func (tab *Tab) Wait(condition string) {
	tab.t.Helper()
	tab.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		out, err := chromedp.Poll[chromedp.Void]("!!("+condition+")", chromedp.WithPollingTimeout(patience))(ctx, t)
		if err != nil {
			err = fmt.Errorf("waited for %s: %w", condition, err)
		}
		return out, err
	})
}

// Sees waits until the first element that selector finds shows text, wherever it
// is scrolled to.
func (tab *Tab) Sees(selector, text string) {
	tab.t.Helper()
	tab.Wait("document.querySelector(" + quote(selector) + ")?.innerText.includes(" + quote(text) + ")")
}

// Text is what the first element that selector finds shows.
func (tab *Tab) Text(selector string) string {
	tab.t.Helper()
	return Eval[string](tab, "document.querySelector("+quote(selector)+").innerText")
}

// Click clicks the first element that selector finds, with the mouse.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	tab.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Press clicks the last button or link within scope that says label on a line of its
// own: the newest.
func (tab *Tab) Press(scope, label string) {
	tab.t.Helper()
	says := "e => e.checkVisibility() && e.innerText.split('\\n').some(line => line.trim() === " + quote(label) + ")"
	found := "[...document.querySelectorAll(" + quote(scope+" button, "+scope+" a") + ")].filter(" + says + ").at(-1)"
	tab.Wait(found)
	tab.do(chromedp.Click(chromedp.JSPath(found), chromedp.NodeVisible))
}

// Type types text into the first element that selector finds.
func (tab *Tab) Type(selector, text string) {
	tab.t.Helper()
	tab.do(chromedp.SendKeys(chromedp.CSS(selector), text, chromedp.NodeVisible))
}

// Keys presses keys, wherever the focus is: text, or constants of package kb.
func (tab *Tab) Keys(keys string) {
	tab.t.Helper()
	tab.do(chromedp.KeyEvent(keys))
}

// TabTo presses the tab key until the focus is on an element that selector finds,
// at most limit times.
func (tab *Tab) TabTo(selector string, limit int) {
	tab.t.Helper()
	there := "document.activeElement.matches(" + quote(selector) + ")"
	for range limit {
		if Eval[bool](tab, there) {
			return
		}
		tab.Keys(kb.Tab)
	}
	if !Eval[bool](tab, there) {
		tab.t.Fatalf("%d presses of the tab key did not lead to %s; the focus is on %s", limit, selector,
			Eval[string](tab, "document.activeElement.outerHTML.slice(0, 300)"))
	}
}

// quote is text as JavaScript writes it.
func quote(text string) string {
	out, _ := json.Marshal(text) // a string can always be
	return string(out)
}
