package policy

import (
	"iter"
	"slices"
	"strings"
	"time"
)

// Bounds of the reveal window.
const (
	DefaultRevealWindow = 10 * time.Minute
	MaxRevealWindow     = time.Hour
)

// Config is who and what there is. It is read-only once it is handed over.
type Config struct {
	Workspaces   []string // Slack workspace IDs whose people may speak to the bot
	Users        List[User]
	Accounts     List[Account]
	Groups       map[string]Group // by name
	Admins       []string         // as those of an Account's rules
	Limits       Limits
	Contact      string        // shown to who may not use the bot
	RevealWindow time.Duration // how long Credentials stay sealed in the store
	MFASession   time.Duration // how long an MFA session lasts at most; 0: there are none
	RotateKeys   time.Duration // how old a key in Secrets Manager becomes before it is replaced; 0: it is not

	SigninEndpoint string // of console sign-in; "": AWS's own for the Account's partition
}

// Limits bound how often things are done within a minute; 0 is no limit.
type Limits struct {
	Requests int // of one person
	STSCalls int // for one Account
}

// User returns the User of a Slack user ID.
func (c *Config) User(slackID string) (User, bool) { return c.Users.look(slackID) }

// Account returns the Account of an alias, which is in lower case.
func (c *Config) Account(name string) (Account, bool) { return c.Accounts.look(name) }

// A List is looked up by name, and gone through in the order of the config.
type List[T any] struct {
	byName map[string]*T
	names  []string // in order
}

// Users lists them by Slack user ID.
func Users(users ...User) List[User] {
	return listOf(users, func(u User) string { return u.Slack })
}

// Accounts lists them by alias.
func Accounts(accounts ...Account) List[Account] {
	return listOf(accounts, func(a Account) string { return a.Name })
}

func listOf[T any](all []T, name func(T) string) List[T] {
	l := List[T]{byName: make(map[string]*T, len(all))}
	for _, v := range all {
		l.Add(name(v), v)
	}
	return l
}

// Add puts v at the end, or in place of what had its name.
func (l *List[T]) Add(name string, v T) {
	if l.byName == nil {
		l.byName = map[string]*T{}
	}
	if l.byName[name] == nil {
		l.names = append(l.names, name)
	}
	l.byName[name] = &v
}

// Find returns what has that name, not a copy of it; nil if there is none.
func (l List[T]) Find(name string) *T { return l.byName[name] }

func (l List[T]) look(name string) (T, bool) {
	if v := l.byName[name]; v != nil {
		return *v, true
	}
	var none T
	return none, false
}

// All goes through the List in its order.
func (l List[T]) All() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, name := range l.names {
			if !yield(l.byName[name]) {
				return
			}
		}
	}
}

// Names are in the order of the List.
func (l List[T]) Names() []string { return slices.Clone(l.names) }

// Len is how many there are.
func (l List[T]) Len() int { return len(l.names) }

// A Group is people and Slack user groups, who have one name in the config.
type Group struct {
	Members []string // Slack user IDs and user group IDs
	people  map[string]bool
	groups  []string // those of Slack
}

// NewGroup is the Group of members.
func NewGroup(members ...string) Group {
	g := Group{Members: members, people: map[string]bool{}}
	for _, m := range members {
		if IsUserGroup(m) {
			g.groups = append(g.groups, m)
		} else {
			g.people[m] = true
		}
	}
	return g
}

// IsUserGroup reports whether id is that of a Slack user group.
func IsUserGroup(id string) bool { return strings.HasPrefix(id, "S") }

// Names is an index of whom a Config names.
type Names struct {
	Global   bool              // some ID is W…
	Sessions map[string]string // Slack user IDs by the session names of Users
	ids      map[string]bool   // of Users, and of whoever is on a list
}

// Names indexes whom c names.
func (c *Config) Names() Names {
	n := Names{ids: map[string]bool{}, Sessions: map[string]string{}}
	ids := c.named()
	for u := range c.Users.All() {
		ids = append(ids, u.Slack)
		n.Sessions[u.SessionName] = u.Slack
	}
	for _, id := range ids {
		n.ids[id] = true
		n.Global = n.Global || IsGlobal(id)
	}
	return n
}

// Has reports whether the Config names id anywhere.
func (n Names) Has(id string) bool { return n.ids[id] }
