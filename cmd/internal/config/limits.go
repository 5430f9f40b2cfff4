package config

import (
	"github.com/assumebot/assumebot/broker/policy"
)

// Limits is the key of that name. Without one a script could fill the record.
type Limits struct {
	Requests At[int] `key:"requests" default:"30" example:"30" doc:"What one person may ask: commands, presses, submissions and messages to the bot."`
	STSCalls At[int] `key:"sts_calls" default:"100" example:"100" doc:"How often AWS STS is called for one account; a code that begins an MFA session counts two."`
}

// maxLimit is of either: the store keeps as many Requests of the last minute.
const maxLimit = 1000

func (Limits) hints() map[string]hint {
	return map[string]hint{"requests": {shape: between(1, maxLimit)}, "sts_calls": {shape: between(1, maxLimit)}}
}

func (l *Limits) check(c *collector) {
	for key, v := range map[string]At[int]{"requests": l.Requests, "sts_calls": l.STSCalls} {
		if v.Value < 1 || v.Value > maxLimit {
			c.problem(v.Position, "limits.%s is %d: write 1 to %d, for a minute; without a limit a script could fill the record", key, v.Value, maxLimit)
		}
	}
}

func (l *Limits) granted() policy.Limits {
	return policy.Limits{Requests: l.Requests.Value, STSCalls: l.STSCalls.Value}
}
