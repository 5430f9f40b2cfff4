package doctor

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/assumebot/assumebot/store"
)

const (
	// redisLimit is above the time that opening a store takes at most.
	redisLimit = 15 * time.Second
	// slowRedis is a round trip of which a Request makes several.
	slowRedis = 20 * time.Millisecond
	// oddClock is a difference that shows in the times that people are told.
	oddClock = 2 * time.Second
	// testedRedis is the oldest major version that the tests run against.
	testedRedis = 7
)

// redis looks at how Redis is reached, how well it keeps the record and who the bot is
// there.
func (p Patient) redis(ctx context.Context) []Finding {
	h, err := p.Settings.Health(ctx)
	if err != nil {
		found := of("redis", "", wrong("mend REDIS_URL, or what it leads to", "%v", err))
		for _, check := range []string{"redis-version", "redis-disk", "redis-memory", "redis-replicas", "redis-user", "redis-clock"} {
			found = append(found, of(check, "", notTold("mend redis first", "Redis cannot be asked"))...)
		}
		return found
	}
	if h.Kind == store.Embedded {
		return of("redis", "", warn("for more than a trial set REDIS_URL to a Redis that outlives the bot",
			"it is embedded: grants, approvals and the record end with the process"))
	}
	found := of("redis", "", p.reached(h))
	for _, about := range []struct {
		check string
		found []Finding
	}{
		{"redis-version", version(h.Version)},
		{"redis-disk", disk(h.Fsync)},
		{"redis-memory", memory(h.Eviction)},
		{"redis-replicas", replicas(p.Config.Record.Replicas, h.Replicas)},
		{"redis-user", rights(h.Rights)},
		{"redis-clock", redisClock(h)},
	} {
		found = append(found, of(about.check, "", about.found)...)
	}
	return found
}

func (p Patient) reached(h store.Health) []Finding {
	how := "over TLS"
	switch {
	case h.TLS:
	case p.Settings.ClearRedis():
		return warn("use rediss:// (TLS) unless nobody else is on that network",
			"reached (%s) in clear: whoever is on the way reads the password, and what is not sealed", h.Kind)
	default:
		how = "on this machine"
	}
	if h.ClockOK && h.RoundTrip > slowRedis {
		return warn("have the bot and Redis in one place: a request asks Redis several times",
			"reached (%s) %s, and it takes %s to answer", h.Kind, how, short(h.RoundTrip))
	}
	return fine("reached (%s) %s", h.Kind, how)
}

func short(d time.Duration) time.Duration {
	if d.Abs() < 10*time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Second)
}

func version(said string) []Finding {
	major, _, _ := strings.Cut(said, ".")
	n, err := strconv.Atoi(major)
	switch {
	case err != nil:
		return notTold("see that it is Redis 7.0 or later, or Valkey", "Redis does not say its version")
	case n < testedRedis:
		return warn("take Redis 7.0 or later, or Valkey", "%s is older than what the bot is tested with", said)
	}
	return fine("%s", said)
}

func disk(when store.Fsync) []Finding {
	const always = "set appendonly yes and appendfsync always"
	switch when {
	case store.FsyncAlways:
		return fine("appendfsync always: what Redis has acknowledged outlives a crash")
	case store.FsyncSeconds:
		return warn(always, "appendfsync everysec: a crash may lose a second of the record")
	case store.FsyncSystem:
		return warn(always, "appendfsync no: a crash of the host may lose half a minute of the record")
	case store.FsyncOff:
		return wrong(always, "appendonly no: a crash loses what came after the last snapshot")
	case store.FsyncUnknown:
	}
	return notTold("see that appendfsync is always, or let the bot's user do config|get", "Redis does not say when it writes to disk")
}

func memory(full store.Eviction) []Finding {
	switch full {
	case store.EvictionNone:
		return fine("a full Redis refuses writes")
	case store.EvictionSome:
		return wrong("set maxmemory-policy noeviction", "a full Redis drops keys: codes that were used, blocks, the record")
	case store.EvictionUnknown:
	}
	return notTold("see that maxmemory-policy is noeviction", "Redis does not say what it does when it is full")
}

// replicas is of how many must have an entry, and how many are connected, -1 where that
// is unknown.
func replicas(wanted, connected int) []Finding {
	switch {
	case connected < 0:
		return notTold("see that record.replicas is right", "Redis does not say how many replicas it has; the config waits for %d", wanted)
	case connected < wanted:
		return wrong("connect them, or lower record.replicas", "%d must have an entry and %d are connected: nothing can be issued", wanted, connected)
	case wanted == 0 && connected > 0:
		return warn("set record.replicas", "%d are connected and none is waited for: a fail-over may lose entries", connected)
	case wanted == 0:
		return fine("none is connected, and none is waited for")
	}
	return fine("%d are connected, and %d must have an entry before it counts", connected, wanted)
}

func rights(may store.Rights) []Finding {
	switch may {
	case store.RightsNeeded:
		return fine("it may do what the bot needs, and nothing more that was tried")
	case store.RightsMore:
		return warn("give the bot a user of its own, as in deploy/redis-users.example.acl",
			"it may do what the bot needs, and more: other keys, or commands for admins")
	case store.RightsUnknown:
	}
	return notTold("compare it with deploy/redis-users.example.acl", "it may do what the bot needs; whether it may do more Redis does not say")
}

func redisClock(h store.Health) []Finding {
	switch {
	case !h.ClockOK:
		return notTold("see that both hosts keep their time by NTP", "Redis does not tell the time")
	case h.Ahead.Abs() > oddClock:
		return warn("have both hosts keep their time by NTP", "Redis's clock is %s %s that of this host", short(h.Ahead.Abs()), aheadOf(h.Ahead))
	}
	return fine("as that of this host")
}

func aheadOf(d time.Duration) string {
	if d < 0 {
		return "behind"
	}
	return "ahead of"
}
