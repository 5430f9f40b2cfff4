// Package browsertest opens pages in a real browser, Debian's chromium or what
// CHROME names. It is for tests alone. Where there is none a test is skipped, and
// fails with ASSUMEBOT_REQUIRE_BROWSER=1.
//
// The tests of a package share one browser, each with a tab whose cookies,
// storage and clipboard are its own. A tab fails its test when the page logs an
// error, throws, is refused something by its own policy, or asks anything of
// another host.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// Main runs the tests of a package, and ends the browser that they shared.
func Main(m *testing.M) {
	defer Close()
	m.Run()
}

// Close ends the browser, for a package whose tests need more than Main.
func Close() { shared.close() }

// shared is the browser of this test binary.
var shared browser

type browser struct {
	once   sync.Once
	ctx    context.Context // chromedp keeps a browser in one
	cancel []context.CancelFunc
	err    error
}

// errNone is that no browser is installed.
var errNone = errors.New("no browser: install chromium, or set CHROME to the path of one")

func path() (string, error) {
	if named := os.Getenv("CHROME"); named != "" {
		return named, nil
	}
	found, err := exec.LookPath("chromium")
	if err != nil {
		return "", errNone
	}
	return found, nil
}

// open starts the browser for the first test that wants it.
func (b *browser) open(t testing.TB) context.Context {
	t.Helper()
	b.once.Do(b.start)
	switch {
	case errors.Is(b.err, errNone) && os.Getenv("ASSUMEBOT_REQUIRE_BROWSER") != "1":
		t.Skip(b.err)
	case b.err != nil:
		t.Fatal(b.err)
	}
	return b.ctx
}

func (b *browser) start() {
	program, err := path()
	if err != nil {
		b.err = err
		return
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("font-render-hinting", "none"),
		chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("lang", "en-US"),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // its sandbox refuses root
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeBrowser := chromedp.NewContext(allocator)
	b.ctx, b.cancel = ctx, []context.CancelFunc{closeBrowser, end}
	if err := chromedp.Do(ctx); err != nil {
		b.err = fmt.Errorf("start %s: %w", program, err)
	}
}

func (b *browser) close() {
	for _, end := range b.cancel {
		end()
	}
}
