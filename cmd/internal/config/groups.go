package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/text"
)

// People are named by lists of Slack user IDs, Slack user group IDs, names of groups
// of the file and, where that can be meant, "*" for everybody.

// A Group is an entry of groups.
type Group = Entry[[]At[string]]

const (
	ofPeople  = "Slack user and user group IDs"
	everybody = "*"
)

// groupName keeps names of the config's groups apart from Slack's IDs, which are
// in capitals.
var groupName = text.NewPattern(`^[a-z][a-z0-9._-]{0,62}$`)

// likeID is an ID that was typed in lower case, and so no group's name.
var likeID = text.NewPattern(`^[uws]0[a-z0-9]+$`)

// A roster is who can be named.
type roster struct {
	groups map[string][]string
	within map[string]map[string]bool // the same members
	open   map[string]bool            // groups with a Slack user group, which may hold anybody
	users  map[string]bool            // Slack user IDs of the file's users
}

// newRoster has the groups, before anything names them, and no user yet.
func newRoster(c *collector, groups []Group) roster {
	r := roster{groups: map[string][]string{}, within: map[string]map[string]bool{}, open: map[string]bool{}, users: map[string]bool{}}
	for _, g := range groups {
		name := g.Key.Value
		lower := strings.ToLower(name)
		switch {
		case likeID.MatchString(lower):
			c.problem(g.Key.Position, "group %s: this reads like a Slack ID in lower case: choose another name", Quote(name))
		case groupName.MatchString(name):
		case groupName.MatchString(lower):
			c.problem(g.Key.Position, "group %s: names of groups are in lower case, and Slack's IDs in capitals: write %s", Quote(name), lower)
			r.add(lower, values(g.Value.Value)) // whoever names it so is right
		default:
			c.problem(g.Value.Position, "group %s: a name is 1 to 63 of a-z, 0-9, dot, dash and underscore, and begins with a letter", Quote(name))
		}
		for _, who := range g.Value.Value {
			if wrong := checkID(who.Value, userID, groupID); wrong != "" {
				c.problem(who.Position, "group %s: %s", name, wrong)
			}
		}
		r.add(name, values(g.Value.Value))
	}
	return r
}

func (r roster) add(name string, members []string) {
	r.groups[name], r.within[name], r.open[name] = members, make(map[string]bool, len(members)), false
	for _, m := range members {
		r.within[name][m] = true
		r.open[name] = r.open[name] || strings.HasPrefix(m, "S")
	}
}

// checkWho checks the list of people that key holds. Where all is true, "*" is
// everybody.
func (r roster) checkWho(c *collector, key string, list []At[string], all bool) {
	for _, who := range list {
		if who.Value == everybody {
			if !all {
				c.problem(who.Position, `%s: "*" is not taken here, which would be everybody: name people (U…), user groups (S…) or groups of this file`, key)
			}
			continue
		}
		if wrong := r.wrongWho(who.Value); wrong != "" {
			also := ""
			if all {
				also = `; "*" is every user of this file`
			}
			c.problem(who.Position, "%s: %s%s", key, wrong, also)
		}
	}
}

// wrongWho says what is wrong with an entry of a list of people, "" if nothing.
func (r roster) wrongWho(who string) string {
	if _, named := r.groups[who]; named {
		return ""
	}
	if lower := strings.ToLower(who); r.groups[lower] != nil {
		return fmt.Sprintf("names of groups are in lower case: write %s", lower)
	}
	if !groupName.MatchString(who) || checkID(strings.ToUpper(who), userID, groupID) == "" {
		return checkID(who, userID, groupID)
	}
	var names []string
	for name := range r.groups {
		names = append(names, name)
	}
	slices.Sort(names)
	if meant := text.Nearest(who, names); meant != "" {
		return fmt.Sprintf("there is no group %s under groups: did you mean %s?", Quote(who), meant)
	}
	return fmt.Sprintf("there is no group %s under groups: add it there, or write a user ID (U…) or a user group ID (S…)", Quote(who))
}

// people are those whom a list names; exact is false when a Slack user group may
// hold more.
func (r roster) people(who []string) (people []string, exact bool) {
	exact = true
	for _, entry := range who {
		members, named := r.groups[entry]
		if !named {
			members = []string{entry}
		}
		for _, m := range members {
			exact = exact && !strings.HasPrefix(m, "S")
			people = append(people, m)
		}
	}
	slices.Sort(people)
	return slices.Compact(people), exact
}

// mayHave reports whether some rule of a could give it to u, for which every Slack
// user group counts as anybody.
func (r roster) mayHave(a *Account, u *User) bool {
	id := u.Slack.Value
	return r.listed(a.rules.Deny, id) != surelyListed &&
		(r.listed(a.rules.Allowed(), id) != notListed || r.listed(a.rules.BreakGlass, id) != notListed)
}

// A listing is whether a list names somebody.
type listing int

const (
	notListed listing = iota
	maybeListed
	surelyListed
)

func (r roster) listed(list []string, user string) listing {
	is := notListed
	for _, entry := range list {
		switch members, named := r.within[entry]; {
		case entry == user, entry == everybody, members[user]:
			return surelyListed
		case r.open[entry], !named && strings.HasPrefix(entry, "S"):
			is = maybeListed
		}
	}
	return is
}
