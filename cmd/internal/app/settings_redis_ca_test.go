package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// anAuthority is a certificate in PEM, and its private key.
func anAuthority(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, bytes []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
	}
	return block("CERTIFICATE", der), block("PRIVATE KEY", raw)
}

func TestRedisCATakesCertificatesInPEM(t *testing.T) {
	t.Parallel()
	one, _ := anAuthority(t)
	two, _ := anAuthority(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte("# ours\n"+one), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string]map[string]string{
		"one": {"REDIS_CA": one}, "two": {"REDIS_CA": one + "\nsubject=/CN=two\n" + two}, "a file": {"REDIS_CA_FILE": file},
		"skip_verify=false": {"REDIS_CA": one, "REDIS_URL": "rediss://redis.example?skip_verify=false"},
	} {
		s, err := read(env)
		want := x509.NewCertPool()
		want.AppendCertsFromPEM([]byte(one))
		if name == "two" {
			want.AppendCertsFromPEM([]byte(two))
		}
		if err != nil || !want.Equal(s.RedisCA) || !want.Equal(s.storeOptions().Roots) {
			t.Errorf("%s: got %v, want the certificates to reach the store", name, err)
		}
	}
	if s, err := read(nil); err != nil || s.RedisCA != nil {
		t.Errorf("unset: got %v, %v, want the CAs of the machine", s.RedisCA, err)
	}
}

// TestRedisCAThatCountsForNothingIsRefused: whoever set it believes that Redis is checked by it.
func TestRedisCAThatCountsForNothingIsRefused(t *testing.T) {
	t.Parallel()
	good, key := anAuthority(t)
	for says, env := range map[string]map[string]string{
		"REDIS_URL has no TLS: write rediss:// there":  {"REDIS_CA": good, "REDIS_URL": "redis://127.0.0.1:6379"},
		"is set, and REDIS_URL has no TLS":             {"REDIS_CA": good, "REDIS_URL": Embedded, "ASSUMEBOT_RECORD_KEY": ""},
		"no TLS: write rediss:// there, or unset":      {"REDIS_CA": good, "REDIS_URL": "unix:///run/redis.sock"},
		"REDIS_URL has skip_verify, so that it is not": {"REDIS_CA": good, "REDIS_URL": "rediss://redis.example?skip_verify=1", "REDIS_SKIP_VERIFY": "accepted"},
		"holds no certificate in PEM":                  {"REDIS_CA": "/etc/redis/ca.pem"},
		"holds a private key, which the bot must not":  {"REDIS_CA": good + key},
		"stands there as number 2 is no certificate":   {"REDIS_CA": good + strings.Replace(good, "\nMI", "\nMA", 1)},
		"REDIS_CA and REDIS_CA_FILE are both set":      {"REDIS_CA": good, "REDIS_CA_FILE": "x"},
		"REDIS_CA_FILE: /absent cannot be read":        {"REDIS_CA_FILE": "/absent"},
	} {
		if s, err := read(env); err == nil || !strings.Contains(err.Error(), says) || s.RedisCA != nil || strings.Contains(err.Error(), "MI") {
			t.Errorf("got %v, want %q", err, says)
		}
	}
}
