package config

import (
	"time"

	"github.com/assumebot/assumebot/broker/text"
)

// Delivery is how credentials are shown, as the file or one account says it.
type Delivery struct {
	How   At[string]        `key:"delivery" change:"-" example:"dm" doc:"ephemeral: a private reply. dm: a direct message that the bot deletes after dm_ttl."`
	DMTTL At[time.Duration] `key:"dm_ttl" default:"5m" change:"-" example:"2m" doc:"How long that message stays."`

	dmLife time.Duration // of an account; 0: it has delivery: ephemeral
}

// A person needs a moment to read and copy; a message that stays for long is no
// better than one that is never deleted.
const (
	minDMLife = time.Minute
	maxDMLife = time.Hour
)

func (Delivery) hints() map[string]hint {
	return map[string]hint{
		"delivery": {shape: words(byReply, byDM), more: "An account that says nothing goes by the file, and a file that says nothing is ephemeral."},
		"dm_ttl":   {shape: lasting(minDMLife, maxDMLife), more: "An account that says nothing goes by the file."},
	}
}

const (
	byDM    = "dm"
	byReply = "ephemeral"
)

func (d *Delivery) check(c *collector) {
	if h := d.How; h.OK && h.Value != byDM && h.Value != byReply {
		c.problem(h.Position, "delivery is %s: write ephemeral (a private reply, the default) or dm (a direct message that the bot deletes after dm_ttl)",
			Quote(h.Value))
	}
	if t := d.DMTTL; t.OK && (t.Value < minDMLife || t.Value > maxDMLife) {
		c.problem(t.Position, "dm_ttl is %s: write between 1m and 1h", text.FormatDuration(t.Value))
	}
}

// resolve gives an account, which messages call account, the file's where it says
// nothing itself.
func (d *Delivery) resolve(c *collector, file Delivery, account string) {
	d.How.resolve(file.How.Value)
	d.DMTTL.resolve(file.DMTTL.Value)
	if d.How.Value == byDM {
		d.dmLife = d.DMTTL.Value
	} else if d.DMTTL.OK {
		c.warning(d.DMTTL.Position, "account %s: dm_ttl changes nothing: it is for delivery: dm", account)
	}
}

// warnDelivery tells of a dm_ttl of the file that no account goes by.
func (f *File) warnDelivery(c *collector) {
	for a := range each(f.Accounts.Value) {
		if a.dmLife > 0 {
			return
		}
	}
	if t := f.Delivery.DMTTL; t.OK {
		c.warning(t.Position, "dm_ttl changes nothing: it is for delivery: dm, which no account has")
	}
}

const (
	minReminder = time.Minute
	maxReminder = time.Hour
)

func (f *File) checkReminder(c *collector) {
	if r := f.Reminder; r.Value != 0 && (r.Value < minReminder || r.Value > maxReminder) {
		c.problem(r.Position, "reminder is %s: write between 1m and 1h, or 0 for no reminders", text.FormatDuration(r.Value))
	}
}
