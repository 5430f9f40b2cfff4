package directory

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
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

// A Groups knows who is in which Slack user group. All replicas share one
// answer of Slack's, which one of them asks for. It implements broker.Directory.
type Groups struct {
	api     *slack.Client
	copies  Copies
	news    *news
	lease   *lease.Lease
	changes *membershipChanges
	now     func() time.Time

	mu      sync.Mutex
	kept    *keptGroups  // nil: none
	call    *refreshCall // under way; nil: none is
	failed  error        // why the last one failed; nil: it did not
	retryAt time.Time
}

// A membership is who is in which group, by group ID; disabled groups are none.
type membership map[string][]string

// A keptGroups is a copy as Requests need it.
type keptGroups struct {
	groups  *policy.Membership
	sum     [sha256.Size]byte // of the copy
	version string            // of its name, from before it was asked for
	asked   time.Time
	left    time.Duration // of its age, then; 0 or less: it was over
}

// A refreshCall is waited for by all Requests of this process that need it.
type refreshCall struct {
	heard heard // from before it began
	done  chan struct{}
	kept  *keptGroups
	err   error
}

func newGroups(d Deps, n *news) *Groups {
	dir := &Groups{api: d.API, copies: d.Copies, news: n, lease: lease.New(d.Leases, groupsLease, groupsTerm, d.Log), now: d.Now}
	dir.lease.Rest = failureAge // the other replicas would ask Slack one after the other
	dir.changes = &membershipChanges{known: d.Copies, recorder: d.Recorder, named: d.Named, now: d.Now, log: d.Log}
	return dir
}

// Groups returns the members of every group; disabled groups have none. They are as
// they were at most a minute ago, or an hour while Slack gives no answer, and without
// what Slack told this replica of, or the others a second ago. Nobody waits longer than
// ctx. Usually nobody is asked.
func (d *Groups) Groups(ctx context.Context) (*policy.Membership, error) {
	h, err := d.news.current(ctx)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	left, known := d.left(h)
	if left > groupsAge/2 {
		defer d.mu.Unlock()
		return d.kept.groups, nil
	}
	call := d.begin(ctx, h)
	away := d.failed != nil && unanswered(d.failed) || d.news.wait(methodGroups) > 0
	if left > 0 || known && away { // nobody waits for the next one
		defer d.mu.Unlock()
		return d.kept.groups, nil
	}
	failed := d.failed
	d.mu.Unlock()
	if call == nil {
		return nil, failed
	}
	select {
	case <-call.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	switch {
	case call.err == nil:
		return call.kept.groups, nil
	case unanswered(call.err):
		d.mu.Lock()
		defer d.mu.Unlock()
		if _, known := d.left(h); known {
			return d.kept.groups, nil
		}
	}
	return nil, call.err
}

// left is what is left of the age of what is kept; known says that it counts at all. The
// caller holds mu.
func (d *Groups) left(h heard) (left time.Duration, known bool) {
	if d.kept == nil || d.kept.version != h.version(groupsCopy) {
		return 0, false
	}
	left = d.kept.left - d.news.since(d.kept.asked)
	return left, left > groupsAge-olderWithin
}

// begin joins the refresh of this process that began after the last change, or starts
// one; nil while one that failed keeps others from it. The caller holds mu.
func (d *Groups) begin(ctx context.Context, h heard) *refreshCall {
	if d.call != nil && d.call.heard.turn == h.turn && d.call.heard.version(groupsCopy) == h.version(groupsCopy) {
		return d.call
	}
	if d.now().Before(d.retryAt) {
		return nil
	}
	d.call = &refreshCall{heard: h, done: make(chan struct{})}
	// It ends by itself within refreshWithin, whoever still waits.
	go d.run(context.WithoutCancel(ctx), d.call)
	return d.call
}

func (d *Groups) run(ctx context.Context, call *refreshCall) {
	ctx, cancel := context.WithTimeout(ctx, refreshWithin)
	defer cancel()
	call.kept, call.err = d.lead(ctx, call.heard)
	d.mu.Lock()
	if d.call == call {
		d.call = nil
	}
	if d.failed = call.err; d.failed != nil {
		d.retryAt = d.now().Add(failureAge)
	}
	d.mu.Unlock()
	close(call.done)
}

// load returns what all replicas share, made ready; nil when there is none.
func (d *Groups) load(ctx context.Context, h heard) (*keptGroups, error) {
	asked := d.now()
	data, left, err := d.copies.LoadCopy(ctx, groupsCopy, olderWithin-groupsAge)
	if err != nil || data == nil {
		return nil, err
	}
	return d.keep(h, data, nil, asked, left)
}

// keep makes a copy ready for Requests; groups is what it says, if that was read already.
// Mostly it says the same as the one before.
func (d *Groups) keep(h heard, data []byte, groups membership, asked time.Time, left time.Duration) (*keptGroups, error) {
	k := &keptGroups{sum: sha256.Sum256(data), version: h.version(groupsCopy), asked: asked, left: left}
	d.mu.Lock()
	if d.kept != nil && d.kept.sum == k.sum {
		k.groups = d.kept.groups
	}
	d.mu.Unlock()
	if k.groups == nil {
		if groups == nil {
			groups = membership{}
			if err := json.Unmarshal(data, &groups); err != nil {
				return nil, fmt.Errorf("read user groups: %w", err)
			}
		}
		k.groups = policy.Members(groups)
	}
	d.mu.Lock()
	d.kept = k
	d.mu.Unlock()
	return k, nil
}

var errNotRefreshed = errors.New("user groups: neither this replica nor another got an answer in time")

// lead asks Slack if no other replica does, and else waits for its answer.
func (d *Groups) lead(ctx context.Context, h heard) (kept *keptGroups, err error) {
	// fresh is load of what need not be asked for anew.
	fresh := func(ctx context.Context) (*keptGroups, error) {
		k, err := d.load(ctx, h)
		if err == nil && k != nil && k.left <= groupsAge/2 {
			k = nil
		}
		return k, err
	}
	err = retry.Pace{First: firstPoll, Longest: slowestPoll}.Do(ctx, func() error {
		err := d.lease.Do(ctx, func(ctx context.Context, hold *lease.Hold) (err error) {
			// Another may have saved, or died, since this was looked at last.
			if kept, err = fresh(ctx); err == nil && kept == nil {
				kept, err = d.refresh(ctx, h, hold)
			}
			return err
		})
		if errors.Is(err, lease.ErrTaken) {
			if kept, err = fresh(ctx); err == nil && kept == nil {
				err = d.news.askable(methodGroups)
			}
		}
		switch {
		case kept != nil:
			return nil
		case err == nil:
			return errNotRefreshed
		}
		return final(ctx, err)
	})
	return kept, err
}

// final has err end the tries, unless Slack wants no more than a pause that ends before ctx.
func final(ctx context.Context, err error) error {
	wait, limited := retryAfter(err)
	if end, ok := ctx.Deadline(); limited && ok && time.Until(end) > wait {
		return retry.After(err, wait)
	}
	return retry.Final(err)
}

// refresh asks for all groups with their members in one call and keeps the
// answer; nil when a group changed meanwhile, so that it may be out of date.
// https://docs.slack.dev/reference/methods/usergroups.list
func (d *Groups) refresh(ctx context.Context, h heard, hold *lease.Hold) (*keptGroups, error) {
	if err := d.news.askable(methodGroups); err != nil {
		return nil, err
	}
	token := broker.NewID()
	before := d.changes.load(ctx)
	asked := d.now()
	if err := d.copies.BeginCopy(ctx, groupsCopy, token, groupsAge); err != nil {
		return nil, err
	}
	asking, cancel := context.WithTimeout(ctx, groupsTimeout)
	defer cancel()
	list, err := d.api.GetUserGroupsContext(asking, slack.GetUserGroupsOptionIncludeUsers(true))
	if err != nil {
		if _, limited := retryAfter(err); !limited && unanswered(err) {
			d.news.leave(ctx, methodGroups, failureAge)
		}
		d.news.limited(ctx, methodGroups, err)
		return nil, webapi.Error(methodGroups, err)
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
	saved, err := d.copies.SaveCopy(ctx, groupsCopy, token, data, groupsAge, olderWithin-groupsAge)
	if err != nil || !saved {
		return nil, err
	}
	d.changes.record(ctx, hold, before, groups)
	return d.keep(h, data, groups, asked, groupsAge)
}
