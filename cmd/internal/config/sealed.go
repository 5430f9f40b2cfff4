package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/bot"
	"github.com/assumebot/assumebot/broker"
)

// readSealed reads `sealed: required`. There is no other word: who has a key
// gets sealed credentials without being told to.
func (d *draft) readSealed(s section) bool {
	v := s.text("sealed")
	if v.ok && v.v != "required" {
		d.problem(v.pos, "sealed is %s: write required (only credentials encrypted to an age_key of this file are shown), or remove sealed", Quote(v.v))
	}
	return v.ok && v.v == "required"
}

// readAgeKey never repeats the value: it may be a private key pasted in by
// mistake.
func (d *draft) readAgeKey(s section) broker.PublicKey {
	v := s.text("age_key")
	if !v.ok {
		return broker.PublicKey{}
	}
	key, err := bot.ParsePublicKey(v.v)
	if err != nil {
		message := "it cannot be read"
		if e := (*broker.Error)(nil); errors.As(err, &e) {
			message = broker.Plain(e.What) + " " + broker.Plain(e.Hint)
		}
		d.problem(v.pos, "age_key: %s", message)
	}
	return key
}

// warnSealed notes whom `sealed: required` leaves with nothing.
func (d *draft) warnSealed() {
	for _, u := range d.users {
		if u.SealRequired && u.AgeKey.Empty() {
			d.warning(u.pos, "user %s: sealed is required and there is no age_key: nothing is ever issued to this user", u.Name)
		}
	}
	for _, a := range d.accounts {
		if !a.SealRequired {
			continue
		}
		var without []string
		for _, u := range d.users {
			if u.AgeKey.Empty() && (slices.Contains(a.Allowed(), "*") || slices.Contains(a.Allowed(), u.Slack)) {
				without = append(without, u.Name)
			}
		}
		if len(without) > 0 {
			d.warning(a.pos, "account %s: sealed is required, and without an age_key nothing of it is issued to %s", a.Name, strings.Join(without, ", "))
		}
	}
}
