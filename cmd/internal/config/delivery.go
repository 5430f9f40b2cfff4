package config

import (
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker"
	"go.yaml.in/yaml/v3"
)

const (
	defaultReminder = 5 * time.Minute
	maxReminder     = time.Hour

	// A person needs a moment to read and copy; a message that stays for long is
	// no better than one that is never deleted.
	defaultDMLife = 5 * time.Minute
	minDMLife     = time.Minute
	maxDMLife     = time.Hour
)

// isZero reports whether a duration is written as none, with or without a unit.
func isZero(n *yaml.Node) bool {
	return n != nil && n.Kind == yaml.ScalarNode && slices.Contains([]string{"0", "0s", "0m", "0h"}, n.Value)
}

// readReminder reads how long before the end of a Grant the person is reminded;
// 0, with or without a unit, is never.
func (d *draft) readReminder(root section) {
	if isZero(root.values["reminder"]) {
		return
	}
	d.config.Reminder = defaultReminder
	v := root.duration("reminder")
	if !v.ok {
		return
	}
	if v.v < time.Minute || v.v > maxReminder {
		d.problem(v.pos, "reminder is %s: write between 1m and 1h, or 0 for no reminders", broker.FormatDuration(v.v))
	}
	d.config.Reminder = v.v
}

// A deliveryDraft is how credentials are shown, as the file or one account says
// it.
type deliveryDraft struct {
	dm   value[bool]
	life value[time.Duration]
}

// readDelivery reads `delivery` and `dm_ttl` of the file or of an account.
func (d *draft) readDelivery(s section) deliveryDraft {
	var draft deliveryDraft
	if v := s.text("delivery"); v.ok {
		draft.dm = value[bool]{pos: v.pos, v: v.v == "dm", ok: true}
		if v.v != "dm" && v.v != "ephemeral" {
			d.problem(v.pos, "delivery is %s: write ephemeral (a private reply, the default) or dm (a direct message that the bot deletes after dm_ttl)", Quote(v.v))
		}
	}
	if draft.life = s.duration("dm_ttl"); draft.life.ok && (draft.life.v < minDMLife || draft.life.v > maxDMLife) {
		d.problem(draft.life.pos, "dm_ttl is %s: write between 1m and 1h", broker.FormatDuration(draft.life.v))
	}
	return draft
}

// setDelivery gives an account its delivery, and the file's where it says
// nothing itself.
func (d *draft) setDelivery(s section, a *accountDraft) {
	own := d.readDelivery(s)
	dm, life := d.delivery.dm.v, defaultDMLife
	if own.dm.ok {
		dm = own.dm.v
	}
	for _, v := range []value[time.Duration]{d.delivery.life, own.life} {
		if v.ok {
			life = v.v
		}
	}
	if dm {
		a.DMLife = life
	} else if own.life.ok {
		d.warning(own.life.pos, "account %s: dm_ttl changes nothing: it is for delivery: dm", a.label())
	}
}

// warnDelivery tells of a dm_ttl of the file that no account goes by.
func (d *draft) warnDelivery() {
	byDM := func(a accountDraft) bool { return a.DMLife > 0 }
	if d.delivery.life.ok && !slices.ContainsFunc(d.accounts, byDM) {
		d.warning(d.delivery.life.pos, "dm_ttl changes nothing: it is for delivery: dm, which no account has")
	}
}
