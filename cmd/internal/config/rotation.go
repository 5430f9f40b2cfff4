package config

import (
	"time"

	"github.com/assumebot/assumebot/broker/text"
)

// A rotation takes 20 minutes, with the waits in it. AWS's own checks call a key old after 90 days.
// https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-3
const (
	minRotation = time.Hour
	maxRotation = 90 * 24 * time.Hour
)

func (f *File) checkRotation(c *collector) {
	if r := f.RotateKeys; r.Value != 0 && (r.Value < minRotation || r.Value > maxRotation) {
		c.problem(r.Position, "rotate_keys is %s: write 1h to 2160h (90 days), such as 24h, or 0 to leave keys alone", text.FormatDuration(r.Value))
	}
}

// warnRotation tells of a rotate_keys that replaces no key.
func (f *File) warnRotation(c *collector) {
	if f.RotateKeys.Value == 0 {
		return
	}
	for u := range each(f.Users.Value) {
		if u.key.Secret != "" {
			return
		}
	}
	c.warning(f.RotateKeys.Position, "rotate_keys changes nothing: no user has credentials {secret: …}, and the bot can store a key nowhere else")
}
