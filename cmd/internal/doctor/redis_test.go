package doctor

import (
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

const redisPassword = "CANARY0123"

// exampleUser is that of deploy/redis-users.example.acl, with what else is given.
func exampleUser(more ...string) []string {
	const commands = "+hello +ping +select +evalsha +eval +script|load +get +set +mget +del +pttl +pexpire +zadd +zrange +zrem +zscore " +
		"+zremrangebyscore +xadd +xread +time +xrange +xrevrange +xdel +wait +exists +getrange +hset +hdel +hlen +hmget +hstrlen +info +rename"
	args := append([]string{"--user", "assumebot", "on", ">" + redisPassword, "~assumebot:*", "-@all"}, strings.Fields(commands)...)
	return append(args, more...)
}

// redisFindings are of a Redis that was started so.
func redisFindings(t *testing.T, asUser bool, args ...string) []Finding {
	t.Helper()
	s := storetest.StartRedis(t, args...)
	p := patient(t, startSlack(t), worldConfig)
	p.Settings.RedisURL = secret.New(s.URL)
	if asUser {
		p.Settings.RedisURL = secret.New(strings.Replace(s.URL, "unix://", "unix://assumebot:"+redisPassword+"@", 1))
	}
	found := p.redis(t.Context())
	if strings.Contains(said(found), "CANARY") {
		t.Errorf("a password is told:\n%s", said(found))
	}
	return found
}

func TestARedisThatIsAsItShouldBeIsAllRight(t *testing.T) {
	t.Parallel()
	found := redisFindings(t, true, append(exampleUser("+config|get"), "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction")...)
	for _, check := range []string{"redis", "redis-version", "redis-disk", "redis-memory", "redis-replicas", "redis-user", "redis-clock"} {
		want(t, found, check, "", OK)
	}
	if Worst(found) != OK {
		t.Errorf("got\n%s", said(found))
	}
}

func TestEachThingThatIsWrongWithRedisIsTold(t *testing.T) {
	t.Parallel()
	plain := redisFindings(t, false, "--maxmemory-policy", "allkeys-lru")
	want(t, plain, "redis-disk", "", Wrong, "appendonly no", "appendfsync always")
	want(t, plain, "redis-memory", "", Wrong, "drops keys", "noeviction")
	want(t, plain, "redis-user", "", Warning, "and more", "redis-users.example.acl")
	lazy := redisFindings(t, true, append(exampleUser(), "--appendonly", "yes", "--appendfsync", "everysec")...)
	want(t, lazy, "redis-disk", "", NotTold, "does not say")
	lazy = redisFindings(t, false, "--appendonly", "yes", "--appendfsync", "everysec")
	want(t, lazy, "redis-disk", "", Warning, "a second")
	want(t, redisFindings(t, true, exampleUser("-hset")...), "redis", "", Wrong, "the ACL user may not do this")
	locked := redisFindings(t, false, "--requirepass", redisPassword)
	want(t, locked, "redis", "", Wrong, "check the user and password in REDIS_URL")
	want(t, locked, "redis-memory", "", NotTold, "mend redis first")
}

func TestWhatRedisSaysIsJudged(t *testing.T) {
	t.Parallel()
	want(t, version("6.2.14"), "", "", Warning, "older", "7.0")
	want(t, version("7.2.4"), "", "", OK)
	want(t, version("\x1b[31mseven"), "", "", NotTold)
	want(t, disk(store.FsyncSystem), "", "", Warning, "half a minute")
	want(t, disk(store.FsyncUnknown), "", "", NotTold)
	want(t, memory(store.EvictionUnknown), "", "", NotTold)
	want(t, replicas(2, 1), "", "", Wrong, "nothing can be issued")
	want(t, replicas(0, 1), "", "", Warning, "fail-over")
	want(t, replicas(1, -1), "", "", NotTold)
	want(t, replicas(1, 1), "", "", OK)
	want(t, rights(store.RightsUnknown), "", "", NotTold)
	want(t, redisClock(store.Health{ClockOK: true, Ahead: -3 * time.Minute}), "", "", Warning, "3m0s behind", "NTP")
	want(t, redisClock(store.Health{ClockOK: true, Ahead: time.Second}), "", "", OK)
	want(t, redisClock(store.Health{}), "", "", NotTold)
	p := patient(t, startSlack(t), worldConfig)
	want(t, p.reached(store.Health{ClockOK: true, RoundTrip: time.Second}), "", "", Warning, "1s to answer")
	want(t, p.reached(store.Health{TLS: true}), "", "", OK, "TLS")
	p.Settings.Risks = []string{"REDIS_CLEARTEXT"}
	want(t, p.reached(store.Health{}), "", "", Warning, "in clear", "rediss://")
	want(t, p.redis(t.Context()), "redis", "", Warning, "embedded", "REDIS_URL")
}
