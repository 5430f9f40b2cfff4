package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/rotation"
	"github.com/assumebot/assumebot/broker/watch"
	"github.com/assumebot/assumebot/store"
)

// The keys that stand in Secrets Manager are replaced by whichever replica has the lease, or by an operator who has it.
// It is held for one round alone, so that nobody waits long for it.
const (
	rotationLeaseTTL   = 30 * time.Second
	rotationFirstAfter = time.Minute      // from the start: people come first
	rotationLook       = 10 * time.Second // from one look at what is due to the next; it asks nobody
	rotationHourly     = time.Hour        // each key is looked at so often, whatever is due
	rotationShort      = 5 * time.Second  // a wait that is waited for with the lease
	rotationFirstRest  = 5 * time.Minute  // after something failed; twice as long after each further time
)

// rotating is the rotation of all keys, as this replica does it.
type rotating struct {
	rotation *rotation.Rotation
	lease    *lease.Lease
	config   func() *policy.Config
	now      func() time.Time
	log      *slog.Logger
	pause    func(ctx context.Context, d time.Duration) bool // false: ctx ended

	next  map[string]time.Time     // when to look again, by Slack user ID
	rests map[string]time.Duration // after a failure

	mu     sync.Mutex
	failed map[string]int // how often, by the Problem's code
}

func newRotating(r *rotation.Rotation, leases lease.Leases, config func() *policy.Config, now func() time.Time, log *slog.Logger) *rotating {
	return &rotating{
		rotation: r, lease: lease.New(leases, rotation.Lease, rotationLeaseTTL, log), config: config, now: now, log: log, pause: paused,
		next: map[string]time.Time{}, rests: map[string]time.Duration{}, failed: map[string]int{},
	}
}

// NewRotation is the rotation of keys by an AWS, a store and a record.
func NewRotation(aws *awsapi.Client, st *store.Store, recorder rotation.Recorder, now func() time.Time) *rotation.Rotation {
	by := awsapi.NewRotator(aws)
	return rotation.New(rotation.Deps{Keys: by, Secrets: by, Owners: by, Recorder: recorder, Notes: st.Copies, Now: now})
}

// SubjectOf is a User as the rotation knows them; ok is false where their key stands elsewhere.
func SubjectOf(u policy.User) (s rotation.Subject, ok bool) {
	return rotation.Subject{Who: event.Person{ID: u.Slack, Name: u.Name}, Secret: u.Key.Secret}, u.Key.Secret != ""
}

// run replaces what is due until ctx ends.
func (r *rotating) run(ctx context.Context) {
	if !paused(ctx, rotationFirstAfter) {
		return
	}
	for ok := true; ok; ok = paused(ctx, rotationLook) {
		due := r.due()
		if len(due) == 0 {
			continue
		}
		err := r.lease.Do(ctx, func(ctx context.Context, h *lease.Hold) error {
			r.round(ctx, due, func() error { _, err := h.Fence(); return err })
			return nil
		})
		if err != nil && !errors.Is(err, lease.ErrTaken) && ctx.Err() == nil {
			r.log.WarnContext(ctx, "access keys are not looked at", "error", err)
		}
	}
}

// due are the Users whose keys are to be looked at now. Of those with one secret it is the first.
func (r *rotating) due() []rotation.Subject {
	c := r.config()
	if c.RotateKeys <= 0 {
		clear(r.next)
		return nil
	}
	var due []rotation.Subject
	seen := map[string]bool{}
	for u := range c.Users.All() {
		s, ok := SubjectOf(*u)
		if ok && !seen[s.Secret] && !r.now().Before(r.next[s.Who.ID]) {
			due = append(due, s)
		}
		seen[s.Secret] = true
	}
	return due
}

// round does for each what is to be done now.
func (r *rotating) round(ctx context.Context, due []rotation.Subject, fence func() error) {
	for _, s := range due {
		wait, err := r.one(ctx, fence, s)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			delete(r.rests, s.Who.ID)
		} else {
			wait = min(max(2*r.rests[s.Who.ID], rotationFirstRest), rotationHourly)
			r.rests[s.Who.ID] = wait
			r.count(err)
			r.log.WarnContext(ctx, "an access key is not replaced", "name", s.Who.Name, "error", err, "again_in", wait)
		}
		r.next[s.Who.ID] = r.now().Add(min(wait, rotationHourly))
	}
}

// count counts a failure by its code.
func (r *rotating) count(err error) {
	var p *rotation.Problem
	if !errors.As(err, &p) {
		return // ctx ended
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed[p.Code]++
}

// told are the failures of each code, also of those that there were none of: Prometheus sees no increase in a counter that
// begins at 1.
func (r *rotating) told() []watch.Count {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []watch.Count
	for _, code := range rotation.Codes() {
		all = append(all, watch.Count{Code: code, Times: r.failed[code]})
	}
	return all
}

// one goes on with the rotation of one key until there is something to wait for.
func (r *rotating) one(ctx context.Context, fence func() error, s rotation.Subject) (time.Duration, error) {
	for {
		p, err := r.rotation.Step(ctx, fence, s, rotation.Order{Every: r.config().RotateKeys})
		if err != nil {
			return 0, err
		}
		if p.Did != "" && p.Waiting == "" {
			r.log.InfoContext(ctx, "rotating an access key", "name", s.Who.Name, "did", p.Did, "access_key_id", p.Key)
		}
		if p.Wait > rotationShort {
			return p.Wait, nil
		}
		if p.Wait > 0 && !r.pause(ctx, p.Wait) {
			return 0, ctx.Err()
		}
	}
}
