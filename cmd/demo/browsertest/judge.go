package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// Overflowing are the elements that reach beyond the page's width, or, with a
// selector, beyond the width of the elements that it finds. What scrolls by
// itself is none.
func (tab *Tab) Overflowing(selector string) []string {
	tab.t.Helper()
	return Eval[[]string](tab, `(selector => {
		const scrolls = e => e && (["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
		const out = [];
		for (const box of selector ? document.querySelectorAll(selector) : [document.documentElement]) {
			const edge = box.getBoundingClientRect().right + 0.5;
			for (const e of box.querySelectorAll("*")) {
				const r = e.getBoundingClientRect();
				if (r.width > 0 && r.right > edge && !scrolls(e.parentElement))
					out.push((box.id || box.tagName) + ": " + e.outerHTML.slice(0, 200));
			}
		}
		if (document.documentElement.scrollWidth > innerWidth) out.push("the page is " + document.documentElement.scrollWidth + " wide");
		return out.slice(0, 20);
	})(`+quote(selector)+`)`)
}

// controls are the roles of what a person can use.
var controls = []string{"button", "link", "textbox", "searchbox", "combobox", "listbox", "option", "checkbox", "radio", "radiogroup",
	"switch", "tab", "menuitem", "spinbutton", "Date", "InputTime", "DateTime", "DisclosureTriangle", "dialog", "region", "tabpanel"}

// Unnamed are the controls of the page that a screen reader has no name for. A
// page without any control is an error.
func (tab *Tab) Unnamed() []string {
	tab.t.Helper()
	tree := run(tab, func(ctx context.Context, t *chromedp.Target) (accessibility.GetFullAXTreeResult, error) {
		return cdp.Call(ctx, t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	})
	var out []string
	seen := 0
	for _, n := range tree.Nodes {
		if n.Ignored || n.Role == nil || !slices.Contains(controls, words(n.Role)) {
			continue
		}
		seen++
		if words(n.Name) == "" {
			out = append(out, fmt.Sprintf("%s %v", words(n.Role), n.BackendDOMNodeID))
		}
	}
	if seen == 0 {
		tab.t.Fatal("the page has no control at all")
	}
	return out
}

func words(v *accessibility.Value) string {
	var out string
	if v != nil {
		_ = json.Unmarshal(v.Value, &out) // what is no string names nothing
	}
	return out
}

// Faint are the texts of the page whose contrast is below what WCAG 2.2 asks for at
// level AA: 4.5, and 3 for large ones.
// https://www.w3.org/TR/WCAG22/#contrast-minimum
func (tab *Tab) Faint() []string {
	tab.t.Helper()
	return Eval[[]string](tab, `(() => {
		const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
		const colors = new Map(), grounds = new Map();
		const rgba = color => {
			if (colors.has(color)) return colors.get(color);
			canvas.clearRect(0, 0, 1, 1);
			canvas.fillStyle = color;
			canvas.fillRect(0, 0, 1, 1);
			colors.set(color, [...canvas.getImageData(0, 0, 1, 1).data]);
			return colors.get(color);
		};
		const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] / 255 + below[i] * (1 - top[3] / 255)).concat(255);
		const behind = e => {
			if (!e) return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18, 255] : [255, 255, 255, 255];
			if (grounds.has(e)) return grounds.get(e);
			const own = rgba(getComputedStyle(e).backgroundColor);
			grounds.set(e, own[3] === 255 ? own : over(own, behind(e.parentElement)));
			return grounds.get(e);
		};
		const light = c => {
			const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
			return 0.2126 * r + 0.7152 * g + 0.0722 * b;
		};
		const out = new Set();
		for (const e of document.body.querySelectorAll("*")) {
			if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility() || e.closest("svg, :disabled")) continue;
			if (e.getBoundingClientRect().width <= 1) continue; // for screen readers
			const style = getComputedStyle(e), page = behind(e), ink = over(rgba(style.color), page);
			const [hi, lo] = [light(page), light(ink)].sort((a, b) => b - a), contrast = (hi + 0.05) / (lo + 0.05);
			const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
			if (contrast < (large ? 3 : 4.5))
				out.add(contrast.toFixed(2) + " of " + (e.className || e.tagName) + ": " + e.innerText.slice(0, 60));
		}
		return [...out].slice(0, 20);
	})()`)
}

// Picture is the page as it is seen now, as PNG.
func (tab *Tab) Picture() []byte {
	tab.t.Helper()
	return run(tab, chromedp.CaptureScreenshot())
}
