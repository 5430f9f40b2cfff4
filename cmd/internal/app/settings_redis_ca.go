package app

import (
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"strings"

	"github.com/assumebot/assumebot/broker/secret"
)

// redisCA reads the certificates that alone vouch for the Redis of target, or returns nil
// where none are set. A setting that would count for nothing is a problem: whoever set
// it believes that Redis is checked by it.
func (r *settingsReader) redisCA(target secret.Text) *x509.CertPool {
	const name = "REDIS_CA"
	got, failed := r.secret(name)
	if failed || got.Empty() {
		return nil
	}
	u, err := url.Parse(target.Reveal())
	switch {
	case target.Empty() || err != nil: // which was reported
	case u.Scheme != "rediss":
		r.fail("%s is set, and REDIS_URL has no TLS: write rediss:// there, or unset %s", name, name)
		return nil
	case u.Query().Has("skip_verify") && !isFalse(u.Query()["skip_verify"]):
		r.fail("%s is set, and REDIS_URL has skip_verify, so that it is not checked by it: remove one of them", name)
		return nil
	}
	roots, rest, n := x509.NewCertPool(), []byte(strings.TrimSpace(got.Reveal())), 0
	for len(rest) > 0 {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = after
		switch cert, err := x509.ParseCertificate(block.Bytes); {
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			r.fail("%s holds a private key, which the bot must not have: leave the certificate alone there", name)
			return nil
		case block.Type != "CERTIFICATE" || err != nil:
			r.fail("%s: what stands there as number %d is no certificate: copy the CA's file again, in PEM", name, n+1)
			return nil
		default:
			roots.AddCert(cert)
			n++
		}
	}
	if n == 0 {
		r.fail("%s holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----: name the CA's file by %s_FILE", name, name)
		return nil
	}
	return roots
}
