package main

import (
	"github.com/assumebot/assumebot/broker/policy"
)

// userSealing is what a user's line ends with: the key that the config sets.
func userSealing(u policy.User) string {
	switch {
	case !u.AgeKey.Empty():
		return ", sealed to " + u.AgeKey.Fingerprint
	case u.SealRequired:
		return ", SEALED REQUIRED AND NO KEY"
	}
	return ""
}

// accountSealing says which accounts are never shown in clear.
func accountSealing(a policy.Account) string {
	if a.SealRequired {
		return ", sealed"
	}
	return ""
}
