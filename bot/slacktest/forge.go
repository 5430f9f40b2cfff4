package slacktest

import "fmt"

// Forge sends what a client of user's made up about a message or view that user
// sees: any number of actions in one payload, each with any block_id, action_id,
// type, value and option. Who acts, where, and on which message comes from Slack.
// An action is sent as it is.
func (s *acts) Forge(user string, on MessageRef, actions ...map[string]any) (*Delivery, error) {
	return s.deliver(func() (*Delivery, error) {
		t, _, err := s.surface(user, on)
		if err != nil {
			return nil, err
		}
		d := &Delivery{Type: "interactive"}
		p := s.interaction("block_actions", t.user)
		p["actions"] = actions
		s.surroundings(t, p)
		s.answerable(d, t, p)
		d.Payload = encode(p)
		return d, nil
	})
}

// ForgeSubmission submits the modal on top as a client of user's made it up:
// change is given the view as Slack would send it, and may put anything into its
// state and private_metadata.
func (s *acts) ForgeSubmission(user, viewID string, change func(view map[string]any)) (*Delivery, error) {
	return s.deliver(func() (*Delivery, error) {
		v, u, err := s.top(user, viewID)
		if err == nil && v.body["submit"] == nil {
			err = fmt.Errorf("slacktest: view %q has no submit button", v.body.text("title"))
		}
		if err != nil {
			return nil, err
		}
		view := s.viewJSON(v)
		change(view)
		d := s.submitted(v, u, view)
		return d, nil
	})
}
