package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// forms are the windows that people fill in.
type forms struct{ world *world.World }

// fill keeps what is typed into a field. One that is gone meanwhile keeps nothing:
// a browser tells of it when the focus leaves.
func (f forms) fill(_ context.Context, p *world.Person, _ place, form url.Values) error {
	on, block := form.Get("on"), form.Get("block")
	open := f.world.Slack.Views(p.ID)
	if len(open) == 0 || open[len(open)-1].ID != on {
		return nil
	}
	if _, there := open[len(open)-1].Field(block); !there {
		return nil
	}
	return f.world.Slack.Fill(p.ID, on, block, lines(form.Get("value")))
}

// submit submits a window: each field is followed by what it holds.
func (f forms) submit(ctx context.Context, p *world.Person, _ place, form url.Values) error {
	fields, held := form["field"], form["value"]
	if len(fields) != len(held) {
		return fmt.Errorf("%d fields hold %d values", len(fields), len(held))
	}
	values := map[string]string{}
	for i, name := range fields {
		values[name] = lines(held[i])
	}
	d, err := f.world.Slack.Submit(p.ID, form.Get("on"), values)
	switch {
	case errors.Is(err, slacktest.ErrRequired):
		return nil // the field says so
	case err != nil:
		return err
	}
	_ = d.Wait(ctx) // the window says so
	return nil
}

func (f forms) close(_ context.Context, p *world.Person, _ place, form url.Values) error {
	_, err := f.world.Slack.CloseView(p.ID, form.Get("on"))
	return err
}

// lines are as typed: a form sends others.
func lines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }
