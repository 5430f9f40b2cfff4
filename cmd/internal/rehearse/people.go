package rehearse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

var personID = text.NewPattern(`^[UW][A-Z0-9]{2,30}$`)

// Person is the Slack user ID of whom the word names: an ID, or a name of the config
// that one person alone has. An ID need not be a User's.
func Person(c *policy.Config, word string) (string, error) {
	word = strings.TrimPrefix(word, "@")
	if c.IsUser(word) {
		return word, nil
	}
	var names, meant []string
	for u := range c.Users.All() {
		if strings.EqualFold(word, u.Name) || strings.EqualFold(word, u.SessionName) {
			meant = append(meant, u.Slack)
		}
		names = append(names, u.SessionName, u.Name, u.Slack)
	}
	switch {
	case len(meant) == 1:
		return meant[0], nil
	case len(meant) > 1:
		return "", fmt.Errorf("%q is %s in the config: write the ID", word, strings.Join(meant, " and "))
	case personID.MatchString(word):
		return word, nil
	}
	if meant := text.Nearest(word, names); meant != "" {
		return "", fmt.Errorf("nobody is called %q in the config: did you mean %s?", word, meant)
	}
	return "", fmt.Errorf("nobody is called %q in the config: write a name as it is there, or a Slack user ID (U…)", word)
}

// Account is the one of that name.
func Account(c *policy.Config, name string) (policy.Account, error) {
	a, ok := c.Account(strings.ToLower(name))
	if ok {
		return a, nil
	}
	if meant := text.Nearest(name, c.Accounts.Names()); meant != "" {
		return a, fmt.Errorf("there is no account %q in the config: did you mean %s?", name, meant)
	}
	return a, fmt.Errorf("there is no account %q in the config: there are %s", name, text.Listed(c.Accounts.Names(), 20))
}

// UserGroup checks that the config asks Slack for the user group of that ID: of another
// one nothing depends, and it is misspelt.
func UserGroup(c *policy.Config, id string) error {
	known := c.UserGroups()
	if slices.Contains(known, id) {
		return nil
	}
	if meant := text.Nearest(id, known); meant != "" {
		return fmt.Errorf("the config names no user group %q: did you mean %s?", id, meant)
	}
	return fmt.Errorf("the config names no user group %q, so nothing depends on it", id)
}

// isMember reads a word of the section people: whether it is that of a full member.
func isMember(word string) (bool, error) {
	switch word {
	case "member":
		return true, nil
	case "guest", "deactivated", "bot", "stranger":
		return false, nil
	}
	return false, fmt.Errorf("%q is not known of people: write member, guest, deactivated, bot or stranger (of another workspace, by Slack Connect)", word)
}
