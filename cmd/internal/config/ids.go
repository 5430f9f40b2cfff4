package config

import (
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/broker/text"
)

// An idKind is a kind of Slack ID: its first letters, and where a person finds one.
type idKind struct{ name, letters, where string }

var (
	workspaceID = idKind{"workspace ID", "T", "it is the T… in Slack's address in a browser, app.slack.com/client/T…"}
	userID      = idKind{"user ID", "UW", "open the person's profile in Slack, then the three dots, Copy member ID"}
	groupID     = idKind{"user group ID", "S", "open the user group in Slack, then the three dots, Copy group ID"}
	channelID   = idKind{"channel ID", "CG", "open the channel's details in Slack; the ID is at the bottom of About"}
)

var (
	slackID      = text.NewPattern(`^[A-Z][A-Z0-9]{2,30}$`)
	lowerSlackID = text.NewPattern(`^[a-z][a-z0-9]*[0-9][a-z0-9]*$`)
)

func (k idKind) match(v string) bool {
	return slackID.MatchString(v) && strings.Contains(k.letters, v[:1])
}

// shape is "U… or W…".
func (k idKind) shape() string { return strings.Join(strings.Split(k.letters, ""), "… or ") + "…" }

// checkID says what is wrong with v, "" if it is of one of kinds.
func checkID(v string, kinds ...idKind) string {
	var wants, wheres []string
	for _, k := range kinds {
		if k.match(v) {
			return ""
		}
		wants = append(wants, fmt.Sprintf("a %s (%s)", k.name, k.shape()))
		wheres = append(wheres, k.where)
	}
	want, where := strings.Join(wants, " or "), strings.Join(wheres, "; ")
	for _, k := range []idKind{workspaceID, userID, groupID, channelID} {
		if k.match(v) {
			return fmt.Sprintf("%s is a %s; %s is needed: %s", Quote(v), k.name, want, where)
		}
	}
	upper := strings.ToUpper(v)
	switch {
	case lowerSlackID.MatchString(v) && checkID(upper, kinds...) == "":
		return fmt.Sprintf("Slack IDs are in capitals: write %s", upper)
	case strings.HasPrefix(v, "@") || strings.HasPrefix(v, "#"):
		return fmt.Sprintf("%s is a display name, which can change hands; %s is needed: %s", Quote(v), want, where)
	}
	return fmt.Sprintf("%s is not %s: %s", Quote(v), want, where)
}
