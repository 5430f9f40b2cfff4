package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/retry"
)

const (
	// groupsAge is how old an answer about user groups may be, from before Slack
	// was asked. One usergroups.list a minute, of all replicas together, stays far
	// below Tier 2, 20 a minute.
	groupsAge     = time.Minute
	groupsTimeout = 5 * time.Second
	// failureAge keeps a Slack that does not answer from being asked, and waited
	// for, by every Request.
	failureAge = 5 * time.Second
	// groupsTerm is how long a replica that died while it asked holds the others up.
	groupsTerm    = 8 * time.Second
	refreshWithin = 10 * time.Second // a lease that ran out, and some more
	groupsLease   = "groups"
	groupsCopy    = "groups"
	firstPoll     = 20 * time.Millisecond
	slowestPoll   = 250 * time.Millisecond
)

// Copies keep what Slack said for all replicas. An error means unknown.
type Copies interface {
	// LoadCopy returns a copy that is not too old; nil when there is none.
	LoadCopy(ctx context.Context, name string) ([]byte, error)
	// BeginCopy notes, before Slack is asked, that what it says may be kept for
	// age from now, under a token that is used once.
	BeginCopy(ctx context.Context, name, token string, age time.Duration) error
	// SaveCopy keeps a copy for what is left of that age, given again; false when DropCopy or
	// another BeginCopy came between.
	SaveCopy(ctx context.Context, name, token string, plain []byte, age time.Duration) (bool, error)
	// DropCopy forgets the copy, for all replicas, and those that are begun.
	DropCopy(ctx context.Context, name string) error
	// LoadKnown returns what was compared last, by name, and what SwapKnown takes as
	// what it replaces; nil when there is none.
	LoadKnown(ctx context.Context, name string) (plain, sealed []byte, err error)
	// SwapKnown replaces it atomically; false when another did before.
	SwapKnown(ctx context.Context, name string, sealed, plain []byte) (bool, error)
}

// Deps is what a Groups is made of. All of it is needed.
type Deps struct {
	API      *slack.Client
	Copies   Copies
	Leases   lease.Leases
	Recorder broker.Recorder
	Named    func() []string // IDs of the user groups whose changes are recorded
	Now      func() time.Time
	Log      *slog.Logger
}

// A Groups knows who is in which Slack user group. All replicas share one
// answer of Slack's, which one of them asks for. It implements broker.Directory.
type Groups struct {
	api     *slack.Client
	copies  Copies
	lease   *lease.Lease
	changes *membershipChanges
	now     func() time.Time

	mu      sync.Mutex
	call    *refreshCall // under way; nil: none is
	failed  error        // why the last one failed
	retryAt time.Time
}

// A membership is who is in which group, by group ID; disabled groups are none.
type membership map[string][]string

// A refreshCall is waited for by all Requests of this process that need it.
type refreshCall struct {
	done   chan struct{}
	groups membership
	err    error
}

// NewGroups returns a Groups; it asks nobody yet.
func NewGroups(d Deps) *Groups {
	dir := &Groups{api: d.API, copies: namedCopies{d.Copies}, lease: lease.New(namedLeases{d.Leases}, groupsLease, groupsTerm, d.Log), now: d.Now}
	dir.lease.Rest = failureAge // the other replicas would ask Slack one after the other
	dir.changes = &membershipChanges{known: d.Copies, recorder: d.Recorder, named: d.Named, now: d.Now, log: d.Log}
	return dir
}

// Groups returns the members of every group; disabled groups have none. The
// store is read every time, so that a change counts on all replicas at once.
// Nobody waits longer than ctx.
func (d *Groups) Groups(ctx context.Context) (*policy.Membership, error) {
	groups, err := d.load(ctx)
	if err == nil && groups == nil {
		groups, err = d.await(ctx)
	}
	return policy.Members(groups), err
}

// load returns what all replicas share; nil when there is none.
func (d *Groups) load(ctx context.Context) (membership, error) {
	data, err := d.copies.LoadCopy(ctx, groupsCopy)
	if err != nil || data == nil {
		return nil, err
	}
	groups := membership{}
	if err := json.Unmarshal(data, &groups); err != nil {
		return nil, fmt.Errorf("read user groups: %w", err)
	}
	return groups, nil
}

// await joins the refresh of this process, or starts one.
func (d *Groups) await(ctx context.Context) (membership, error) {
	d.mu.Lock()
	if d.call == nil && d.now().Before(d.retryAt) {
		defer d.mu.Unlock()
		return nil, d.failed
	}
	if d.call == nil {
		d.call = &refreshCall{done: make(chan struct{})}
		// It ends by itself within refreshWithin, whoever still waits.
		go d.run(context.WithoutCancel(ctx), d.call)
	}
	call := d.call
	d.mu.Unlock()
	select {
	case <-call.done:
		return call.groups, call.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (d *Groups) run(ctx context.Context, call *refreshCall) {
	ctx, cancel := context.WithTimeout(ctx, refreshWithin)
	defer cancel()
	call.groups, call.err = d.lead(ctx)
	d.mu.Lock()
	d.call = nil
	if call.err != nil {
		d.failed, d.retryAt = call.err, d.now().Add(failureAge)
	}
	d.mu.Unlock()
	close(call.done)
}

var errNotRefreshed = errors.New("user groups: neither this replica nor another got an answer in time")

// lead asks Slack if no other replica does, and else waits for its answer.
func (d *Groups) lead(ctx context.Context) (groups membership, err error) {
	err = retry.Pace{First: firstPoll, Longest: slowestPoll}.Do(ctx, func() error {
		err := d.lease.Do(ctx, func(ctx context.Context, h *lease.Hold) (err error) {
			// Another may have saved, or died, since this was looked at last.
			if groups, err = d.load(ctx); err == nil && groups == nil {
				groups, err = d.refresh(ctx, h)
			}
			return err
		})
		if errors.Is(err, lease.ErrTaken) {
			groups, err = d.load(ctx)
		}
		switch {
		case groups != nil:
			return nil
		case err == nil:
			return errNotRefreshed
		}
		return retry.Final(err)
	})
	return groups, err
}

// refresh asks for all groups with their members in one call and keeps the
// answer; nil when a group changed meanwhile, so that it may be out of date.
// https://docs.slack.dev/reference/methods/usergroups.list
func (d *Groups) refresh(ctx context.Context, h *lease.Hold) (membership, error) {
	token := broker.NewID()
	before := d.changes.load(ctx)
	if err := d.copies.BeginCopy(ctx, groupsCopy, token, groupsAge); err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, groupsTimeout)
	defer cancel()
	list, err := d.api.GetUserGroupsContext(asking, slack.GetUserGroupsOptionIncludeUsers(true))
	if err != nil {
		return nil, webapi.Error("usergroups.list", err)
	}
	groups := make(membership, len(list))
	for _, g := range list {
		if g.DateDelete == 0 {
			groups[g.ID] = g.Users
		}
	}
	data, err := json.Marshal(groups)
	if err != nil {
		return nil, fmt.Errorf("keep user groups: %w", err)
	}
	saved, err := d.copies.SaveCopy(ctx, groupsCopy, token, data, groupsAge)
	if err != nil || !saved {
		return nil, err
	}
	d.changes.record(ctx, h, before, groups)
	return groups, nil
}
