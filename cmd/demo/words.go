package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/assumebot/assumebot/cmd/demo/world"
)

// longestWait keeps a mistyped wait from moving time beyond what dates on
// AWS's wire can say.
const longestWait = 7 * 24 * time.Hour

// do does what a line says and shows what came of it.
func (t *terminal) do(ctx context.Context, l line) error {
	slack, p := t.scene.Slack, l.who
	if l.word != wordExpect && l.word != wordPress && l.word != wordChoose {
		p.atHome = l.word == wordHome
	}
	switch l.word {
	case wordCommand, wordSay, wordDM, wordHome, wordChoose, wordFill, wordSubmit:
		if p.asked != nil {
			return p.beforeThem()
		}
	}
	switch l.word {
	case wordCommand:
		return t.command(ctx, p, l.rest)
	case wordSay:
		return t.write(ctx, p, world.General, l.rest)
	case wordDM:
		return t.write(ctx, p, p.DM, l.rest)
	case wordHome:
		d, err := slack.OpenHome(p.ID)
		return t.answered(ctx, p, d, err)
	case wordPress:
		return t.hands.press(ctx, p, l.rest)
	case wordChoose:
		return t.hands.choose(ctx, p, l.rest)
	case wordFill:
		return t.hands.fill(ctx, p, l.rest)
	case wordSubmit:
		return t.hands.submit(ctx, p)
	case wordCancel:
		return t.hands.cancel(ctx, p)
	case wordAWS:
		return t.aws(ctx, p, l.rest)
	case wordShell:
		return t.typeInShell(ctx, p, l.rest)
	case wordCodes:
		codes := t.scene.codes()
		t.remember(codes)
		t.print(codes + "\n")
		return nil
	case wordWait:
		return t.wait(ctx, l.rest)
	case wordExpect:
		return t.expect(ctx, l.rest)
	case wordHelp:
		t.print(helpText)
		return nil
	case wordQuit:
		return errQuit
	}
	return fmt.Errorf("the demo has lost its word %q", l.word)
}

// command types a slash command in #general and waits for the answer. One that is not
// registered is answered by Slackbot, and the bot hears nothing of it.
func (t *terminal) command(ctx context.Context, p *person, text string) error {
	if name, _, _ := strings.Cut(text, " "); !t.scene.Registered(name) {
		t.draw("["+p.Name+", only you, from Slackbot]", paragraph(world.NoCommand(name)), "")
		t.note("did you mean /assume? The bot has /assume, /mfa, /buckets, /sessions")
		return nil
	}
	text, err := t.hands.withCodes(ctx, p, text)
	if err != nil {
		return err
	}
	name, rest, _ := strings.Cut(text, " ")
	d, err := t.scene.Slack.Command(p.ID, world.General, name, rest)
	return t.answered(ctx, p, d, err)
}

// write posts a message, of which the bot hears when it is for it.
func (t *terminal) write(ctx context.Context, p *person, channel, text string) error {
	text, err := t.hands.withCodes(ctx, p, text)
	if err != nil {
		return err
	}
	d, err := t.scene.Slack.SendMessage(p.ID, channel, text)
	if err == nil && d == nil {
		t.note("%s wrote to %s, where the bot hears of mentions alone: `@%s help` is one, and `dm TEXT` writes to the bot itself",
			p.Name, world.ChannelName(channel), t.scene.Slack.BotName())
		return nil
	}
	return t.answered(ctx, p, d, err)
}

// wait moves all clocks.
func (t *terminal) wait(ctx context.Context, text string) error {
	d, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
	if err != nil || d <= 0 || d > longestWait {
		return fmt.Errorf("wait takes a time up to %dh, such as 55m, 1h30m or 45s, not %q", int(longestWait.Hours()), text)
	}
	if err := t.scene.Advance(d); err != nil {
		return err
	}
	t.note("%s later it is %s; nobody really waited", d, t.scene.Clock.Now().Format("2006-01-02 15:04 MST"))
	if err := t.dueDone(ctx); err != nil {
		return err
	}
	if err := t.caughtUp(ctx); err != nil {
		return err
	}
	t.showNews(nil)
	return nil
}

// expect succeeds once text has been shown since the last line that was none of
// its kind. Line breaks and spaces count as one space.
func (t *terminal) expect(ctx context.Context, text string) error {
	want := strings.Join(strings.Fields(text), " ")
	ctx, cancel := context.WithTimeout(ctx, t.late)
	defer cancel()
	for {
		t.showNews(nil)
		if strings.Contains(strings.Join(strings.Fields(t.said.String()), " "), want) {
			return nil
		}
		select {
		case <-t.news:
		case <-ctx.Done():
			return fmt.Errorf("expected %q, and it was not shown since the last line", want)
		}
	}
}
