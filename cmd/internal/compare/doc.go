// Package compare says who gains and who loses what between two configs, for whoever
// reviews the change.
//
// What a person may have is found by asking policy itself, of either config, for every
// duration at which an answer can change, with and without break-glass, and for all that
// a person's user groups could be: who is in which is Slack's to say, so that these rows
// are of the groups, by name. Everything else that differs is a term (terms.go), and
// each kind of term has a judge. What no judge can decide counts as a gain, and so does
// a key that has no judge: a reviewer looks once too often rather than once too seldom.
package compare

import (
	"cmp"
	"slices"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// A Kind is what a Change is for whom it concerns.
type Kind string

// The kinds.
const (
	Gains   Kind = "gains"
	Loses   Kind = "loses"
	Changes Kind = "changes"
)

// A Change is one thing that differs.
type Change struct {
	Kind    Kind     `json:"kind"`
	Who     string   `json:"who"`
	Account string   `json:"account,omitempty"`
	What    string   `json:"what"`
	Was     string   `json:"was,omitempty"`
	Is      string   `json:"is,omitempty"`
	Added   []string `json:"added,omitempty"`
	Removed []string `json:"removed,omitempty"`
	// Unjudged says that nobody can tell from the files whether it is a gain.
	Unjudged bool   `json:"unjudged,omitempty"`
	Why      string `json:"why,omitempty"` // it cannot be judged
}

// A Report is all that differs: what somebody gains first, then what somebody loses.
type Report []Change

// Of returns those of one kind.
func (r Report) Of(kind Kind) []Change {
	return slices.DeleteFunc(slices.Clone(r), func(c Change) bool { return c.Kind != kind })
}

// Configs compares two configs.
func Configs(before, after config.Config) Report {
	p := pair{before: side{before, withAnybody(before.Broker)}, after: side{after, withAnybody(after.Broker)}}
	p.users()
	p.accounts()
	p.admins()
	p.whole()
	rank := map[Kind]int{Gains: 0, Loses: 1, Changes: 2}
	slices.SortStableFunc(p.report, func(a, b Change) int { return cmp.Compare(rank[a.Kind], rank[b.Kind]) })
	return p.report
}

// A side is a config, and its policy with somebody in it whom no list names.
type side struct {
	config.Config
	policy policy.Config
}

// A pair is what is compared.
type pair struct {
	before, after side
	report        Report
}

func (p *pair) add(c Change) { p.report = append(p.report, c) }

// anybody is no Slack ID, so no list names it.
const anybody = "U"

func withAnybody(c policy.Config) policy.Config {
	var users []policy.User
	for u := range c.Users.All() {
		users = append(users, *u)
	}
	c.Users = policy.Users(append(users, policy.User{Slack: anybody})...)
	return c
}

// users tells who may speak to the bot.
func (p *pair) users() {
	for u := range p.after.Broker.Users.All() {
		if !p.before.Broker.IsUser(u.Slack) {
			p.add(Change{Kind: Gains, Who: label(*u), What: "may use the bot, and have what Slack user groups give"})
		} else {
			p.terms("user "+u.Slack, label(*u), "", userJudges)
		}
	}
	for u := range p.before.Broker.Users.All() {
		if !p.after.Broker.IsUser(u.Slack) {
			p.add(Change{Kind: Loses, Who: label(*u), What: "may use the bot"})
		}
	}
}

func label(u policy.User) string { return u.SessionName + " (" + u.Slack + ")" }

// accounts goes through those of the new config, then what is gone.
func (p *pair) accounts() {
	for a := range p.after.Broker.Accounts.All() {
		p.access(a.Name)
		if _, was := p.before.Broker.Account(a.Name); was {
			p.approvers(a.Name)
			p.terms("account "+a.Name, "whoever has it", a.Name, accountJudges)
		} else {
			p.add(Change{Kind: Changes, Who: "the config", Account: a.Name, What: "is a new account"})
		}
	}
	for a := range p.before.Broker.Accounts.All() {
		if _, is := p.after.Broker.Account(a.Name); !is {
			p.access(a.Name)
			p.add(Change{Kind: Changes, Who: "the config", Account: a.Name, What: "is no account any more"})
		}
	}
}

// approvers tells who decides on requests: where nobody did, more is not given to them
// than everybody had.
func (p *pair) approvers(name string) {
	was, _ := p.before.Broker.Account(name)
	is, _ := p.after.Broker.Account(name)
	if was.Approval != nil && is.Approval != nil {
		p.power("may approve", name, p.before.Broker.Approvers(was), p.after.Broker.Approvers(is))
	}
}

func (p *pair) admins() {
	p.power("may act as an admin", "", flat(p.before.Broker, p.before.Broker.Admins), flat(p.after.Broker, p.after.Broker.Admins))
}

// power tells who may do something to others, of two lists of people and user groups.
func (p *pair) power(what, account string, was, is []string) {
	for _, who := range is {
		if !slices.Contains(was, who) {
			p.add(Change{Kind: Gains, Who: p.after.named(who), Account: account, What: what})
		}
	}
	for _, who := range was {
		if !slices.Contains(is, who) {
			p.add(Change{Kind: Loses, Who: p.before.named(who), Account: account, What: what})
		}
	}
}

// named is a person by name, or who is in a user group.
func (s side) named(id string) string {
	if u, known := s.Broker.User(id); known {
		return label(u)
	}
	if policy.IsUserGroup(id) {
		return "who is in " + id
	}
	return id
}

// flat is a list with the members of the config's groups in place of these.
func flat(c policy.Config, list []string) []string {
	var who []string
	for _, entry := range list {
		if group, named := c.Groups[entry]; named {
			who = append(who, group.Members...)
		} else {
			who = append(who, entry)
		}
	}
	slices.Sort(who)
	return slices.Compact(who)
}

// whole is what is of the config as a whole, and its groups, which show in what they give.
func (p *pair) whole() {
	p.terms(config.WholeEntry, "everybody", "", wholeJudges)
	names := map[string]bool{}
	for _, c := range []policy.Config{p.before.Broker, p.after.Broker} {
		for name := range c.Groups {
			names[name] = true
		}
	}
	for _, name := range sorted(names) {
		p.terms("group "+name, "group "+name, "", groupJudges)
	}
}
