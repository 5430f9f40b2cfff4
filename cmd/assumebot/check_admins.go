package main

import (
	"strings"

	"github.com/assumebot/assumebot/broker/policy"
)

// adminsText names who may act as an admin, users of the config or not.
func adminsText(b policy.Config) string {
	names := make([]string, len(b.Admins))
	for i, id := range b.Admins {
		names[i] = id
		if u, known := b.User(id); known {
			names[i] = u.SessionName
		} else if strings.HasPrefix(id, "S") {
			names[i] = "group " + id
		}
	}
	return strings.Join(names, ", ")
}
