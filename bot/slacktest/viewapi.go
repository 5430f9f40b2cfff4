package slacktest

import "slices"

// show opens a view above those of user. The caller holds mu.
func (s *windows) show(user string, body node, blocks []byte) *view {
	v := &view{id: s.nextID("V"), user: user}
	v.load(body, blocks)
	v.root = v.id
	if stack := s.stacks[user]; len(stack) > 0 {
		v.previous = stack[len(stack)-1]
		v.root = stack[0]
	}
	s.views[v.id] = v
	s.stacks[user] = append(s.stacks[user], v.id)
	s.tell(ViewOpened, v)
	return v
}

// tell announces a change of v. The caller holds mu.
func (s *windows) tell(kind ChangeKind, v *view) {
	s.changes.add(Change{Kind: kind, View: s.viewSnapshot(v), User: v.user})
	s.wake()
}

// closeViews takes views off user's stack from index from on. The caller
// holds mu.
func (s *windows) closeViews(user string, from int) {
	stack := s.stacks[user]
	for _, id := range slices.Backward(stack[from:]) {
		v := s.views[id]
		v.closed = true
		s.tell(ViewClosed, v)
	}
	s.stacks[user] = stack[:from:from]
}

// taken says whether another living view has this external_id.
func (s *windows) taken(body node, except *view) bool {
	ext := body.str("external_id")
	for _, v := range s.views {
		if ext != "" && v != except && !v.closed && v.body.str("external_id") == ext {
			return true
		}
	}
	return false
}

// https://docs.slack.dev/reference/methods/views.open
func (s *webAPI) viewsOpen(c *call) (object, error) {
	body, blocks, err := checkView(c.get("view"), "modal")
	if err != nil {
		return nil, err
	}
	if s.taken(body, nil) {
		return nil, failure("duplicate_external_id")
	}
	t, err := s.exchange(c.get("trigger_id"))
	if err != nil {
		return nil, err
	}
	s.closeViews(t.user, 0)
	return object{"view": s.viewJSON(s.show(t.user, body, blocks))}, nil
}

// https://docs.slack.dev/reference/methods/views.push
func (s *webAPI) viewsPush(c *call) (object, error) {
	body, blocks, err := checkView(c.get("view"), "modal")
	if err != nil {
		return nil, err
	}
	t, err := s.exchange(c.get("trigger_id"))
	if err != nil {
		return nil, err
	}
	stack := s.stacks[t.user]
	switch {
	case !slices.Contains(stack, t.viewID):
		return nil, failure("not_found")
	case len(stack) >= maxStack:
		return nil, failure("push_limit_reached")
	}
	return object{"view": s.viewJSON(s.show(t.user, body, blocks))}, nil
}

// https://docs.slack.dev/reference/methods/views.update
func (s *webAPI) viewsUpdate(c *call) (object, error) {
	var v *view
	switch {
	case c.get("view_id") != "":
		v = s.views[c.get("view_id")]
	case c.get("external_id") != "":
		for _, other := range s.views {
			if !other.closed && other.body.str("external_id") == c.get("external_id") {
				v = other
			}
		}
	default:
		return nil, failure("invalid_arguments", "[ERROR] one of view_id, external_id is required")
	}
	if v == nil || v.closed || v.body.str("type") != "modal" {
		return nil, failure("not_found")
	}
	body, blocks, err := checkView(c.get("view"), "modal")
	if err != nil {
		return nil, err
	}
	if h := c.get("hash"); h != "" && h != v.hash {
		return nil, failure("hash_conflict")
	}
	if s.taken(body, v) {
		return nil, failure("duplicate_external_id")
	}
	v.load(body, blocks)
	s.tell(ViewUpdated, v)
	return object{"view": s.viewJSON(v)}, nil
}

// https://docs.slack.dev/reference/methods/views.publish
func (s *webAPI) viewsPublish(c *call) (object, error) {
	u, ok := s.user(c.get("user_id"))
	if !ok {
		return nil, failure("invalid_arguments", "[ERROR] user_id is not a user")
	}
	body, blocks, err := checkView(c.get("view"), "home")
	if err != nil {
		return nil, err
	}
	v := s.views[s.homes[u.ID]]
	if h := c.get("hash"); h != "" && (v == nil || h != v.hash) {
		return nil, failure("hash_conflict")
	}
	if v == nil {
		v = &view{id: s.nextID("V"), user: u.ID}
		v.root = v.id
		s.views[v.id], s.homes[u.ID] = v, v.id
	}
	v.load(body, blocks)
	s.tell(HomePublished, v)
	return object{"view": s.viewJSON(v)}, nil
}
