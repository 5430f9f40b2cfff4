package bot

import (
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/record"
)

// A came is what came of a Request.
type came struct {
	granted     *broker.Grant // nil: nothing but an MFA session was issued
	unknown     *event.Act    // of which nobody knows whether AWS issued something
	session     bool          // an MFA session was issued
	key         bool          // the person's key was changed
	undelivered bool          // it is on the record that it may not have arrived
}

// whatCame reads what the record tells of one Request.
func whatCame(events []record.Followed) (c came) {
	for _, f := range events {
		if f.Late {
			continue
		}
		switch d := f.Event.Data.(type) {
		case event.GrantedData:
			if d.Purpose == string(broker.PurposeMFASession) {
				c.session = true
				continue
			}
			g := grantOf(f, d)
			c.granted = &g
		case event.UnknownData:
			c.unknown = &d.Act
		case event.KeyChangedData:
			c.key = true
		case event.UndeliveredData:
			c.undelivered = true
		}
	}
	return c
}

// grantOf is the Grant that an entry tells of.
func grantOf(f record.Followed, d event.GrantedData) broker.Grant {
	e := f.Event
	return broker.Grant{
		ID:           e.Request,
		User:         e.Actor.User,
		Account:      d.Account,
		RoleARN:      policy.RoleARN(d.RoleARN),
		Principal:    d.Principal,
		AccessKeyID:  d.AccessKeyID,
		Purpose:      broker.Purpose(d.Purpose),
		Method:       broker.Method(d.Method),
		MFA:          d.MFA,
		MFASession:   d.MFASession,
		Issued:       e.Time,
		Expires:      d.Expires.Time,
		Reason:       d.Reason.String(),
		STSRequestID: d.STSRequestID,
		Approval:     d.Approval,
		BreakGlass:   d.BreakGlass,
		Entry:        f.Number,
	}
}
