package app

import (
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker"
)

// namedGroups are the IDs of the Slack user groups that grant something: their
// changes go on the record.
func namedGroups(cfg *broker.Config) []string {
	var ids []string
	for _, a := range cfg.Accounts {
		ids = append(ids, a.Allow...)
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return !strings.HasPrefix(id, "S") })
	slices.Sort(ids)
	return slices.Compact(ids)
}
