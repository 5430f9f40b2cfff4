package app

import "net/url"

// readSigninEndpoint reads where console sign-in asks for its token. A session's
// secret goes there, so only a fake on loopback may be without TLS. The message
// never repeats the URL, which may hold a password.
func (d *draft) readSigninEndpoint(root section) {
	v := root.text("signin_endpoint")
	if !v.ok {
		return
	}
	const example = "https://eu-west-1.signin.aws.amazon.com/federation"
	u, err := url.Parse(v.v)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		d.problem(v.pos, "signin_endpoint is not an http or https URL: write one such as %s, or remove it for AWS's own", example)
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		d.problem(v.pos, "signin_endpoint must be a scheme, a host and a path alone: remove user, query and fragment")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		d.problem(v.pos, "signin_endpoint is http, and credentials would travel in clear: use https (http is for 127.0.0.1, ::1 and localhost)")
	default:
		d.config.Broker.SigninEndpoint = v.v
	}
}
