package app

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/watch"
)

// Access keys that grow old are told by a metric. One replica looks, by each User's own key,
// which needs iam:ListAccessKeys on itself, or else by the bot's identity, which has it with
// rotation-policy.json; where both are refused the age stays unknown.

const (
	agesLease      = "key-ages"
	agesLeaseTTL   = time.Minute
	agesFollow     = 5 * time.Minute // how often another replica looks whether it is its turn
	agesFirstAfter = time.Minute     // from the start: people come first
	agesEvery      = 24 * time.Hour
	agesPause      = time.Second // between two Users
	agesWithin     = 10 * time.Second
)

// keyAges is when each User's access key was made, as this replica has seen it.
type keyAges struct {
	inspect awsapi.Inspector
	users   func() policy.List[policy.User]
	lease   *lease.Lease
	pause   time.Duration
	log     *slog.Logger

	mu      sync.Mutex
	created map[string]time.Time // by the User's name
}

func newKeyAges(inspect awsapi.Inspector, leases lease.Leases, users func() policy.List[policy.User], log *slog.Logger) *keyAges {
	return &keyAges{
		inspect: inspect, users: users, lease: lease.New(leases, agesLease, agesLeaseTTL, log), pause: agesPause, log: log,
	}
}

// run looks once a day, while it is this replica's turn, until ctx ends.
func (k *keyAges) run(ctx context.Context) {
	if !paused(ctx, agesFirstAfter) {
		return
	}
	k.lease.Run(ctx, agesFollow, func(error) time.Duration { return agesFollow }, func(ctx context.Context, _ *lease.Hold) error {
		defer k.keep(nil) // another replica tells them now
		for ctx.Err() == nil {
			k.look(ctx)
			paused(ctx, agesEvery)
		}
		return nil
	})
}

// look asks AWS about the key of each User.
func (k *keyAges) look(ctx context.Context) {
	created, unknown := map[string]time.Time{}, 0
	for u := range k.users().All() {
		at, err := k.ask(ctx, *u)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			unknown++
			k.log.Debug("the age of an access key is not known", "name", u.Name, "error", err)
		default:
			created[u.Name] = at
		}
		if !paused(ctx, k.pause) {
			return
		}
	}
	k.keep(created)
	k.log.Info("looked how old access keys are", "known", len(created), "unknown", unknown)
}

func (k *keyAges) ask(ctx context.Context, u policy.User) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, agesWithin)
	defer cancel()
	key, err := k.inspect.UserKey(ctx, u)
	if err != nil {
		return time.Time{}, err
	}
	return k.inspect.KeyCreated(ctx, key)
}

func (k *keyAges) keep(created map[string]time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.created = created
}

// told are those that are known, by name.
func (k *keyAges) told() []watch.Key {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []watch.Key
	for _, name := range slices.Sorted(maps.Keys(k.created)) {
		all = append(all, watch.Key{User: name, Created: k.created[name]})
	}
	return all
}

// paused reports whether d has passed before ctx ended.
func paused(ctx context.Context, d time.Duration) bool {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
		return true
	case <-ctx.Done():
		return false
	}
}
