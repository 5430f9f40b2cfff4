package broker

import (
	"slices"
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
	Users        []User
	Accounts     []Account
	Groups       map[string][]string // by name: Slack user IDs and user group IDs
	Admins       []string            // as those of an Account's rules
	Limits       Limits
	Contact      string        // shown to who may not use the bot
	RevealWindow time.Duration // how long Credentials stay sealed in the store
	MFASession   time.Duration // how long an MFA session lasts at most; 0: there are none

	SigninEndpoint string // of console sign-in; "": AWS's own for the Account's partition
}

// Limits bound how often things are done within a minute; 0 is no limit.
type Limits struct {
	Requests int // of one person
	STSCalls int // for one Account
}

// User returns the User of a Slack user ID.
func (c *Config) User(slackID string) (User, bool) {
	i := slices.IndexFunc(c.Users, func(u User) bool { return u.Slack == slackID })
	if i < 0 {
		return User{}, false
	}
	return c.Users[i], true
}

// Account returns the Account of an alias, which is in lower case.
func (c *Config) Account(name string) (Account, bool) {
	i := slices.IndexFunc(c.Accounts, func(a Account) bool { return a.Name == name })
	if i < 0 {
		return Account{}, false
	}
	return c.Accounts[i], true
}
