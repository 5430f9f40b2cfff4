package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/watch"
)

// A Health is what a Redis says of itself beside how well it keeps the record. A managed
// Redis, or an ACL user, may refuse to say.
type Health struct {
	Durability
	Kind      string // single node, Sentinel, cluster or embedded
	TLS       bool
	Version   string // "": unknown
	Rights    Rights
	RoundTrip time.Duration // the fastest of a few
	Ahead     time.Duration // of Redis's clock before ours, to half a round trip
	ClockOK   bool          // whether it told the time
}

// Rights are what the user of REDIS_URL may do beyond what the bot needs. That it may do
// what the bot needs, a Store that opened has tried.
type Rights string

// They are.
const (
	RightsNeeded  Rights = "needed"  // no command and no key of those that were tried
	RightsMore    Rights = "more"    // commands for admins, or keys of others
	RightsUnknown Rights = "unknown" // Redis did not say
)

// Ping says how long a round trip to Redis takes.
func (s *Store) Ping(ctx context.Context) (time.Duration, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	began := time.Now()
	if err := s.rdb.Ping(ctx).Err(); err != nil {
		return 0, fmt.Errorf("ask whether Redis is there: %w", err)
	}
	return time.Since(began), nil
}

// Says is what Redis says of itself in passing; what it refuses to say is "". One round trip.
func (s *Store) Says(ctx context.Context) (watch.Store, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	said := watch.Store{Kind: s.place.kind}
	if s.Embedded() {
		return said, nil
	}
	node, err := s.recordNode(ctx)
	if err != nil {
		return said, fmt.Errorf("ask what Redis is: %w", err)
	}
	info := node.Info(ctx)
	if err := onlyRefused(info.Err()); err != nil {
		return said, fmt.Errorf("ask what Redis is: %w", err)
	}
	fields := infoFields(info.Val())
	said.Version, said.Role = shortWord(cmp.Or(fields["valkey_version"], fields["redis_version"])), shortWord(fields["role"])
	return said, nil
}

// Health asks Redis how it is. It changes nothing. What Redis refuses to say is unknown;
// an error is of the connection.
func (s *Store) Health(ctx context.Context) (Health, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	h := Health{Kind: s.place.kind, TLS: s.place.tls, Rights: RightsUnknown}
	var err error
	if h.Durability, err = s.Log.Durability(ctx); err != nil || s.Embedded() {
		return h, err
	}
	node, err := s.recordNode(ctx)
	if err != nil {
		return h, fmt.Errorf("ask how Redis is: %w", err)
	}
	if err := h.clock(ctx, node); err != nil {
		return h, err
	}
	var info *redis.StringCmd
	var users, size, foreign redis.Cmder
	_, _ = node.Pipelined(ctx, func(p redis.Pipeliner) error { // each command has its own error
		info = p.Info(ctx, "server")
		users, size = p.Do(ctx, "ACL", "USERS"), p.DBSize(ctx)
		foreign = p.Exists(ctx, "not-assumebot:probe")
		return nil
	})
	if err := onlyRefused(info.Err(), users.Err(), size.Err(), foreign.Err()); err != nil {
		return h, fmt.Errorf("ask how Redis is: %w", err)
	}
	h.Version = shortWord(infoFields(info.Val())["redis_version"])
	h.Rights = rightsBy(users.Err(), size.Err(), foreign.Err())
	return h, nil
}

// clock compares Redis's clock with ours by the fastest of a few round trips.
func (h *Health) clock(ctx context.Context, node redis.UniversalClient) error {
	for range 5 {
		began := time.Now()
		there, err := node.Time(ctx).Result()
		took := time.Since(began)
		if err != nil {
			return onlyRefused(err)
		}
		if !h.ClockOK || took < h.RoundTrip {
			h.ClockOK, h.RoundTrip, h.Ahead = true, took, there.Sub(began.Add(took/2))
		}
	}
	return nil
}

// onlyRefused returns the first error that is not Redis's own refusal.
func onlyRefused(all ...error) error {
	for _, err := range all {
		var refused redis.Error
		if err != nil && !errors.As(err, &refused) {
			return err
		}
	}
	return nil
}

// rightsBy judges by what was let that the bot never does. NOPERM is a user that may not;
// any other refusal, such as that of a Redis without the command, says nothing.
func rightsBy(tried ...error) Rights {
	may := RightsNeeded
	for _, err := range tried {
		switch {
		case err == nil:
			return RightsMore
		case !strings.HasPrefix(err.Error(), "NOPERM"):
			may = RightsUnknown
		}
	}
	return may
}

// shortWord is one of Redis's that is shown.
func shortWord(word string) string { return word[:min(len(word), 40)] }
