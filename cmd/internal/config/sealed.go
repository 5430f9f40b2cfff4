package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
)

// checkAgeKey never repeats the value: it may be a private key pasted in by
// mistake.
func (u *User) checkAgeKey(c *collector) {
	if !u.AgeKey.OK {
		return
	}
	key, err := snippet.ParsePublicKey(u.AgeKey.Value)
	if err != nil {
		message := "it cannot be read"
		if e := (*broker.Error)(nil); errors.As(err, &e) {
			message = prose.Plain(e.What) + " " + prose.Plain(e.Hint)
		}
		c.problem(u.AgeKey.Position, "age_key: %s", message)
	}
	u.ageKey = key
}

// checkSealed takes no other word than required: who has a key gets sealed
// credentials without being told to.
func checkSealed(c *collector, v At[string]) {
	if v.OK && v.Value != "required" {
		c.problem(v.Position, "sealed is %s: write required (only credentials encrypted to an age_key of this file are shown), or remove sealed", Quote(v.Value))
	}
}

// warnSealed notes whom `sealed: required` leaves with nothing.
func (f *File) warnSealed(c *collector) {
	for u := range each(f.Users.Value) {
		if u.Sealed.Set && u.ageKey.Empty() {
			c.warning(u.Position, "user %s: sealed is required and there is no age_key: nothing is ever issued to this user", u.Name.Value)
		}
	}
	for a := range each(f.Accounts.Value) {
		if !a.Sealed.Set {
			continue
		}
		var without []string
		allowed := a.rules.Allowed()
		for u := range each(f.Users.Value) {
			if u.ageKey.Empty() && (slices.Contains(allowed, everybody) || slices.Contains(allowed, u.Slack.Value)) {
				without = append(without, u.Name.Value)
			}
		}
		if len(without) > 0 {
			c.warning(a.Position, "account %s: sealed is required, and without an age_key nothing of it is issued to %s", a.Name.Value, strings.Join(without, ", "))
		}
	}
}
