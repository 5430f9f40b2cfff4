package store_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

// wantAdvice opens url and wants an error that says what to do, and that says
// whether only a person can mend it.
func wantAdvice(t *testing.T, url, says string, lasting bool) {
	t.Helper()
	wantOpenError(t, url, []secret.Text{storetest.KeyOne}, says)
	_, err := open(t, url, storetest.KeyOne)
	var setup *store.SetupError
	if got := errors.As(err, &setup); got != lasting {
		t.Errorf("%v: got lasting %v, want %v", err, got, lasting)
	}
}

func TestOpenOfAReplicaSaysSoAndMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	addr := storetest.RealTCP(t, "--replicaof", "127.0.0.1 1")
	wantAdvice(t, "redis://u:MARKED@"+addr, "check the user and password", true)
	wantAdvice(t, "redis://"+addr, "this Redis is a replica: name the primary in REDIS_URL", false)
}

func TestOpenOfOneNodeOfAClusterSaysSo(t *testing.T) {
	t.Parallel()
	first := storetest.RealClusterNodes(t)[0]
	wantAdvice(t, "redis://"+first, "one node of a cluster: add ?addr=", true)
	wantAdvice(t, "redis://"+first+"/3", "leave the number out of REDIS_URL", true)
	mustOpen(t, "redis://"+first+"?addr="+first)
}

func TestOpenOfAClusterThatIsNotWholeMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	addr := storetest.RealTCP(t, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf")
	wantAdvice(t, "redis://"+addr, "does not serve all of its slots", false)
}

// TestOpenWhileRedisLoadsMayBeTriedAgain has redis-server read its data slowly.
func TestOpenWhileRedisLoadsMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	server := storetest.StartRedis(t, "--enable-debug-command", "yes", "--loading-process-events-interval-bytes", "1024")
	rdb := storetest.Raw(t, server.URL)
	ctx := t.Context()
	for _, command := range [][]any{{"debug", "populate", 1000, "key", 100}, {"config", "set", "key-load-delay", 5000}} {
		if err := rdb.Do(ctx, command...).Err(); err != nil {
			t.Skipf("this redis-server cannot be slowed down: %v", err)
		}
	}
	go rdb.Do(ctx, "debug", "reload")
	storetest.Eventually(t, 20*time.Second, "it loads", func() bool {
		_, err := store.Open(ctx, store.Options{URL: secret.New(server.URL), SealKeys: []secret.Text{storetest.KeyOne}})
		var setup *store.SetupError
		if errors.As(err, &setup) {
			t.Fatalf("got %v, want an error that is worth another try", err)
		}
		return err != nil && strings.Contains(err.Error(), "Redis still reads its data from disk")
	})
}

func TestOpenOfAFullRedisSaysSo(t *testing.T) {
	t.Parallel()
	server := storetest.StartRedis(t, "--maxmemory", "1")
	wantAdvice(t, server.URL, "raise maxmemory", false)
	server = storetest.StartRedis(t, "--min-replicas-to-write", "1")
	wantAdvice(t, server.URL, "see min-replicas-to-write", false)
}

// TestOpenTellsTLSFromClear asks each kind of port for the other, and a port
// whose certificate nobody knows.
func TestOpenTellsTLSFromClear(t *testing.T) {
	t.Parallel()
	cert, key := pemFiles(t)
	port := freePort(t)
	storetest.StartRedis(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert)
	wantAdvice(t, "redis://u:MARKED@127.0.0.1:"+port, "if that port is for TLS, write rediss://", false)
	wantAdvice(t, "rediss://u:MARKED@127.0.0.1:"+port, "name that CA's file by REDIS_CA_FILE", true)
	storetest.Eventually(t, 20*time.Second, "the server's alert arrives before its reset", func() bool {
		_, err := open(t, "rediss://127.0.0.1:"+port+"?skip_verify=true", storetest.KeyOne)
		var setup *store.SetupError
		return err != nil && strings.Contains(err.Error(), "this Redis refused the TLS connection") && errors.As(err, &setup)
	})

	clear := storetest.RealTCP(t)
	_, err := open(t, "rediss://"+clear+"?read_timeout=300ms&dial_timeout=300ms", storetest.KeyOne)
	if err == nil || !strings.Contains(err.Error(), "has no TLS") {
		t.Errorf("rediss:// at a port without TLS: got %v, want it said", err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	wantAdvice(t, "rediss://"+silent.Addr().String()+"?dial_timeout=200ms", "no answer over TLS: if that port has no TLS, write redis://", false)
}

// pemFiles writes what selfSigned made as redis-server reads it.
func pemFiles(t *testing.T) (cert, key string) {
	t.Helper()
	made := selfSigned(t).Certificates[0]
	private, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: made.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}
