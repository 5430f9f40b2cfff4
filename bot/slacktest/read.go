package slacktest

// Button is a button that somebody could press.
type Button struct {
	BlockID, ActionID, Label, Value, URL, Style string
	Confirm                                     *Confirm // asks "are you sure" first
}

// Choice is one entry of a menu.
type Choice struct{ Text, Value, Group, Description string }

// Menu is a menu, or a set of checkboxes or radio buttons.
type Menu struct {
	BlockID, ActionID, Kind, Placeholder string
	// Options are those that are there to see. A menu that is filled by the app
	// has those that it offered last, one that is filled by Slack has none.
	Options  []Choice
	Selected []Choice
	Confirm  *Confirm
}

func (m Message) read(reader Reader) *treeReader {
	return &treeReader{names: m.names, reader: reader}
}

// Plain is the message as a person in UTC reads it, without colours and fonts.
// Preformatted text is exact.
func (m Message) Plain() string { return m.Tree(Reader{Now: m.now}).Text(Layout{}) }

// Fallback is the text that notifications and screen readers give a person in
// UTC.
func (m Message) Fallback() string { return m.FallbackFor(Reader{Now: m.now}) }

// FallbackFor is the text that notifications and screen readers give reader.
func (m Message) FallbackFor(reader Reader) string { return m.read(reader).fallback(m.Text) }

// Preformatted is the exact text of each preformatted element, as copying it
// gives it.
func (m Message) Preformatted() []string { return m.Tree(Reader{Now: m.now}).Preformatted() }

// Buttons are the message's buttons, in order.
func (m Message) Buttons() []Button { return m.read(Reader{Now: m.now}).buttons(m.Blocks) }

// Menus are the message's menus, in order.
func (m Message) Menus() []Menu { return m.read(Reader{Now: m.now}).menus(m.Blocks) }
