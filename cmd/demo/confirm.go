package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/bot/slacktest"
)

// A question is a confirmation dialog that somebody has before them. In Slack
// nothing else can be done until it is answered.
type question struct {
	slacktest.Confirm
	do func() (*slacktest.Delivery, error)
}

// confirmed does what p wants with a control, after the dialog that it has.
func (h *hands) confirmed(ctx context.Context, p *person, s surface, block, action string, do func() (*slacktest.Delivery, error)) error {
	for _, c := range s.tree.AllControls() {
		if c.BlockID == block && c.ActionID == action && c.Confirm != nil {
			p.asked = &question{*c.Confirm, do}
			h.draw("["+p.Name+" is asked]", p.asked.window(), fmt.Sprintf("press: 1 %s, 2 %s", c.Confirm.No, c.Confirm.Yes))
			return nil
		}
	}
	d, err := do()
	return h.answered(ctx, p, d, err)
}

func (q question) window() slacktest.Piece {
	return slacktest.Piece{
		Kind:   slacktest.PieceWindow,
		Label:  q.Title,
		Pieces: q.Text,
		Controls: []slacktest.Control{
			{Kind: "button", Label: q.No},
			{Kind: "button", Label: q.Yes},
		},
	}
}

// answer presses a button of the dialog before p.
func (h *hands) answer(ctx context.Context, p *person, what string) error {
	q := p.asked
	switch {
	case strings.EqualFold(what, q.No), what == "1":
		p.asked = nil
		h.note("%s says %s: nothing was done", p.Name, q.No)
		return nil
	case strings.EqualFold(what, q.Yes), what == "2":
		p.asked = nil
		d, err := q.do()
		return h.answered(ctx, p, d, err)
	}
	return p.beforeThem()
}

// beforeThem says what p has to answer before they can do anything else.
func (p *person) beforeThem() error {
	return fmt.Errorf("%s is asked %q: press %s, or press %s", p.Name, p.asked.Title, p.asked.No, p.asked.Yes)
}
