package broker

import (
	"context"
	"time"
)

// A Recorder keeps the audit record.
type Recorder interface {
	// Record returns nil only once e.Cleaned() is kept as durably as the record
	// can. It is bounded by ctx and may be called concurrently. A repeat of an
	// Event with the same ID may be kept twice.
	Record(ctx context.Context, e Event) error
}

// Codes keeps MFA codes from being sent twice, across replicas.
type Codes interface {
	// ReserveCode claims code of the device serial for the Request requestID,
	// for at least ttl, atomically. It returns true when the claim is this
	// Request's, the first time or again, and false when another Request holds
	// it. An error means unknown: do not send the code.
	ReserveCode(ctx context.Context, user, serial string, code TokenCode, requestID string, ttl time.Duration) (bool, error)
	// ReleaseCode gives the claim back if it is still requestID's. Only for a
	// code that certainly did not reach AWS or was certainly not looked at.
	ReleaseCode(ctx context.Context, user, serial string, code TokenCode, requestID string) error
}

// Grants keeps Grants until they expire, and their Credentials sealed for the
// reveal window.
type Grants interface {
	// SaveGrant keeps g until it expires and c for the reveal window, or until
	// c expires if that is sooner. Both or neither.
	SaveGrant(ctx context.Context, g Grant, c Credentials, reveal time.Duration) error
	// RevealGrant returns the newest live Grant of user for account whose
	// Credentials are still kept. ok is false when there is none.
	RevealGrant(ctx context.Context, user, account string) (g Grant, c Credentials, ok bool, err error)
	// ForgetCredentials drops the Credentials of one Grant; the Grant stays.
	ForgetCredentials(ctx context.Context, user, grantID string) error
}

// SealedKeys keeps the public keys that Users registered from Slack, without an
// end. A key that gets lost means clear text from then on, and nothing in the
// store could tell, since a marker would be lost with it: it must be as durable
// as the record. The way that does not depend on the store is `sealed: required`
// with a key in the config.
type SealedKeys interface {
	// LoadKey returns the key of user; ok is false when none is registered. An
	// error means unknown, and then nothing is issued; [ErrKeyUnreadable] is in
	// its chain when there is one that does not open.
	LoadKey(ctx context.Context, user string) (k RegisteredKey, ok bool, err error)
	// SaveKey registers k in place of any other, atomically. An error means
	// unknown: the old one or k.
	SaveKey(ctx context.Context, user string, k RegisteredKey) error
	// RemoveKey drops the key of user; none is no error.
	RemoveKey(ctx context.Context, user string) error
}

// A Directory knows who is in which Slack user group.
type Directory interface {
	// Groups returns the members of every user group, as they were at most a minute
	// ago. An error means unknown, and unknown is deny. A group that does not exist
	// has no members.
	Groups(ctx context.Context) (Membership, error)
}
