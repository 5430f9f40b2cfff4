package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience bounds each thing that is done in a tab.
const patience = 20 * time.Second

// A Look is how a person looks at a page.
type Look struct {
	Width, Height int64
	Dark          bool
	Scale         float64 // pixels of a picture for each of the page; 0 is 1
}

// What people look at pages on.
var (
	Desktop = Look{Width: 1280, Height: 800}
	Phone   = Look{Width: 375, Height: 812}
)

// InTheDark is the same look where the person wants dark pages.
func (l Look) InTheDark() Look {
	l.Dark = true
	return l
}

// A Tab is one page in the browser.
type Tab struct {
	t   testing.TB
	ctx context.Context // chromedp keeps a tab in one

	mu      sync.Mutex
	host    string // of the page; nothing else may be asked
	trouble []string
}

// Open opens a tab, or skips the test where there is no browser. Times in it are
// in UTC, words in American English, and nothing moves.
func Open(t testing.TB, look Look) *Tab {
	t.Helper()
	tab := &Tab{t: t}
	ctx, end := chromedp.NewContext(shared.open(t), chromedp.WithNewBrowserContext(), chromedp.WithListener(tab.notice))
	tab.ctx = ctx
	t.Cleanup(func() {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		for _, trouble := range tab.trouble {
			t.Errorf("the page: %s", trouble)
		}
	})
	t.Cleanup(end)
	scale := look.Scale
	if scale == 0 {
		scale = 1
	}
	tab.do(
		chromedp.EmulateViewport(look.Width, look.Height, chromedp.EmulateScale(scale)),
		send(emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "UTC"}),
		send(emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: "en-US"}),
	)
	tab.Wants(look.Dark)
	return tab
}

// Wants has the person want dark pages from now on, or light ones.
func (tab *Tab) Wants(dark bool) {
	tab.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	tab.do(send(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}}))
}

func send[P any](command cdp.Command[P, cdp.Empty], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

// notice keeps what a page must not do.
func (tab *Tab) notice(event any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			tab.trouble = append(tab.trouble, fmt.Sprintf("console.%s: %s", e.Type, spoken(e.Args)))
		}
	case *runtime.EventExceptionThrown:
		tab.trouble = append(tab.trouble, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			tab.trouble = append(tab.trouble, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err == nil && (u.Scheme == "data" || u.Scheme == "blob" || u.Host == tab.host) {
			return
		}
		tab.trouble = append(tab.trouble, "it asks another host: "+e.Request.URL)
	}
}

func spoken(args []*runtime.RemoteObject) string {
	var out string
	for _, a := range args {
		out += " " + string(a.Value) + a.Description
	}
	return out
}

// do runs actions, each within patience.
func (tab *Tab) do(actions ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	for _, action := range actions {
		run(tab, action)
	}
}

func run[T any](tab *Tab, action chromedp.Action[T]) T {
	tab.t.Helper()
	// The first one opens the tab, which lives as long as its context.
	if err := chromedp.Do(tab.ctx); err != nil {
		tab.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(tab.ctx, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, action)
	if err != nil {
		tab.t.Fatalf("%v\n%s", err, tab.visible())
	}
	return out
}

// visible is what the page shows, for the report of a failure.
func (tab *Tab) visible() string {
	ctx, cancel := context.WithTimeout(tab.ctx, time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.pathname + '\\n' + document.body.innerText"))
	if err != nil {
		return err.Error()
	}
	return text
}
