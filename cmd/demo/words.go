package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
)

const (
	codeNow  = "{mfa}"
	codeNext = "{mfa:next}"
	// noDevice stands in for the code of who has no device: a stranger types
	// something too.
	noDevice = "123456"
	// longestWait keeps a mistyped wait from moving time beyond what dates on
	// AWS's wire can say.
	longestWait = 7 * 24 * time.Hour
)

// do does what a line says and shows what came of it.
func (t *terminal) do(ctx context.Context, l line) error {
	slack, p := t.world.slack, l.who
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
		return t.write(ctx, p, general, l.rest)
	case wordDM:
		return t.write(ctx, p, p.dm, l.rest)
	case wordHome:
		d, err := slack.OpenHome(p.id)
		return t.answered(ctx, p, d, err)
	case wordPress:
		return t.press(ctx, p, l.rest)
	case wordChoose:
		return t.choose(ctx, p, l.rest)
	case wordFill:
		return t.fill(ctx, p, l.rest)
	case wordSubmit:
		return t.submit(ctx, p)
	case wordCancel:
		return t.cancel(ctx, p)
	case wordAWS:
		return t.aws(ctx, p, l.rest)
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

// command types a slash command in #general and waits for the answer.
func (t *terminal) command(ctx context.Context, p *person, text string) error {
	text, err := t.withCodes(p, text)
	if err != nil {
		return err
	}
	name, rest, _ := strings.Cut(text, " ")
	d, err := t.world.slack.Command(p.id, general, name, rest)
	return t.answered(ctx, p, d, err)
}

// write posts a message, of which the bot hears when it is for it.
func (t *terminal) write(ctx context.Context, p *person, channel, text string) error {
	text, err := t.withCodes(p, text)
	if err != nil {
		return err
	}
	d, err := t.world.slack.SendMessage(p.id, channel, text)
	if err == nil && d == nil {
		t.note("%s wrote to %s, where the bot hears of mentions alone: `@%s help` is one, and `dm TEXT` writes to the bot itself",
			p.name, channelName(channel), t.world.slack.BotName())
		return nil
	}
	return t.answered(ctx, p, d, err)
}

// withCodes puts codes of the person's device in. The next one does not take
// half a minute to come: all clocks move to where it begins.
func (t *terminal) withCodes(p *person, text string) (string, error) {
	if p.device == nil {
		if strings.Contains(text, codeNow) || strings.Contains(text, codeNext) {
			t.note("%s has no MFA device, so the code is made up: %s", p.name, noDevice)
		}
		return strings.NewReplacer(codeNow, noDevice, codeNext, noDevice).Replace(text), nil
	}
	if strings.Contains(text, codeNext) {
		d := p.device.NextIn()
		if err := t.world.advance(d); err != nil {
			return "", err
		}
		code := p.device.Code()
		t.note("%s waits %s for the next code; the device shows %s", p.name, d.Round(time.Second), code)
		text = strings.ReplaceAll(text, codeNext, code)
	}
	if strings.Contains(text, codeNow) {
		code := p.device.Code()
		t.note("%s's device shows %s", p.name, code)
		text = strings.ReplaceAll(text, codeNow, code)
	}
	return text, nil
}

// wait moves all clocks.
func (t *terminal) wait(ctx context.Context, text string) error {
	d, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
	if err != nil || d <= 0 || d > longestWait {
		return fmt.Errorf("wait takes a time up to %dh, such as 55m, 1h30m or 45s, not %q", int(longestWait.Hours()), text)
	}
	if err := t.world.advance(d); err != nil {
		return err
	}
	t.note("%s later it is %s; nobody really waited", d, t.world.clock.now().Format("2006-01-02 15:04 MST"))
	if err := t.dueDone(ctx); err != nil {
		return err
	}
	if err := t.caughtUp(ctx); err != nil {
		return err
	}
	t.showNews(nil)
	return nil
}

// dueDone waits until the bot has done what fell due, reminders and deletions;
// it looks every second.
func (t *terminal) dueDone(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, briefly)
	defer cancel()
	ticker := time.NewTicker(cursorPause)
	defer ticker.Stop()
	for {
		due, err := t.world.app.Bot.Due(ctx)
		if err != nil || due == 0 {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil // Slack may be refusing; what happens is shown when it does
		}
	}
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

// answered shows what came of an action, or says why it could not be done.
func (t *terminal) answered(ctx context.Context, p *person, d *slacktest.Delivery, err error) error {
	if err != nil {
		return plainly(err)
	}
	return t.settle(ctx, p, d)
}
