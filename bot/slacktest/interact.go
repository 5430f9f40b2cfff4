package slacktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// target is an element that somebody acts on. mu is held while one is used.
type target struct {
	user    User
	message *Message
	view    *view
	block   node
	element node
	key     string // names the element among all surfaces
}

// optionSet is what an external menu offered last, as the app gave it.
type optionSet []node

// surface looks for a message or view that user can see, and returns its blocks.
// The caller holds mu.
func (s *acts) surface(user string, on MessageRef) (*target, json.RawMessage, error) {
	u, err := s.person(user)
	if err != nil {
		return nil, nil, err
	}
	if on.ViewID != "" {
		v := s.views[on.ViewID]
		if v == nil || v.closed || v.user != user {
			return nil, nil, fmt.Errorf("slacktest: %s has no view %q open", user, on.ViewID)
		}
		return &target{user: u, view: v, key: v.id}, v.blocks, nil
	}
	m := s.live[on]
	if m == nil || !s.visible(m, user) {
		return nil, nil, fmt.Errorf("slacktest: %s sees no message %s in %s", user, on.TS, on.Channel)
	}
	return &target{user: u, message: m, key: m.Channel + m.TS}, m.Blocks, nil
}

// find looks for an element on a message or view that user can see; blockID
// may be empty. The caller holds mu.
func (s *acts) find(user string, on MessageRef, blockID, actionID string) (*target, error) {
	t, blocks, err := s.surface(user, on)
	if err != nil {
		return nil, err
	}
	found := 0
	for _, b := range parseNodes(blocks) {
		for _, e := range b.interactive() {
			if e.str("action_id") == actionID && (blockID == "" || b.str("block_id") == blockID) {
				t.block, t.element = b, e
				found++
			}
		}
	}
	if found != 1 {
		return nil, fmt.Errorf("slacktest: %d elements have block_id %q and action_id %q", found, blockID, actionID)
	}
	t.key += "\x00" + t.block.str("block_id") + "\x00" + actionID
	return t, nil
}

// Press presses a button on a message, a modal or Home. blockID may be empty
// if the action_id is unique there.
func (s *acts) Press(user string, on MessageRef, blockID, actionID string) (*Delivery, error) {
	return s.deliver(func() (*Delivery, error) {
		t, err := s.find(user, on, blockID, actionID)
		if err == nil && t.element.str("type") != "button" {
			err = fmt.Errorf("slacktest: %s is no button", actionID)
		}
		if err != nil {
			return nil, err
		}
		action := object{"type": "button", "text": t.element["text"]}
		for _, k := range []string{"value", "style", "url"} {
			if v, ok := t.element[k]; ok {
				action[k] = v
			}
		}
		d := s.blockActions(t, action)
		return d, nil
	})
}

// Choose picks from a menu (by an option's value or label), a picker or a set
// of checkboxes (several, one a line). In an input block without
// dispatch_action that only fills the field, and the Delivery is nil.
func (s *acts) Choose(user string, on MessageRef, blockID, actionID, value string) (*Delivery, error) {
	return s.deliver(func() (*Delivery, error) {
		t, err := s.find(user, on, blockID, actionID)
		var state object
		if err == nil {
			state, err = s.enter(t, value)
		}
		if err != nil {
			return nil, err
		}
		if t.view != nil && t.element.str("type") != "overflow" {
			t.view.set(t.block.str("block_id"), actionID, state)
		}
		if t.block.str("type") == "input" && !t.block.flag("dispatch_action") {
			s.wake()
			return nil, nil
		}
		action := object{}
		for k, v := range state {
			action[k] = v
		}
		if p, ok := t.element["placeholder"]; ok {
			action["placeholder"] = p
		}
		d := s.blockActions(t, action)
		return d, nil
	})
}

// blockActions builds the payload of an action. The caller holds mu.
// https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
func (s *acts) blockActions(t *target, action object) *Delivery {
	d := &Delivery{Type: "interactive"}
	action["block_id"], action["action_id"] = t.block.str("block_id"), t.element.str("action_id")
	action["action_ts"] = s.nextTS()
	p := s.interaction("block_actions", t.user)
	p["actions"] = []object{action}
	s.surroundings(t, p)
	s.answerable(d, t, p)
	if t.view == nil {
		// On messages Slack carries what other elements hold; nothing here
		// keeps choices on a message, so only this action is in it.
		p["state"] = object{"values": messageState(action)}
	}
	d.Payload = encode(p)
	return d
}

// answerable adds the trigger, and for a message the response_url. The caller
// holds mu.
func (s *acts) answerable(d *Delivery, t *target, p object) {
	below := ""
	if t.view != nil {
		below = t.view.id
	} else {
		d.ResponseURL, _ = s.newResponseURL("actions", t.user.ID, t.message.Channel, t.message.Ref())
		p["response_url"] = d.ResponseURL
	}
	d.TriggerID = s.newTrigger(t.user.ID, below)
	p["trigger_id"] = d.TriggerID
}

func messageState(action object) object {
	if action["type"] == "button" || action["type"] == "overflow" {
		return object{}
	}
	state := object{}
	for k, v := range action {
		if k == "type" || k == "value" || strings.HasPrefix(k, "selected_") {
			state[k] = v
		}
	}
	return object{action["block_id"].(string): object{action["action_id"].(string): state}}
}

// surroundings adds container, and the view or the channel and the message;
// an ephemeral message is never carried. The caller holds mu.
func (s *acts) surroundings(t *target, p object) {
	if t.view != nil {
		p["container"] = object{"type": "view", "view_id": t.view.id}
		p["view"] = s.viewJSON(t.view)
		return
	}
	m := t.message
	p["container"] = object{
		"type": "message", "message_ts": m.TS, "channel_id": m.Channel, "is_ephemeral": m.Ephemeral,
	}
	ch := s.channels[m.Channel]
	p["channel"] = object{"id": ch.ID, "name": ch.commandName()}
	if !m.Ephemeral {
		p["message"] = s.messageJSON(m)
	}
}

// Suggest types into an external menu and returns what the app's
// acknowledgement offers; nothing is asked below the menu's min_query_length.
// Only options that were offered can be chosen afterwards.
// https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload
func (s *acts) Suggest(ctx context.Context, user string, on MessageRef, blockID, actionID, typed string) ([]Choice, error) {
	s.mu.Lock()
	t, err := s.find(user, on, blockID, actionID)
	if err == nil && !strings.HasSuffix(t.element.str("type"), "external_select") {
		err = fmt.Errorf("slacktest: %s is no external menu", actionID)
	}
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	// https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#external_select
	if int64(len([]rune(typed))) < t.element.number("min_query_length", 3) {
		s.mu.Unlock()
		return nil, nil
	}
	var offered []Choice
	d := &Delivery{Type: "interactive", acceptsPayload: true}
	d.onAck = func(payload json.RawMessage) error {
		list, raw, err := readOptions(payload)
		if err != nil {
			return err
		}
		offered = list
		s.suggested[t.key] = raw
		return nil
	}
	p := s.interaction("block_suggestion", t.user)
	p["action_id"], p["block_id"], p["value"] = actionID, t.block.str("block_id"), typed
	s.surroundings(t, p)
	d.Payload = encode(p)
	s.mu.Unlock()
	if err := s.send(d).Wait(ctx); err != nil {
		return nil, err
	}
	return offered, nil
}

// readOptions validates what an app offers for an external menu.
func readOptions(payload json.RawMessage) ([]Choice, optionSet, error) {
	var n node
	if payload == nil || decode(payload, &n) != nil {
		return nil, nil, ErrInvalidAck
	}
	if (n["options"] == nil) == (n["option_groups"] == nil) {
		return nil, nil, fmt.Errorf("%w: exactly one of options, option_groups", ErrInvalidAck)
	}
	c := newChecker(surfaceModal)
	if len(n.children("options"))+len(n.children("option_groups")) > 0 {
		c.optionLists(n, "")
	}
	if len(c.errs) > 0 {
		return nil, nil, fmt.Errorf("%w: %w", ErrInvalidAck, errors.New(strings.Join(c.errs, "; ")))
	}
	raw := optionSet(n.children("options"))
	for _, g := range n.children("option_groups") {
		raw = append(raw, g.children("options")...)
	}
	return menuOptions(n), raw, nil
}
