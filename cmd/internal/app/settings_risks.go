package app

import (
	"net/url"
	"slices"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/endpoint"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// Each of these settings takes one risk, which its name says, when it is set to
// "accepted".
const (
	// riskRedisClear lets REDIS_URL be redis:// to another host.
	riskRedisClear = "REDIS_CLEARTEXT"
	// riskRedisVerify lets REDIS_URL say ?skip_verify=true.
	riskRedisVerify = "REDIS_SKIP_VERIFY"
)

// ClearRedis reports whether Redis may be another host, reached without TLS.
func (s Settings) ClearRedis() bool { return slices.Contains(s.Risks, riskRedisClear) }

// riskWarnings are what the log says at each start of a risk that was taken.
var riskWarnings = []struct{ name, text string }{
	{riskRedisClear, "Redis is reached without TLS: whoever is on the way reads the password, and what is not sealed"},
	{riskRedisVerify, "Redis's certificate is not checked: anybody on the way can be that Redis"},
	{awsapi.AcceptForeignEndpoint, "AWS may be reached at hosts that are not AWS's own: codes are sent there"},
}

// accepts reports whether the risk was accepted. Any other value than that is a
// problem: a word that was misspelt must not read as no.
func (r *settingsReader) accepts(name string) bool {
	switch v := r.getenv(name); v {
	case "":
		return false
	case endpoint.Accepted:
		r.risks = append(r.risks, name)
		return true
	default:
		r.fail("%s is %s: write %s, or unset it", name, config.Quote(v), endpoint.Accepted)
		return false
	}
}

// redisRisks refuses what would let others on the way read or answer.
func (r *settingsReader) redisRisks(u *url.URL) bool {
	clear, verify := r.accepts(riskRedisClear), r.accepts(riskRedisVerify)
	query := u.Query()
	elsewhere := slices.ContainsFunc(append(query["addr"], u.Host), func(addr string) bool {
		node := url.URL{Host: addr}
		return !endpoint.Loopback(node.Hostname())
	})
	switch {
	case u.Scheme == "redis" && elsewhere && !clear:
		r.fail("REDIS_URL is redis:// to another host, and the password and the audit record would travel in clear: use rediss:// (TLS), or set %s=%s "+
			"where nobody else is on that network", riskRedisClear, endpoint.Accepted)
		return false
	case u.Scheme == "rediss" && query.Has("skip_verify") && !isFalse(query["skip_verify"]) && !verify:
		r.fail("REDIS_URL has skip_verify, so that anybody on the way could be that Redis: name the file of its CA by REDIS_CA_FILE instead, or set %s=%s",
			riskRedisVerify, endpoint.Accepted)
		return false
	}
	return true
}

// isFalse reports whether all of a parameter's values say no to go-redis.
func isFalse(values []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool { return v != "false" && v != "0" && v != "" })
}
