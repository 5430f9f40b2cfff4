package web

import (
	"context"
	"net/url"
	"strings"
	"sync"

	"github.com/assumebot/assumebot/cmd/demo/shell"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

const (
	// maxTranscript bounds what a shell has on its screen, in inputs and in bytes of one.
	maxTranscript = 40
	maxEcho       = 8 << 10
)

// A terminal is a person's shell and what is on its screen. All pages share it.
type terminal struct {
	shell *shell.Shell

	mu     sync.Mutex
	screen []shellLine
	number int
}

// A shellLine is what was typed, and what came of it.
type shellLine struct {
	Number     int
	Typed, Out string
	Failed     bool
}

// terminals are those of everybody, by name.
type terminals map[string]*terminal

func newTerminals(w *world.World) terminals {
	out := terminals{}
	for _, p := range w.People {
		out[p.Name] = &terminal{shell: &shell.Shell{Endpoint: w.AWS.URL(), Region: world.Region, Key: p.Key}}
	}
	return out
}

// data is what is on the screen of a person's shell.
func (t terminals) data(_ context.Context, v paneView) (any, error) {
	mine := t[v.Person.Name]
	mine.mu.Lock()
	defer mine.mu.Unlock()
	return append([]shellLine(nil), mine.screen...), nil
}

// run runs what a person typed.
func (t terminals) run(ctx context.Context, p *world.Person, form url.Values) error {
	typed := strings.TrimRight(lines(form.Get("typed")), "\n ")
	if p == nil || strings.TrimSpace(typed) == "" {
		return nil
	}
	mine := t[p.Name]
	r := mine.shell.Run(ctx, typed)
	mine.mu.Lock()
	defer mine.mu.Unlock()
	if r.Clear {
		mine.screen = nil
		return nil
	}
	mine.number++
	mine.screen = append(mine.screen, shellLine{mine.number, cut(typed, maxEcho), r.Out, r.Failed})
	mine.screen = mine.screen[max(0, len(mine.screen)-maxTranscript):]
	return nil
}
