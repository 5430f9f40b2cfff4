package event

// What changes around the bot: its config, the user groups that it names, its due lists.

// ConfigData is that the config says something else than before. Without changes, the
// file can be read again and says what it said.
type ConfigData struct {
	Piece
	// Unread says that what was announced last cannot be read, so what changed since
	// is not known.
	Unread  bool     `json:"unread,omitempty"`
	Changes []Change `json:"changes,omitempty"` // one for each field
}

// Change is one field of the config that says something else than before.
type Change struct {
	Of        string   `json:"of,omitempty" max:"255"`     // which Account, User or list; absent: the config itself
	What      string   `json:"what" max:"16"`              // added, removed or changed; of added, several fields may follow one another
	Field     string   `json:"field,omitempty" max:"64"`   // of it; absent of removed
	Gained    []string `json:"gained,omitempty" max:"255"` // what a list has now and had not
	Lost      []string `json:"lost,omitempty" max:"255"`   // what it had and has not now
	Was       string   `json:"was,omitempty" max:"1024"`   // the value before; absent: none. What is secret is "set"
	Is        string   `json:"is,omitempty" max:"1024"`    // and now
	NextStart bool     `json:"next_start,omitempty"`       // it counts from the next start of the bot
}

// ConfigBrokenData is that the config file was changed and cannot be used: the bot keeps
// the config that it had.
type ConfigBrokenData struct {
	Piece
	Problems []Problem `json:"problems,omitempty"` // of the file, the first ones
	More     int       `json:"more,omitempty"`     // how many further ones the log has
}

// Problem is one of a config file.
type Problem struct {
	File   string `json:"file,omitempty" max:"255"` // in which it is
	Line   int    `json:"line,omitempty"`           // from 1; absent: of the file as a whole
	Column int    `json:"column,omitempty"`         // from 1
	Words  Text   `json:"words,omitzero"`           // what is wrong, with values of the file
}

// MembershipData is that the members of a user group that the config names have changed.
type MembershipData struct {
	Piece
	Group   string   `json:"group" max:"32"`             // Slack user group ID
	Added   []string `json:"added,omitempty" max:"32"`   // Slack user IDs
	Removed []string `json:"removed,omitempty" max:"32"` // Slack user IDs
}

// SetAsideData is that the bot gave up something that was to be done later.
type SetAsideData struct {
	List string `json:"list" max:"64"`           // of the list on which it stood
	Why  string `json:"why,omitempty" max:"64"`  // code of the cause
	Code string `json:"code,omitempty" max:"64"` // set_aside
}

// Kind implements Payload.
func (ConfigData) Kind() Kind { return Config }

// Kind implements Payload.
func (ConfigBrokenData) Kind() Kind { return ConfigBroken }

// Kind implements Payload.
func (MembershipData) Kind() Kind { return Membership }

// Kind implements Payload.
func (SetAsideData) Kind() Kind { return SetAside }
