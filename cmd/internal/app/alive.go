package app

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/retry"
	"github.com/assumebot/assumebot/broker/text"
	"github.com/assumebot/assumebot/broker/watch"
)

// Each replica says again and again that it lives and how it is, so that one of them can
// tell an admin how all are.
const (
	sayAliveEvery = 5 * time.Second
	// aliveFor lets two of three be lost.
	aliveFor     = 3 * sayAliveEvery
	leaveWithin  = 2 * time.Second
	reportWithin = 3 * time.Second
)

// sayAlive says so until ctx ends, and then that this replica is gone. What Redis misses
// meanwhile it is told the next time; that it is away is said elsewhere.
func (a *App) sayAlive(ctx context.Context) {
	for ; ctx.Err() == nil; retry.Tick(ctx, sayAliveEvery) {
		if said, err := json.Marshal(a.self()); err == nil {
			_ = a.Store.Replicas.SayAlive(ctx, a.Record.Replica, said, aliveFor)
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveWithin)
	defer cancel()
	_ = a.Store.Replicas.Leave(ctx, a.Record.Replica)
}

// self is what this replica says of itself.
func (a *App) self() watch.Replica {
	var now watch.State
	a.Bot.Watched(&now)
	return watch.Replica{
		ID:       a.Record.Replica,
		Host:     a.env.Host,
		Version:  a.env.Version,
		Began:    a.env.Began,
		Sockets:  now.Sockets,
		Counted:  now.Counted,
		Draining: a.told.Load(),
		Stopped:  a.Record.Err() != nil,
		Config:   a.watcher.config().Digest,
	}
}

// Report is how the bot is, as far as this replica knows or learns within some seconds.
func (a *App) Report(ctx context.Context) watch.Report {
	ctx, cancel := context.WithTimeout(ctx, reportWithin)
	defer cancel()
	r := watch.Report{State: a.State(ctx), Replicas: []watch.Replica{a.self()}, Silent: a.aws.Silent(), Config: a.watcher.config()}
	if r.StoreErr != nil {
		return r
	}
	r.Store, r.StoreErr = a.Store.Says(ctx)
	said, err := a.Store.Replicas.Alive(ctx)
	if err != nil {
		r.StoreErr = err
	}
	for _, id := range slices.Sorted(maps.Keys(said)) {
		var other watch.Replica
		switch {
		case id == a.Record.Replica:
		case json.Unmarshal(said[id], &other) != nil || other.ID != id:
			r.Unknown++
		default:
			text.CleanFields(&other)
			r.Replicas, r.Counted = append(r.Replicas, other), max(r.Counted, other.Counted)
		}
	}
	return r
}
