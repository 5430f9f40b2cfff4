package slacktest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of views. https://docs.slack.dev/reference/views
const (
	maxTitle    = 24 // title, submit, close
	maxMetadata = 3000
	maxCallback = 255
	maxViewSize = 250_000
	maxStack    = 3
)

// view is a modal or a Home, as somebody has it before them.
type view struct {
	id, hash, user, root, previous string
	body                           node
	blocks                         json.RawMessage
	state                          map[string]map[string]object
	errors                         map[string]string // by block_id
	trouble                        string
	closed                         bool
}

// View is a modal or a Home as a person sees it.
type View struct {
	ID, Kind, User, CallbackID, ExternalID, Hash string
	Title, SubmitLabel, CloseLabel               string
	PrivateMetadata                              string
	Below                                        string // the ID of the view that it was opened above, if any
	Blocks                                       json.RawMessage
	Fields                                       []Field
	// Trouble is Slack's own complaint, when the app did not answer.
	Trouble string

	names *names
	now   time.Time
}

// Field is an input block of a View, or a menu elsewhere in it.
type Field struct {
	BlockID, ActionID, Kind, Label, Placeholder, Hint string
	Optional, Multiline                               bool
	Options                                           []Choice
	// Initial is what it held at first, Value what it holds; of a menu the
	// label, of several one a line.
	Initial, Value string
	Error          string // from the app, under the field
}

// Ref names the view for Press, Choose and Suggest.
func (v View) Ref() MessageRef { return MessageRef{ViewID: v.ID} }

func (v View) read(reader Reader) *treeReader {
	t := &treeReader{names: v.names, reader: reader, fields: map[string]Field{}}
	for _, f := range v.Fields {
		t.fields[f.BlockID+"\x00"+f.ActionID] = f
	}
	return t
}

// Plain is the view as a person in UTC reads it: fields with what they hold,
// errors under their fields.
func (v View) Plain() string { return v.Tree(Reader{Now: v.now}).Text(Layout{}) }

// Buttons are the buttons among the view's blocks, in order.
func (v View) Buttons() []Button { return v.read(Reader{Now: v.now}).buttons(v.Blocks) }

// Menus are the menus among the view's blocks, in order.
func (v View) Menus() []Menu { return v.read(Reader{Now: v.now}).menus(v.Blocks) }

// Preformatted is the exact text of each preformatted element.
func (v View) Preformatted() []string { return v.Tree(Reader{Now: v.now}).Preformatted() }

// Field finds a field by block_id, action_id or label.
func (v View) Field(name string) (Field, bool) {
	for _, f := range v.Fields {
		if f.BlockID == name || f.ActionID == name || strings.EqualFold(f.Label, name) {
			return f, true
		}
	}
	return Field{}, false
}

// windows are modals and Home, and the triggers that open them.
type windows struct {
	*posts
	triggers  map[string]*trigger
	views     map[string]*view
	stacks    map[string][]string // user → view ids, topmost last
	homes     map[string]string   // user → view id
	suggested map[string]optionSet
}

// Views are the modals that user has open, the one on top last.
func (s *windows) Views(user string) []View {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []View
	for _, id := range s.stacks[user] {
		out = append(out, s.viewSnapshot(s.views[id]))
	}
	return out
}

// Home is the Home tab that the app last published for user.
func (s *windows) Home(user string) (View, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.views[s.homes[user]]
	if v == nil {
		return View{}, false
	}
	return s.viewSnapshot(v), true
}

// viewSnapshot is v for somebody outside. The caller holds mu.
func (s *windows) viewSnapshot(v *view) View {
	out := View{
		ID: v.id, Below: v.previous, Kind: v.body.str("type"), User: v.user, CallbackID: v.body.str("callback_id"),
		ExternalID: v.body.str("external_id"), Hash: v.hash, Title: v.body.text("title"),
		SubmitLabel: v.body.text("submit"), CloseLabel: v.body.text("close"),
		PrivateMetadata: v.body.str("private_metadata"), Blocks: v.blocks, Trouble: v.trouble, names: s.nameTable(), now: s.clock(),
	}
	for _, b := range parseNodes(v.blocks) {
		for _, e := range b.interactive() {
			id, action := b.str("block_id"), e.str("action_id")
			state := v.state[id][action]
			if state == nil {
				continue
			}
			options := menuOptions(e)
			for _, o := range s.suggested[v.id+"\x00"+id+"\x00"+action] {
				options = append(options, readOption(o, ""))
			}
			out.Fields = append(out.Fields, Field{
				BlockID: id, ActionID: action, Kind: e.str("type"), Label: b.text("label"),
				Placeholder: e.text("placeholder"), Hint: b.text("hint"),
				Optional: b.flag("optional") || b.str("type") != "input", Multiline: e.flag("multiline"),
				Options: options, Initial: shown(initialState(e)), Value: shown(state), Error: v.errors[id],
			})
		}
	}
	return out
}

// checkView validates a view and returns it with its ids filled in.
func checkView(raw, want string) (node, json.RawMessage, error) {
	if raw == "" {
		return nil, nil, failure("invalid_arguments", "[ERROR] missing required field: view")
	}
	if len(raw) > maxViewSize {
		return nil, nil, failure("view_too_large")
	}
	var n node
	if decode([]byte(raw), &n) != nil || n == nil {
		return nil, nil, failure("invalid_arguments", "[ERROR] view is not a JSON object")
	}
	kind := n.str("type")
	if kind != want {
		return nil, nil, failure("invalid_arguments", fmt.Sprintf("[ERROR] view type must be %s, not %q", want, kind))
	}
	c := newChecker(surfaceModal)
	allowed := "blocks private_metadata callback_id external_id "
	if kind == "home" {
		c.surface = surfaceHome
	} else {
		allowed += "title close submit clear_on_close notify_on_close submit_disabled"
	}
	c.fields(n, "/view", allowed)
	list, ok := n["blocks"].([]any)
	if !ok {
		c.fail("/view", "missing required field: blocks")
	}
	c.blocks(list, "/view/blocks")
	if kind == "modal" {
		c.modal(n)
	}
	c.short(n, "private_metadata", maxMetadata)
	c.short(n, "callback_id", maxCallback)
	c.short(n, "external_id", maxCallback)
	if len(c.errs) > 0 {
		return nil, nil, failure("invalid_arguments", c.errs...)
	}
	return n, encode(append([]any{}, list...)), nil
}

func (c *checker) modal(n node) {
	c.text(n, "title", "/view", maxTitle, "plain_text")
	for _, k := range []string{"submit", "close"} {
		if n[k] != nil {
			c.text(n, k, "/view", maxTitle, "plain_text")
		}
	}
	if c.inputs > 0 && n["submit"] == nil {
		c.fail("/view", "missing required field: submit, which a modal with input blocks needs")
	}
}

func (c *checker) short(n node, key string, limit int) {
	if utf8.RuneCountInString(n.str(key)) > limit {
		c.fail("/view/"+key, "must be less than %d characters", limit+1)
	}
}

// load puts a new body into v. What was entered stays where block_id,
// action_id and kind are the same.
// https://docs.slack.dev/surfaces/modals#preserving_input
func (v *view) load(body node, blocks json.RawMessage) {
	old := v.state
	v.body, v.blocks, v.hash = body, blocks, randomID(8)
	v.state, v.errors, v.trouble = map[string]map[string]object{}, nil, ""
	for _, b := range parseNodes(blocks) {
		for _, e := range b.interactive() {
			state := initialState(e)
			if state == nil {
				continue
			}
			id, action := b.str("block_id"), e.str("action_id")
			if kept := old[id][action]; kept != nil && kept["type"] == state["type"] && !empty(kept) {
				state = kept
			}
			v.set(id, action, state)
		}
	}
}

func (v *view) set(blockID, actionID string, state object) {
	if v.state[blockID] == nil {
		v.state[blockID] = map[string]object{}
	}
	v.state[blockID][actionID] = state
}

// viewJSON renders v as Slack does. The caller holds mu.
func (s *windows) viewJSON(v *view) object {
	out := object{
		"id": v.id, "team_id": s.team, "type": v.body.str("type"), "blocks": v.blocks,
		"private_metadata": v.body.str("private_metadata"), "callback_id": v.body.str("callback_id"),
		"state": object{"values": json.RawMessage(encode(v.state))}, "hash": v.hash, "title": v.body["title"],
		"clear_on_close": v.body.flag("clear_on_close"), "notify_on_close": v.body.flag("notify_on_close"),
		"close": v.body["close"], "submit": v.body["submit"], "previous_view_id": nil, "root_view_id": v.root,
		"app_id": s.appID, "external_id": v.body.str("external_id"), "app_installed_team_id": s.team, "bot_id": s.botID,
	}
	if v.previous != "" {
		out["previous_view_id"] = v.previous
	}
	return out
}
