package bot

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

const (
	// groupsAge is how old an answer about user groups may be. One
	// usergroups.list a minute stays far below Tier 2, 20 a minute.
	groupsAge     = time.Minute
	groupsTimeout = 5 * time.Second
	// failureAge keeps a Slack that does not answer from being asked by every
	// Request.
	failureAge = 3 * time.Second
)

// A Directory knows who is in which Slack user group. It implements
// broker.Directory.
type Directory struct {
	api *slack.Client
	now func() time.Time

	mu     sync.Mutex
	groups map[string][]string // members by group ID
	err    error
	until  time.Time // when groups or err is too old
}

// NewDirectory returns a Directory; it asks nobody yet.
func NewDirectory(api *slack.Client, now func() time.Time) *Directory {
	return &Directory{api: api, now: now}
}

// InGroup reports whether user is in group; disabled groups have no members.
func (d *Directory) InGroup(ctx context.Context, group, user string) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.now().Before(d.until) {
		d.refresh(ctx)
	}
	if d.err != nil {
		return false, d.err
	}
	return slices.Contains(d.groups[group], user), nil
}

// refresh asks for all groups with their members in one call.
// https://docs.slack.dev/reference/methods/usergroups.list
func (d *Directory) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), groupsTimeout)
	defer cancel()
	asked := d.now()
	groups, err := d.api.GetUserGroupsContext(ctx, slack.GetUserGroupsOptionIncludeUsers(true))
	if err != nil {
		d.groups, d.err, d.until = nil, slackError("usergroups.list", err), asked.Add(failureAge)
		return
	}
	members := make(map[string][]string, len(groups))
	for _, g := range groups {
		if g.DateDelete == 0 {
			members[g.ID] = g.Users
		}
	}
	d.groups, d.err, d.until = members, nil, asked.Add(groupsAge)
}
