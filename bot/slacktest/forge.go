package slacktest

import "fmt"

// Forge sends what a client of user's made up about a message or view that user
// sees: any number of actions in one payload, each with any block_id, action_id,
// type, value and option. Who acts, where, and on which message comes from Slack.
// An action is sent as it is.
func (s *acts) Forge(user string, on MessageRef, actions ...map[string]any) (*Delivery, error) {
	s.mu.Lock()
	t, _, err := s.surface(user, on)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	d := &Delivery{Type: "interactive"}
	p := s.interaction("block_actions", t.user)
	p["actions"] = actions
	s.surroundings(t, p)
	if t.view != nil {
		d.TriggerID = s.newTrigger(user, t.view.id)
	} else {
		d.TriggerID = s.newTrigger(user, "")
		d.ResponseURL, _ = s.newResponseURL("actions", user, t.message.Channel, t.message.Ref())
		p["response_url"] = d.ResponseURL
	}
	p["trigger_id"] = d.TriggerID
	d.Payload = encode(p)
	s.mu.Unlock()
	return s.send(d), nil
}

// ForgeSubmission submits the modal on top as a client of user's made it up:
// change is given the view as Slack would send it, and may put anything into its
// state and private_metadata.
func (s *acts) ForgeSubmission(user, viewID string, change func(view map[string]any)) (*Delivery, error) {
	s.mu.Lock()
	v, u, err := s.top(user, viewID)
	if err == nil && v.body["submit"] == nil {
		err = fmt.Errorf("slacktest: view %q has no submit button", v.body.text("title"))
	}
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	view := s.viewJSON(v)
	change(view)
	d := s.submitted(v, u, view)
	s.mu.Unlock()
	return s.send(d), nil
}
