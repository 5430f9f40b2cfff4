package slacktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// trouble is what Slack writes into a modal when the app does not answer.
const trouble = "We had some trouble connecting. Try again?"

// ErrRequired is that a modal was to be submitted with an empty required field.
var ErrRequired = errors.New("please complete this required field")

// top finds the view on top of user's stack. The caller holds mu.
func (s *windows) top(user, viewID string) (*view, User, error) {
	u, err := s.person(user)
	if err != nil {
		return nil, u, err
	}
	stack := s.stacks[user]
	if len(stack) == 0 || stack[len(stack)-1] != viewID {
		return nil, u, fmt.Errorf("slacktest: view %q is not on top for %s", viewID, user)
	}
	return s.views[viewID], u, nil
}

// Fill enters value into the field with this block_id, action_id or label, of
// the modal on top; for menus it is an option's value or label.
func (s *acts) Fill(user, viewID, field, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, u, err := s.top(user, viewID)
	if err != nil {
		return err
	}
	return s.fill(v, u, field, value)
}

func (s *acts) fill(v *view, u User, field, value string) error {
	f, ok := s.viewSnapshot(v).Field(field)
	if !ok {
		return fmt.Errorf("slacktest: no field %q in view %q", field, v.body.text("title"))
	}
	t, err := s.find(u.ID, MessageRef{ViewID: v.id}, f.BlockID, f.ActionID)
	if err != nil {
		return err
	}
	state, err := s.enter(t, value)
	if err != nil {
		return err
	}
	v.set(f.BlockID, f.ActionID, state)
	s.wake()
	return nil
}

// Submit fills in values, by field as for Fill, and submits the modal on top.
// An empty required field is ErrRequired, and says so where it stands: Slack's client
// would not submit it.
// Once the Delivery's Wait returns, the modal shows what the app answered.
// https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
func (s *acts) Submit(user, viewID string, values map[string]string) (*Delivery, error) {
	return s.deliver(func() (*Delivery, error) { return s.submission(user, viewID, values) })
}

func (s *acts) submission(user, viewID string, values map[string]string) (*Delivery, error) {
	v, u, err := s.top(user, viewID)
	if err != nil {
		return nil, err
	}
	if v.body["submit"] == nil {
		return nil, fmt.Errorf("slacktest: view %q has no submit button", v.body.text("title"))
	}
	for _, field := range sortedKeys(values) {
		if err := s.fill(v, u, field, values[field]); err != nil {
			return nil, err
		}
	}
	v.errors = map[string]string{}
	for _, f := range s.viewSnapshot(v).Fields {
		if !f.Optional && f.Value == "" {
			v.errors[f.BlockID] = "Please complete this required field."
			if err == nil {
				err = fmt.Errorf("slacktest: %w: %s", ErrRequired, f.Label)
			}
		}
	}
	if err != nil {
		return nil, err
	}
	return s.submitted(v, u, s.viewJSON(v)), nil
}

// submitted is the submission of v, with what view holds. The caller holds mu.
func (s *acts) submitted(v *view, u User, view object) *Delivery {
	v.errors, v.trouble = nil, ""
	d := &Delivery{Type: "interactive", acceptsPayload: true, TriggerID: s.newTrigger(u.ID, v.id)}
	p := s.interaction("view_submission", u)
	p["trigger_id"], p["view"], p["response_urls"] = d.TriggerID, view, []string{}
	d.Payload = encode(p)
	fail := func() {
		v.trouble = trouble
		s.tell(ViewUpdated, v)
	}
	d.onFail = func(error) { fail() }
	d.onAck = func(payload json.RawMessage) error { return s.answered(v, payload) }
	return d
}

// answered does what the acknowledgement of a submission asks. The caller
// holds mu. https://docs.slack.dev/surfaces/modals#response_actions
func (s *acts) answered(v *view, payload json.RawMessage) error {
	at := slices.Index(s.stacks[v.user], v.id)
	if at < 0 {
		return nil // the person has closed it
	}
	var ack struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if payload != nil && json.Unmarshal(payload, &ack) != nil {
		return ErrInvalidAck
	}
	switch ack.Action {
	case "":
		s.closeViews(v.user, at)
		return nil
	case "clear":
		s.closeViews(v.user, 0)
		return nil
	case "errors":
		return s.fieldErrors(v, ack.Errors)
	case "update", "push":
	default:
		return fmt.Errorf("%w: response_action %q", ErrInvalidAck, ack.Action)
	}
	body, blocks, err := checkView(jsonText(ack.View), "modal")
	if err != nil {
		var refused *apiError
		if errors.As(err, &refused) {
			return fmt.Errorf("%w: %w %v", ErrInvalidAck, err, refused.messages)
		}
		return fmt.Errorf("%w: %w", ErrInvalidAck, err)
	}
	if ack.Action == "update" {
		v.load(body, blocks)
		s.tell(ViewUpdated, v)
		return nil
	}
	if len(s.stacks[v.user]) >= maxStack {
		return fmt.Errorf("%w: push_limit_reached", ErrInvalidAck)
	}
	s.show(v.user, body, blocks)
	return nil
}

// fieldErrors shows errors under their fields; each must name an input block.
func (s *acts) fieldErrors(v *view, errs map[string]string) error {
	if len(errs) == 0 {
		return fmt.Errorf("%w: no errors", ErrInvalidAck)
	}
	inputs := map[string]bool{}
	for _, b := range parseNodes(v.blocks) {
		if b.str("type") == "input" {
			inputs[b.str("block_id")] = true
		}
	}
	for id, text := range errs {
		if !inputs[id] || text == "" {
			return fmt.Errorf("%w: error for %q, which is no input block, or without text", ErrInvalidAck, id)
		}
	}
	v.errors = errs
	s.tell(ViewUpdated, v)
	return nil
}

// CloseView presses the modal's close button, or its cross. The app hears of
// it (view_closed) only if the view asked with notify_on_close; otherwise the
// Delivery is nil.
func (s *acts) CloseView(user, viewID string) (*Delivery, error) {
	return s.deliver(func() (*Delivery, error) {
		v, u, err := s.top(user, viewID)
		if err != nil {
			return nil, err
		}
		clears := v.body.flag("clear_on_close")
		from := len(s.stacks[user]) - 1
		if clears {
			from = 0
		}
		s.closeViews(user, from)
		if !v.body.flag("notify_on_close") {
			return nil, nil
		}
		p := s.interaction("view_closed", u)
		p["view"], p["is_cleared"] = s.viewJSON(v), clears
		d := &Delivery{Type: "interactive", Payload: encode(p)}
		return d, nil
	})
}
