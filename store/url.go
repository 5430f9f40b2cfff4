package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/assumebot/assumebot/broker/endpoint"
)

// Of one connection. They bound a call whose ctx has no nearer deadline; the URL
// may set others (dial_timeout, read_timeout, write_timeout, pool_size).
const (
	dialTimeout = 2 * time.Second
	ioTimeout   = 2 * time.Second
	poolTimeout = 2 * time.Second
	poolSize    = 32
	firstPool   = 16
	waitingPool = 2 // whoever waits for the record is one goroutine
	// bufferSize of reading and of writing holds most answers; a connection keeps both.
	// go-redis has 32 KB each.
	bufferSize = 8 << 10
)

// A target says how to reach Redis. Each connect makes a client of its own.
type target struct {
	kind    string // for logs and errors
	tls     bool
	connect func(pool int) redis.UniversalClient
}

// A way is how nodes may be reached.
type way struct {
	clear bool  // other hosts without TLS
	line  *Line // nil: none that can be cut
}

// errURL never quotes the URL, nor what a parser said of it: both hold the
// password.
var errURL = errors.New("REDIS_URL cannot be read. It is \"embedded\", or redis://, rediss:// (TLS) or unix:// " +
	"with user:password@ where needed; in a password, write anything but letters, digits, - . _ ~ as %XX")

// parseTarget reads a Redis URL: several ?addr=host:port make it a cluster,
// ?master_name= makes the hosts Sentinels, whose own user and password are those
// before the @, while ?username= and ?password= are the node's. Without TLS, and where
// over does not allow it in clear, only this machine is reached; with TLS, roots alone
// vouch for a node unless they are nil.
func parseTarget(raw string, over way, roots *x509.CertPool) (target, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Fragment != "" || u.Opaque != "" {
		return target{}, errURL
	}
	switch {
	case u.Query().Has("master_name"):
		o, err := redis.ParseFailoverURL(raw)
		if err != nil {
			return target{}, errURL
		}
		trust(o.TLSConfig, roots)
		return sentinelTarget(o, over), nil
	case u.Query().Has("addr"):
		o, err := redis.ParseClusterURL(raw)
		if err != nil {
			return target{}, errURL
		}
		trust(o.TLSConfig, roots)
		return clusterTarget(o, over), nil
	}
	o, err := redis.ParseURL(raw)
	if err != nil {
		return target{}, errURL
	}
	trust(o.TLSConfig, roots)
	return singleTarget("single node", o, over), nil
}

func trust(secure *tls.Config, roots *x509.CertPool) {
	if secure != nil {
		secure.RootCAs = roots
	}
}

// The three below differ only in the type of their options. No client retries:
// a lost answer to a claim would read as "somebody else was first". Commands and
// pipelines share one pool, and a connection says nothing about itself, which
// older servers and miniredis do not understand.

func singleTarget(kind string, base *redis.Options, over way) target {
	return target{kind: kind, tls: base.TLSConfig != nil, connect: func(pool int) redis.UniversalClient {
		o := *base
		o.MaxRetries, o.ContextTimeoutEnabled = -1, true
		o.DialerRetries = 1
		o.ReadBufferSize, o.WriteBufferSize = bufferSize, bufferSize
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = or(o.DialTimeout, dialTimeout), or(o.ReadTimeout, ioTimeout), or(o.WriteTimeout, ioTimeout)
		o.PoolSize, o.PoolTimeout, o.PipelinePoolSize = or(o.PoolSize, pool), or(o.PoolTimeout, poolTimeout), -1
		o.DisableIdentity, o.MaintNotificationsConfig = true, quiet()
		o.Dialer = dialer(o.TLSConfig, o.DialTimeout, over)
		return redis.NewClient(&o)
	}}
}

func sentinelTarget(base *redis.FailoverOptions, over way) target {
	return target{kind: "Sentinel", tls: base.TLSConfig != nil, connect: func(pool int) redis.UniversalClient {
		o := *base
		o.MaxRetries, o.ContextTimeoutEnabled = -1, true
		o.DialerRetries = 1
		o.ReadBufferSize, o.WriteBufferSize = bufferSize, bufferSize
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = or(o.DialTimeout, dialTimeout), or(o.ReadTimeout, ioTimeout), or(o.WriteTimeout, ioTimeout)
		o.PoolSize, o.PoolTimeout, o.PipelinePoolSize = or(o.PoolSize, pool), or(o.PoolTimeout, poolTimeout), -1
		o.DisableIdentity = true
		o.RouteByLatency, o.RouteRandomly, o.ReplicaOnly = false, false, false // a replica lags behind
		o.Dialer = dialer(o.TLSConfig, o.DialTimeout, over)
		return redis.NewFailoverClient(&o)
	}}
}

func clusterTarget(base *redis.ClusterOptions, over way) target {
	return target{kind: "cluster", tls: base.TLSConfig != nil, connect: func(pool int) redis.UniversalClient {
		o := *base
		o.MaxRetries, o.ContextTimeoutEnabled = -1, true
		o.DialerRetries = 1
		o.ReadBufferSize, o.WriteBufferSize = bufferSize, bufferSize
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout = or(o.DialTimeout, dialTimeout), or(o.ReadTimeout, ioTimeout), or(o.WriteTimeout, ioTimeout)
		o.PoolSize, o.PoolTimeout, o.PipelinePoolSize = or(o.PoolSize, pool), or(o.PoolTimeout, poolTimeout), -1
		o.DisableIdentity, o.MaintNotificationsConfig = true, quiet()
		o.ReadOnly, o.RouteByLatency, o.RouteRandomly = false, false, false // a replica lags behind
		o.Dialer = dialer(o.TLSConfig, o.DialTimeout, over)
		return redis.NewClusterClient(&o)
	}}
}

// A clearError is a host that would be reached in clear.
type clearError struct{ addr string }

func (e *clearError) Error() string {
	return e.addr + " is another host, and would be reached in clear: use rediss:// (TLS) in REDIS_URL, or set REDIS_CLEARTEXT=accepted"
}

// dialer dials nodes, also those that only a cluster or Sentinels name. Without TLS and
// over.clear it dials nobody but this machine.
func dialer(secure *tls.Config, timeout time.Duration, over way) func(context.Context, string, string) (net.Conn, error) {
	dial := redis.NewDialer(&redis.Options{TLSConfig: secure, DialTimeout: timeout})
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if secure == nil && !over.clear && network != "unix" {
			if host, _, err := net.SplitHostPort(addr); err != nil || !endpoint.Loopback(host) {
				return nil, &clearError{addr}
			}
		}
		if over.line.isCut() {
			return nil, errCut
		}
		conn, err := dial(ctx, network, addr)
		if err == nil {
			conn, err = over.line.take(conn)
		}
		if err != nil {
			return nil, err
		}
		return newAnswerConn(conn), nil
	}
}

func quiet() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// or is cmp.Or that also replaces what a URL switched off: no call may be
// without an end.
func or[T int | time.Duration](set, otherwise T) T {
	if set <= 0 {
		return otherwise
	}
	return set
}
