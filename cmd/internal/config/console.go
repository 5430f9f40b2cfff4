package config

import "github.com/assumebot/assumebot/broker"

// readSigninEndpoint reads where console sign-in asks for its token.
func (d *draft) readSigninEndpoint(root section) {
	v := root.text("signin_endpoint")
	if !v.ok {
		return
	}
	if err := broker.CheckSigninEndpoint(v.v); err != nil {
		d.problem(v.pos, "signin_endpoint %v", err)
		return
	}
	d.config.Broker.SigninEndpoint = v.v
}
