package config

import (
	"fmt"
	"regexp"
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
var groupName = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,62}$`)

// checkGroups comes before anything names them.
func (f *File) checkGroups(c *collector) {
	f.groups = map[string][]string{}
	for _, g := range f.Groups.Value {
		name := g.Key.Value
		lower := strings.ToLower(name)
		switch {
		case groupName.MatchString(name):
		case groupName.MatchString(lower):
			c.problem(g.Key.Position, "group %s: names of groups are in lower case, and Slack's IDs in capitals: write %s", Quote(name), lower)
			f.groups[lower] = values(g.Value.Value) // whoever names it so is right
		default:
			c.problem(g.Value.Position, "group %s: a name is 1 to 63 of a-z, 0-9, dot, dash and underscore, and begins with a letter", Quote(name))
		}
		for _, who := range g.Value.Value {
			if wrong := checkID(who.Value, userID, groupID); wrong != "" {
				c.problem(who.Position, "group %s: %s", name, wrong)
			}
		}
		f.groups[name] = values(g.Value.Value)
	}
}

// checkWho checks the list of people that key holds. Where all is true, "*" is
// everybody.
func (f *File) checkWho(c *collector, key string, list []At[string], all bool) {
	for _, who := range list {
		if who.Value == everybody {
			if !all {
				c.problem(who.Position, `%s: "*" is not taken here, which would be everybody: name people (U…), user groups (S…) or groups of this file`, key)
			}
			continue
		}
		if wrong := f.wrongWho(who.Value); wrong != "" {
			also := ""
			if all {
				also = `; "*" is every user of this file`
			}
			c.problem(who.Position, "%s: %s%s", key, wrong, also)
		}
	}
}

// wrongWho says what is wrong with an entry of a list of people, "" if nothing.
func (f *File) wrongWho(who string) string {
	if _, named := f.groups[who]; named {
		return ""
	}
	if lower := strings.ToLower(who); f.groups[lower] != nil {
		return fmt.Sprintf("names of groups are in lower case: write %s", lower)
	}
	if !groupName.MatchString(who) || checkID(strings.ToUpper(who), userID, groupID) == "" {
		return checkID(who, userID, groupID)
	}
	var names []string
	for name := range f.groups {
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
func (f *File) people(who []string) (people []string, exact bool) {
	exact = true
	for _, entry := range who {
		members, named := f.groups[entry]
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
