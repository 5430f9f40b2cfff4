package store

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker"
)

// A SetupError is one that trying again cannot mend: somebody has to change a
// setting, or Redis's own.
type SetupError struct{ err error }

// Error implements error; it holds neither the URL nor a password.
func (e *SetupError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *SetupError) Unwrap() error { return e.err }

// NeedsPerson reports whether err, of Open or of a call, is one that trying again cannot
// mend.
func NeedsPerson(err error) bool {
	var setup *SetupError
	return errors.As(err, &setup) || err != nil && adviceOn(err, false).lasting
}

// An advice says what to do about an error at start. A lasting one stays until a
// person mends it; the others may pass, for one after a fail-over.
type advice struct {
	text    string
	lasting bool
}

// refusals are Redis's own words, and what to do about them.
var refusals = []struct {
	says string
	advice
}{
	{"WRONGPASS", advice{"check the user and password in REDIS_URL", true}},
	{"NOAUTH", advice{"check the user and password in REDIS_URL", true}},
	{"invalid username-password", advice{"check the user and password in REDIS_URL", true}},
	{"AUTH called without any password", advice{"this Redis has no password: leave it out of REDIS_URL", true}},
	{"NOPERM", advice{
		"the ACL user may not do this; it needs the commands in deploy/redis-users.example.acl, and for a cluster those in deploy/docs/install.md", true}},
	{"cluster support disabled", advice{"this Redis is no cluster: leave ?addr= out of REDIS_URL", true}},
	{"MOVED ", advice{"this Redis is one node of a cluster: add ?addr= with another of its nodes to REDIS_URL", true}},
	{"SELECT is not allowed in cluster mode", advice{"a cluster has no numbered databases: leave the number out of REDIS_URL", true}},
	{"DB index is out of range", advice{"this Redis has no database of that number: change it in REDIS_URL", true}},
	{"DENIED Redis is running in protected mode", advice{"give this Redis a password, or have it bind to the bot's network alone", true}},
	{"READONLY ", advice{"this Redis is a replica: name the primary in REDIS_URL, or Sentinels by ?master_name=", false}},
	{"LOADING ", advice{"Redis still reads its data from disk", false}},
	{"CLUSTERDOWN", advice{"the cluster does not serve all of its slots: look at CLUSTER INFO", false}},
	{"MASTERDOWN", advice{"this Redis is a replica that has lost its primary: name the primary in REDIS_URL", false}},
	{"MISCONF", advice{"Redis cannot write to its disk and takes no writes: look at its log", false}},
	{"OOM command", advice{"Redis has no memory left: raise maxmemory", false}},
	{"NOREPLICAS", advice{"Redis takes no writes while it has too few replicas: see min-replicas-to-write", false}},
}

// adviceOn says what to do about err, which a start met over TLS or without.
func adviceOn(err error, overTLS bool) advice {
	var (
		header   tls.RecordHeaderError
		verify   *tls.CertificateVerificationError
		alert    tls.AlertError
		outside  *clearError
		dns      *net.DNSError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
	)
	text := err.Error()
	switch {
	case errors.As(err, &outside):
		return advice{"", true}
	case errors.As(err, &header):
		return advice{"that port has no TLS: write redis:// in REDIS_URL, or name its TLS port", true}
	case errors.As(err, &unknown), strings.Contains(text, "certificate signed by unknown authority"):
		return advice{"the certificate is from a CA that is not known here: name that CA's file by REDIS_CA_FILE", true}
	case errors.As(err, &hostname):
		return advice{"the certificate is for another host: write the name that it has in REDIS_URL", true}
	case errors.As(err, &verify):
		return advice{"the certificate does not hold", true}
	case errors.As(err, &alert), strings.Contains(text, "tls: certificate required"):
		return advice{"this Redis refused the TLS connection; if it asks clients for a certificate, set tls-auth-clients no: the bot has none", true}
	case !overTLS && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)):
		return advice{"the connection was closed at the first word: if that port is for TLS, write rediss:// in REDIS_URL", false}
	case overTLS && timedOut(err):
		return advice{"no answer over TLS: if that port has no TLS, write redis:// in REDIS_URL", false}
	case errors.As(err, &dns):
		return advice{"the host in REDIS_URL has no address", false}
	}
	for _, r := range refusals {
		if strings.Contains(text, r.says) {
			return r.advice
		}
	}
	return advice{}
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// unreachable says of which kind of Redis err is, and what to do about it.
func (t target) unreachable(err error) error {
	if errors.Is(err, broker.ErrNewer) {
		return err // it was reached
	}
	a := adviceOn(err, t.tls)
	if a.text != "" {
		a.text = " (" + a.text + ")"
	}
	err = fmt.Errorf("reach Redis (%s): %w%s", t.kind, err, a.text)
	if a.lasting {
		return &SetupError{err}
	}
	return err
}

// probes is how many keys are written: that the one node reached, of a cluster of
// three, has all of them happens once in 40 million times.
const probes = 16

// reach writes, which a replica, a full Redis and one node of a cluster refuse where they
// answer PING; does what the record takes, beside its keys, since the ACL user of an older
// release may not, and every Request would fail; and loads the scripts; and looks whether this
// release reads what is there. One round trip, or, on a cluster, whose nodes each need all
// scripts, two.
func (s *core) reach(ctx context.Context) error {
	_, isCluster := s.rdb.(*redis.ClusterClient)
	var ping redis.Cmder
	var schema *redis.StringCmd
	var tried tries
	_, _ = s.rdb.Pipelined(ctx, func(p redis.Pipeliner) error { // each command has its own error
		ping, schema = p.Ping(ctx), p.Get(ctx, schemaKey)
		tried.write(ctx, p)
		tried.keepRecord(ctx, p)
		if !isCluster {
			tried.load(ctx, p, s.scripts)
		}
		return nil
	})
	if ping.Err() != nil {
		return ping.Err()
	}
	if err := tried.err(); err != nil {
		return err
	}
	if _, err := (Schema{s}).judge(schema); err != nil || !isCluster {
		return err
	}
	return s.loadScripts(ctx)
}

// tries are commands, and what each is tried for.
type tries struct {
	what []string
	cmds []redis.Cmder
}

func (t *tries) note(what string, cmds ...redis.Cmder) {
	for _, cmd := range cmds {
		t.what, t.cmds = append(t.what, what), append(t.cmds, cmd)
	}
}

// err is the first that failed.
func (t *tries) err() error {
	for i, cmd := range t.cmds {
		if err := cmd.Err(); err != nil {
			return fmt.Errorf("%s: %w", t.what[i], err)
		}
	}
	return nil
}

func (t *tries) write(ctx context.Context, p redis.Pipeliner) {
	for i := range probes {
		key := fmt.Sprintf("assumebot:probe:%d", i)
		t.note("write", p.Set(ctx, key, "", time.Second), p.Del(ctx, key))
	}
}

func (t *tries) keepRecord(ctx context.Context, p redis.Pipeliner) {
	const key = "assumebot:{record}:probe"
	t.note("try what the record needs",
		p.XRangeN(ctx, key, "-", "+", 1),
		p.XRevRangeN(ctx, key, "+", "-", 1),
		p.XDel(ctx, key, "0-1"),
		p.GetRange(ctx, key, 0, 1),
		p.HSet(ctx, key, "x", "x"),
		p.HStrLen(ctx, key, "x"),
		p.HLen(ctx, key),
		p.HMGet(ctx, key, "x"),
		p.HDel(ctx, key, "x"),
		p.Exists(ctx, key),
	)
}
