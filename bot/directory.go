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
	// failureAge keeps a Slack that does not answer from being asked, and waited
	// for, by every Request.
	failureAge = 5 * time.Second
)

// A Directory knows who is in which Slack user group. It implements
// broker.Directory.
type Directory struct {
	api *slack.Client
	now func() time.Time

	mu       sync.Mutex
	current  membership
	fetching chan struct{} // closed when the call under way has ended; nil: none is
}

// A membership is one answer, or why there is none.
type membership struct {
	members map[string][]string // by group ID
	err     error
	until   time.Time // when it is too old
}

// NewDirectory returns a Directory; it asks nobody yet.
func NewDirectory(api *slack.Client, now func() time.Time) *Directory {
	return &Directory{api: api, now: now}
}

// InGroup reports whether user is in group; disabled groups have no members.
// All who wait share one call, and nobody waits longer than ctx.
func (d *Directory) InGroup(ctx context.Context, group, user string) (bool, error) {
	for {
		d.mu.Lock()
		if d.now().Before(d.current.until) {
			answer := d.current
			d.mu.Unlock()
			return slices.Contains(answer.members[group], user), answer.err
		}
		if d.fetching == nil {
			d.fetching = make(chan struct{})
			// It ends by itself within groupsTimeout, whoever still waits.
			go d.fetch(context.WithoutCancel(ctx), d.fetching)
		}
		fetched := d.fetching
		d.mu.Unlock()
		select {
		case <-fetched:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// fetch asks for all groups with their members in one call.
// https://docs.slack.dev/reference/methods/usergroups.list
func (d *Directory) fetch(ctx context.Context, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, groupsTimeout)
	defer cancel()
	var next membership
	asked := d.now()
	groups, err := d.api.GetUserGroupsContext(ctx, slack.GetUserGroupsOptionIncludeUsers(true))
	if err != nil {
		next = membership{err: slackError("usergroups.list", err), until: d.now().Add(failureAge)}
	} else {
		next = membership{members: make(map[string][]string, len(groups)), until: asked.Add(groupsAge)}
		for _, g := range groups {
			if g.DateDelete == 0 {
				next.members[g.ID] = g.Users
			}
		}
	}
	d.mu.Lock()
	d.current, d.fetching = next, nil
	d.mu.Unlock()
	close(done)
}
