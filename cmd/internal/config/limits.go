package config

import (
	"github.com/assumebot/assumebot/broker/policy"
)

// Limits is the key of that name. Without one a script could fill the record.
type Limits struct {
	Requests At[int] `key:"requests" default:"30" doc:"What one person may ask."`
	STSCalls At[int] `key:"sts_calls" default:"100" doc:"How often AWS STS is called for one account."`
}

// maxLimit is of either: the store keeps as many Requests of the last minute.
const maxLimit = 1000

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
