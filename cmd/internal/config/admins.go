package config

import "github.com/assumebot/assumebot/broker"

// Limits that hold when the file names none: one person types no more than 30
// commands a minute, and an account is not issued more than 100 times.
const (
	defaultRequests = 30
	defaultSTSCalls = 100
	maxLimit        = 1000 // of either; the store keeps as many Requests of the last minute
)

// readAdmins reads who may block, unlock and revoke others, and pause the bot.
// They need not be users of the file. Everybody as admin is never meant.
func (d *draft) readAdmins(root section) {
	d.config.Broker.Admins = texts(d.readWho(root, "admins", false))
	d.checkSize(root, "admins", "nobody could pause the bot or block anybody; name somebody or remove the key")
}

func (d *draft) readLimits(root section) {
	d.config.Broker.Limits = broker.Limits{Requests: defaultRequests, STSCalls: defaultSTSCalls}
	n := root.node("limits")
	if n == nil {
		return
	}
	s, ok := newSection(d.collector, n, "limits", "requests", "sts_calls")
	if !ok {
		return
	}
	for key, limit := range map[string]*int{"requests": &d.config.Broker.Limits.Requests, "sts_calls": &d.config.Broker.Limits.STSCalls} {
		v := s.integer(key)
		if !v.ok {
			continue
		}
		if v.v < 1 || v.v > maxLimit {
			d.problem(v.pos, "limits.%s is %d: write 1 to %d, for a minute; without a limit a script could fill the record", key, v.v, maxLimit)
		}
		*limit = v.v
	}
}
