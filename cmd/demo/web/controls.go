package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/cmd/demo/blockhtml"
	"github.com/assumebot/assumebot/cmd/demo/world"
)

// controls are the buttons and menus of the app, and of Slack around its messages.
type controls struct {
	world *world.World
	desks desks
}

func (c *controls) shortcut(ctx context.Context, p *world.Person, _ place, _ url.Values) error {
	d, err := c.world.Slack.Shortcut(p.ID, world.Shortcut)
	return c.delivered(ctx, p, slacktest.MessageRef{}, d, err)
}

func (c *controls) dismiss(_ context.Context, p *world.Person, _ place, form url.Values) error {
	what := form.Get("what")
	if number, isNotice := strings.CutPrefix(what, "notice "); isNotice {
		id, err := strconv.Atoi(number)
		if err != nil {
			return err
		}
		c.desks[p.Name].forget(id)
		return nil
	}
	on := readRef(what)
	if m, found := c.world.Slack.Message(on); found && m.Ephemeral && m.To == p.ID {
		c.desks[p.Name].dismiss(on)
	}
	return nil
}

func (c *controls) press(ctx context.Context, p *world.Person, _ place, form url.Values) error {
	on := readRef(form.Get("on"))
	d, err := c.world.Slack.Press(p.ID, on, form.Get("block"), form.Get("action"))
	return c.delivered(ctx, p, on, d, err)
}

func (c *controls) choose(ctx context.Context, p *world.Person, _ place, form url.Values) error {
	on := readRef(form.Get("on"))
	d, err := c.world.Slack.Choose(p.ID, on, form.Get("block"), form.Get("action"), lines(form.Get("value")))
	return c.delivered(ctx, p, on, d, err)
}

// delivered waits until the app was told. Where Slack shows a warning sign when it
// does not answer, one is shown.
func (c *controls) delivered(ctx context.Context, p *world.Person, on slacktest.MessageRef, d *slacktest.Delivery, err error) error {
	if err != nil || d == nil {
		return err
	}
	c.desks[p.Name].warn(on, "")
	if d.Wait(ctx) == nil {
		return nil
	}
	if on.TS == "" {
		return fmt.Errorf("%s did not respond", c.world.Slack.BotName())
	}
	c.desks[p.Name].warn(on, c.world.Slack.BotName()+" did not respond.")
	return nil
}

// suggest answers with what the app offers for what was typed into a menu, as the page
// shows it.
func (c *controls) suggest(ctx context.Context, w http.ResponseWriter, p *world.Person, form url.Values) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	offered, err := c.world.Slack.Suggest(ctx, p.ID, readRef(form.Get("on")), form.Get("block"), form.Get("action"), form.Get("typed"))
	if err != nil {
		http.Error(w, "Results could not be loaded", http.StatusBadGateway)
		return
	}
	_, _ = w.Write([]byte(blockhtml.Offers(offered, form.Get("id")))) //nolint:gosec // blockhtml has escaped it
}
