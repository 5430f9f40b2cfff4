package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// A Durability is what Redis says of how well it keeps what was written to the record.
// A managed Redis, or an ACL user, may refuse to say.
type Durability struct {
	Fsync    Fsync
	Replicas int // connected to the record's node; -1: unknown
	Eviction Eviction
}

// Fsync says when what was acknowledged is on Redis's disk.
type Fsync string

// When it is.
const (
	FsyncAlways  Fsync = "always"   // before it is acknowledged
	FsyncSeconds Fsync = "everysec" // about a second later
	FsyncSystem  Fsync = "no"       // when the operating system does it
	FsyncOff     Fsync = "off"      // not before the next snapshot, if there is one
	FsyncUnknown Fsync = "unknown"
)

// Eviction says what Redis does when its memory is full.
type Eviction string

// What it does.
const (
	EvictionNone    Eviction = "none" // it refuses writes
	EvictionSome    Eviction = "some" // it drops keys
	EvictionUnknown Eviction = "unknown"
)

// Durability asks Redis how well it keeps the record. What it refuses to say is unknown;
// an error is of the connection. One round trip.
func (s Log) Durability(ctx context.Context) (Durability, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if s.embedded != nil { // it does not say
		return Durability{Fsync: FsyncOff, Eviction: EvictionNone}, s.rdb.Ping(ctx).Err()
	}
	node, err := s.recordNode(ctx)
	if err != nil {
		return Durability{}, fmt.Errorf("ask how Redis keeps the record: %w", err)
	}
	var (
		info   *redis.StringCmd
		policy *redis.MapStringStringCmd
	)
	_, _ = node.Pipelined(ctx, func(p redis.Pipeliner) error { // each command has its own error
		info, policy = p.Info(ctx), p.ConfigGet(ctx, "appendfsync")
		return nil
	})
	for _, err := range []error{info.Err(), policy.Err()} {
		var refused redis.Error
		if err != nil && !errors.As(err, &refused) {
			return Durability{}, fmt.Errorf("ask how Redis keeps the record: %w", err)
		}
	}
	said := infoFields(info.Val())
	return Durability{
		Fsync:    fsync(said["aof_enabled"], policy.Val()["appendfsync"]),
		Replicas: replicas(said["connected_slaves"]),
		Eviction: eviction(said["maxmemory_policy"]),
	}, nil
}

// infoFields reads Redis's INFO, of "name:value" lines.
func infoFields(info string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(info) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			out[name] = value
		}
	}
	return out
}

func fsync(enabled, policy string) Fsync {
	if enabled == "0" {
		return FsyncOff
	}
	switch f := Fsync(policy); f {
	case FsyncAlways, FsyncSeconds, FsyncSystem:
		if enabled == "1" {
			return f
		}
	}
	return FsyncUnknown
}

func replicas(connected string) int {
	n, err := strconv.Atoi(connected)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

func eviction(policy string) Eviction {
	switch {
	case policy == "noeviction":
		return EvictionNone
	case strings.HasPrefix(policy, "allkeys-"), strings.HasPrefix(policy, "volatile-"):
		return EvictionSome
	}
	return EvictionUnknown
}
