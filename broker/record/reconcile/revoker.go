package reconcile

import "github.com/assumebot/assumebot/broker/cloudtrail"

// revokerSession is the name under which the bot assumes its revoker roles.
const revokerSession = "assumebot-revoker"

// revokes reports whether the call is of the bot's own, to take sessions back: a revoker's
// role is none that the record has ever asked for.
func (m *Match) revokes(s spot) bool {
	for _, g := range m.grants {
		if g.role == s.role {
			return false
		}
	}
	return s.session == revokerSession
}

// sessionOf is the session name of a call if it is the revoker's; callers choose others.
func sessionOf(e cloudtrail.Event) string {
	if e.SessionName == revokerSession {
		return revokerSession
	}
	return ""
}
