package main

import (
	"context"
	"errors"
	"strings"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// paste has p paste the credentials that a change shows them, if it shows any, into
// their shell.
func (p *person) paste(c slacktest.Change) {
	texts := c.Message.Preformatted()
	if c.View.ID != "" {
		texts = c.View.Preformatted()
	}
	for _, text := range texts {
		switch took, err := p.shell.Paste(text); {
		case err != nil:
			// A sign-in link is encrypted too, and replaces nothing in a shell.
			p.sealed = p.sealed || !strings.Contains(c.Message.Plain()+c.View.Plain(), "in the AWS console")
		case took:
			p.shown, p.sealed = true, false
		}
	}
}

// aws is what a person types into a shell into which they pasted the last
// snippet they were shown: [PERSON] s3 ls, or [PERSON] sts get-caller-identity.
func (t *terminal) aws(ctx context.Context, p *person, text string) error {
	words := strings.Fields(text)
	if named, ok := t.scene.person(words[0]); ok {
		p, words = named, words[1:]
	}
	switch {
	case p.sealed:
		t.note("what %s was shown last is encrypted to another key than that of their shell, which is {key}: paste it where age finds that key, "+
			"or send @%s /assume key remove %s and ask again", p.Name, p.Name, codeNext)
		return nil
	case !p.shown:
		t.note("%s was shown no credentials yet: ask for some first, as in @%s /assume staging %s", p.Name, p.Name, codeNow)
		return nil
	}
	return t.typeInShell(ctx, p, "aws "+strings.Join(words, " "))
}

// typeInShell shows what p's shell prints. A command that it does not know is an error.
func (t *terminal) typeInShell(ctx context.Context, p *person, text string) error {
	r := p.shell.Run(ctx, text)
	if r.Unknown {
		return errors.New(strings.TrimSpace(r.Out))
	}
	out := r.Out
	t.remember("[" + p.Name + "'s shell]\n" + out)
	if r.Failed {
		out = wrap(out) + "\n"
	}
	t.print("[" + p.Name + "'s shell]\n" + out + "\n")
	return nil
}
