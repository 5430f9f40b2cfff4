package web

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/assumebot/assumebot/cmd/demo/world"
)

// longestMessage is in characters.
// https://slack.com/help/articles/201457107-Send-and-read-messages
const longestMessage = 12_000

// A composer is the message box.
type composer struct {
	world *world.World
	desks desks
}

// send sends what is in the message box: a command, or a message.
func (c composer) send(ctx context.Context, p *world.Person, where place, form url.Values) error {
	text := strings.TrimRight(form.Get("text"), " \r\n")
	switch {
	case strings.TrimSpace(text) == "":
		return nil
	case utf8.RuneCountInString(text) > longestMessage:
		return fmt.Errorf("Slack takes at most %d characters in one message", longestMessage)
	case where.Channel == "":
		return fmt.Errorf("%s has no message box", where.Title)
	}
	if !strings.HasPrefix(text, "/") {
		_, err := c.world.Slack.SendMessage(p.ID, where.Channel, text)
		return err // who writes a message is not told what became of it
	}
	name, rest, _ := strings.Cut(text, " ")
	if !c.world.Registered(name) {
		c.desks[p.Name].notify(notice{channel: where.Channel, ts: stampOf(c.world.Clock.Now()), text: world.NoCommand(name)})
		return nil
	}
	d, err := c.world.Slack.Command(p.ID, where.Channel, name, rest)
	if err != nil {
		return err
	}
	_ = d.Wait(ctx) // Slackbot has told them
	return nil
}
