package store

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/watch"
)

const (
	// OpTimeout bounds every call, whatever its ctx says.
	OpTimeout = 5 * time.Second
	// openTimeout bounds reaching Redis at start.
	openTimeout = 10 * time.Second
)

// Options say which Redis, and how to seal.
type Options struct {
	// URL is "embedded" for a Redis inside the process, or redis://, rediss://
	// or unix://. With ?addr= it names a cluster, with ?master_name= Sentinels.
	URL secret.Text
	// SealKeys are 32 bytes each in base64, newest first. Embedded makes its own
	// when there is none; a real Redis without any is an error.
	SealKeys []secret.Text
	// Cleartext lets redis:// reach other hosts than this one.
	Cleartext bool
	// Roots alone vouch for a Redis that is reached over TLS; nil: those of the machine.
	Roots *x509.CertPool
	// Replicas is how many Redis replicas must have what is appended to the record
	// before it counts; 0 waits for none.
	Replicas int
	Now      func() time.Time // nil: time.Now
	Log      *slog.Logger     // nil: discard
	Watch    watch.Watcher    // is told of each round trip; nil: nobody watches
	Line     *Line            // to rehearse what happens without Redis; nil: nobody does
}

// CheckURL says why no Redis can be reached by url, whoever answers; it asks nobody.
func CheckURL(url secret.Text) error {
	if url.Reveal() == Embedded {
		return nil
	}
	_, err := parseTarget(url.Reveal(), way{}, nil)
	return err
}

// Open reaches Redis, tries to write and loads the scripts, or fails within ten
// seconds. The error is a [*SetupError] where trying again cannot mend it; none
// holds the URL or a password.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := newStore(&core{scripts: newScripts(), now: o.Now, replicas: o.Replicas})
	if s.now == nil {
		s.now = time.Now
	}
	if o.URL.Empty() {
		return nil, &SetupError{errors.New("REDIS_URL is not set: give the URL of a Redis that all replicas share, or " +
			"\"embedded\" for a single process that forgets everything when it ends")}
	}
	raw := o.URL.Reveal()
	r, err := chooseRing(raw == Embedded, o.SealKeys)
	if err != nil {
		return nil, &SetupError{err}
	}
	s.ring.now.Store(r)
	var t target
	if raw == Embedded {
		s.embedded, t, err = startEmbedded(o.Line)
	} else {
		t, err = parseTarget(raw, way{o.Cleartext, o.Line}, o.Roots)
	}
	if err != nil {
		return nil, &SetupError{err}
	}
	s.place, s.rdb, s.first, s.waiting = t, t.connect(poolSize), t.connect(firstPool), t.connect(waitingPool)
	s.shared = &shared{rdb: s.rdb, atOnce: tripsAtOnce}
	s.chores = &shared{rdb: s.first, atOnce: choresAtOnce, gathers: runtime.Gosched} // others who woke up are behind it
	for _, client := range []redis.UniversalClient{s.rdb, s.first} {
		client.AddHook(namesKeys{})
		client.AddHook(eachTells{})
		client.AddHook(tells{o.Watch})
	}
	reaching, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	if err := s.reach(reaching); err != nil {
		_ = s.Close() // it reached nothing, so there is nothing to lose
		return nil, t.unreachable(err)
	}
	if o.Log != nil {
		o.Log.InfoContext(ctx, "store open", "redis", t.kind, "seal_keys", len(r.keys), "newest_seal_key", r.newest())
	}
	return s, nil
}

func chooseRing(embedded bool, keys []secret.Text) (*ring, error) {
	switch {
	case len(keys) > 0:
		r, err := newRing(keys)
		for i, key := range keys {
			if raw, _ := base64.StdEncoding.DecodeString(key.Reveal()); err == nil && WeakSealKey(raw) {
				err = fmt.Errorf("seal key %d of %d is too regular to be random; assumebot keygen prints one", i+1, len(keys))
			}
		}
		return r, err
	case embedded:
		return randomRing()
	}
	return nil, errors.New("ASSUMEBOT_SEAL_KEYS is not set: a real Redis needs at least one key to seal secrets with; " +
		"assumebot keygen prints one, and all replicas take the same")
}

// RouteClientLog sends go-redis's own words about connections to log instead of
// stderr. It is for the whole process, so a program calls it once, before Open.
func RouteClientLog(log *slog.Logger) { redis.SetLogger(clientLog{log}) }

type clientLog struct{ log *slog.Logger }

// Printf implements go-redis's logger.
func (c clientLog) Printf(ctx context.Context, format string, v ...any) {
	c.log.WarnContext(ctx, "redis client: "+fmt.Sprintf(format, v...))
}
