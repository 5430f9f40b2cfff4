package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/assumebot/assumebot/cmd/internal/config"
)

// sinkLimit is for one connection.
const sinkLimit = 10 * time.Second

// sinks looks at where the record is told beside the audit channel. It writes nothing, and sends
// a webhook nothing: what it answers to an empty request says little, and a test message would
// stand in a SIEM as if it were of the record. So it is reached, and its certificate checked.
func (p Patient) sinks(ctx context.Context) []Finding {
	var looks []look
	for _, s := range p.Config.Record.Sinks {
		looks = append(looks, look{"record-sink", s.Name, sinkLimit, func(ctx context.Context) []Finding { return sinkOf(ctx, s) }})
	}
	return together(ctx, atOnce, looks...)
}

func sinkOf(ctx context.Context, s config.Sink) []Finding {
	switch {
	case s.Stdout:
		return fine("standard output")
	case s.File != "":
		dir := filepath.Dir(s.File)
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return wrong("make it, so that the user whom the bot runs as can write there, or name another file", "there is no directory %s", dir)
		}
		return fine("a file in %s, which is there", dir)
	}
	return webhook(ctx, s.Webhook)
}

func webhook(ctx context.Context, address string) []Finding {
	const do = "see that the address is right, and that it can be reached from here"
	u, err := url.Parse(address)
	if err != nil {
		return wrong(do, "it is no URL")
	}
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); err != nil || proxy != nil {
		return notTold("see in the log whether it takes what it is sent", "it is behind a proxy, which is not asked")
	}
	port := u.Port()
	if port == "" {
		port = u.Scheme
	}
	var dial interface {
		DialContext(ctx context.Context, network, address string) (net.Conn, error)
	} = &net.Dialer{}
	if u.Scheme == "https" {
		dial = &tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname()}}
	}
	conn, err := dial.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	var unproved *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unproved):
		return wrong("give it a certificate that this host trusts", "the webhook at %s shows a certificate that is not trusted: %v", u.Host, unproved.Err)
	case err != nil:
		return wrong(do, "the webhook at %s is not reached: %v", u.Host, err)
	}
	if err := conn.Close(); err != nil {
		return wrong(do, "the webhook at %s: %v", u.Host, err)
	}
	return fine("the webhook at %s is reached; nothing was sent", u.Host)
}
