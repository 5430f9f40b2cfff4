package slacktest

import (
	"cmp"
	"slices"
	"strconv"
)

// conversationsHistory returns the latest messages of a conversation that the bot
// is in, the newest first; ephemeral and deleted ones are in none.
// https://docs.slack.dev/reference/methods/conversations.history
func (s *webAPI) conversationsHistory(c *call) (object, error) {
	ch := s.channels[c.get("channel")]
	switch {
	case ch == nil:
		return nil, failure("channel_not_found")
	case !ch.isDM() && !ch.BotMember:
		return nil, failure("not_in_channel")
	}
	limit := 100
	if c.has("limit") {
		n, err := strconv.Atoi(c.get("limit"))
		if err != nil || n < 0 || n > 999 {
			return nil, failure("invalid_limit")
		}
		limit = cmp.Or(n, limit)
	}
	oldest := 0.0
	if c.has("oldest") {
		var err error
		if oldest, err = strconv.ParseFloat(c.get("oldest"), 64); err != nil {
			return nil, failure("invalid_ts_oldest")
		}
	}
	var found []*Message
	for _, m := range s.live {
		ts, err := strconv.ParseFloat(m.TS, 64)
		if err == nil && m.Channel == ch.ID && !m.Ephemeral && !m.Deleted && ts > oldest {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(x, y *Message) int { return cmp.Compare(y.TS, x.TS) })
	list := []object{}
	for _, m := range found[:min(limit, len(found))] {
		list = append(list, s.messageJSON(m))
	}
	return object{"messages": list, "has_more": len(found) > limit}, nil
}
