package typed

import "github.com/assumebot/assumebot/broker/text"

// What Slack and the bot itself name things by. Whatever comes back from a client
// or from the store is of one of these shapes, or goes no further.
var (
	SlackUser    = text.NewPattern(`^[UW][A-Z0-9]{2,30}$`)
	SlackTeam    = text.NewPattern(`^[TE][A-Z0-9]{2,30}$`)
	SlackChannel = text.NewPattern(`^[CDG][A-Z0-9]{2,30}$`)
	RequestID    = text.NewPattern(`^[a-z2-7]{26}$`) // as broker.NewID makes them

	slackID   = text.NewPattern(`^[A-Z][A-Z0-9]{1,30}$`)
	entryID   = text.NewPattern(`^[A-Za-z0-9_-]{1,64}$`)
	timestamp = text.NewPattern(`^[0-9]{1,12}\.[0-9]{1,9}$`)
)

// Only is text if it has the shape, "" otherwise.
func Only(shape *text.Pattern, text string) string {
	if !shape.MatchString(text) {
		return ""
	}
	return text
}

// IsSlackID reports whether s can be an ID of Slack's.
func IsSlackID(s string) bool { return slackID.MatchString(s) }

// IsEntryID reports whether s can be an ID that an entry of a due list names.
func IsEntryID(s string) bool { return entryID.MatchString(s) }

// IsTimestamp reports whether s can be the name of a message.
func IsTimestamp(s string) bool { return timestamp.MatchString(s) }
