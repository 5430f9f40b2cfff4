package broker

import (
	"context"
	"slices"
	"strings"
)

// An Effect is what policy says of a Request.
type Effect string

// The effects.
const (
	Allow Effect = "allow"
	Deny  Effect = "deny"
)

// A Decision is what policy says of a Request, and which rule says it.
type Decision struct {
	Effect Effect
	Rule   string // the allow entry that matched, or why there is none
	Err    error  // set when membership of a group could not be learnt
}

// decide is default deny. Entries that need no lookup are tried first, so that
// Slack being away denies only those whom nothing but a group could allow.
func decide(ctx context.Context, a Account, user string, dir Directory) Decision {
	if slices.Contains(a.Allow, user) {
		return Decision{Effect: Allow, Rule: user}
	}
	if slices.Contains(a.Allow, "*") {
		return Decision{Effect: Allow, Rule: "*"}
	}
	var unknown error
	for _, group := range a.Allow {
		if !strings.HasPrefix(group, "S") {
			continue
		}
		in, err := dir.InGroup(ctx, group, user)
		switch {
		case err != nil:
			unknown = err
		case in:
			return Decision{Effect: Allow, Rule: group}
		}
	}
	if unknown != nil {
		return Decision{Effect: Deny, Rule: "membership unknown", Err: unknown}
	}
	return Decision{Effect: Deny, Rule: "default deny"}
}

// identify says who the Caller is, or refuses a stranger. A stranger learns
// nothing but whom to ask.
func (b *Broker) identify(c Caller) (User, error) {
	if !slices.Contains(b.config.Workspaces, c.Team) {
		return User{}, &Error{
			Code:    CodeWorkspace,
			Message: "This bot does not serve your Slack workspace.",
			Hint:    b.contact(),
		}
	}
	user, ok := b.config.User(c.User)
	if !ok {
		return User{}, &Error{
			Code:    CodeNotUser,
			Message: "You are not set up to use this bot.",
			Hint:    b.contact(),
		}
	}
	return user, nil
}

// Identify refuses a stranger, on the record; nil means that the Caller is a
// User.
func (b *Broker) Identify(ctx context.Context, r Request) error {
	if _, err := b.identify(r.Caller); err != nil {
		return b.refuse(ctx, r, err)
	}
	return nil
}

func (b *Broker) contact() string {
	if b.config.Contact == "" {
		return "Ask whoever looks after AWS access in your organisation."
	}
	return "Ask in " + b.config.Contact + "."
}

// authorize finds the Account and asks policy whether the User may have it.
func (b *Broker) authorize(ctx context.Context, user User, name string) (Account, error) {
	account, ok := b.config.Account(name)
	if !ok {
		return Account{}, b.unknownAccount(ctx, user, name)
	}
	switch d := decide(ctx, account, user.Slack, b.directory); {
	case d.Effect == Allow:
		return account, nil
	case d.Err != nil:
		return Account{}, &Error{
			Code:    CodeDirectory,
			Message: "Slack cannot say right now which user groups you are in, so the answer is no.",
			Hint:    "Try again in a minute. Your code was not used.",
			Err:     d.Err,
		}
	}
	return Account{}, &Error{
		Code:    CodeNotAllowed,
		Message: "You may not have " + account.Name + ".",
		Hint:    b.contact() + " Your code was not used.",
	}
}

func (b *Broker) unknownAccount(ctx context.Context, user User, name string) error {
	mine, complete := b.allowed(ctx, user)
	names := make([]string, len(mine))
	for i, a := range mine {
		names[i] = a.Name
	}
	hint := "You may not have any account yet. " + b.contact()
	if !complete {
		hint = "Slack cannot say right now which user groups you are in, so the bot cannot say what you may have."
	}
	if near := Nearest(name, names); near != "" {
		hint = "Did you mean " + near + "?"
	} else if len(names) > 0 {
		hint = "You may have: " + listed(names, 20) + "."
	}
	return &Error{Code: CodeUnknownAccount, Message: "There is no account of that name.", Hint: hint + " Your code was not used."}
}

// listed joins names, at most n of them, and says how many it left out.
func listed(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:n], ", ") + " and more"
}

// Accounts returns the Accounts that the Caller may have, in the order of the
// config. complete is false when Slack could not say who is in which group, and
// Accounts that only a group allows are missing.
func (b *Broker) Accounts(ctx context.Context, r Request) (accounts []Account, complete bool, err error) {
	user, err := b.identify(r.Caller)
	if err != nil {
		return nil, false, b.refuse(ctx, r, err)
	}
	accounts, complete = b.allowed(ctx, user)
	return accounts, complete, nil
}

func (b *Broker) allowed(ctx context.Context, user User) (accounts []Account, complete bool) {
	complete = true
	for _, a := range b.config.Accounts {
		switch d := decide(ctx, a, user.Slack, b.directory); {
		case d.Effect == Allow:
			accounts = append(accounts, a)
		case d.Err != nil:
			complete = false
		}
	}
	return accounts, complete
}
