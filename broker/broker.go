// Package broker is assumebot's domain: it asks policy whether a User may have an
// Account, has AWS STS asked with the User's own long-term key and MFA code, and
// keeps the audit record honest about it.
//
// It knows nothing of Slack, Redis or the AWS SDK. What it needs from them it
// declares as small interfaces (ports.go, aws.go). These invariants hold:
//
//   - No credential exists before the intent to issue it is on the record, and
//     none leaves the package before its outcome is.
//   - An MFA code goes into at most one STS call, and that call is never
//     retried: a code works once per device, so a retry after a lost answer
//     would spend it for nothing and hide that the first call succeeded.
//   - Whatever cannot be decided is refused.
//   - A secret is a secret.Text, which redacts itself everywhere but in Reveal.
package broker

import (
	"log/slog"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/history"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/share"
)

// Deps is what a Broker is made of. All of it is needed.
type Deps struct {
	Config    *policy.Config
	AWS       AWS
	Ahead     ahead.Store
	Codes     Codes
	Sessions  Sessions
	Grants    Grants
	Listings  Listings
	Keys      SealedKeys
	ParseKey  func(text string) (secret.PublicKey, error) // what can be encrypted to, canonical
	Recorder  Recorder
	Provers   Provers
	Past      history.Record // what Recorder keeps, as it is read back
	Directory Directory
	People    People
	Counters  Counters
	Leases    lease.Leases // keep two replicas from writing one role's policy at once
	Approvals Approvals
	Orders    Orders
	PauseFor  time.Duration // after which each pause that this process lays down ends by itself; 0: only an admin ends it
	Now       func() time.Time
	Log       *slog.Logger
}

// core is the config and the ports that every part of a Broker works with.
type core struct {
	config     *policy.Config
	names      policy.Names         // whom config names
	index      func() *policy.Index // made when it is first asked for
	aws        AWS
	ahead      ahead.Store
	codes      Codes
	sessions   Sessions
	grants     Grants
	listings   Listings
	sealedKeys SealedKeys
	parseKey   func(text string) (secret.PublicKey, error)
	recorder   Recorder
	directory  Directory
	people     People
	counters   Counters
	leases     lease.Leases
	approvals  Approvals
	orders     Orders
	pauseFor   time.Duration
	now        func() time.Time
	log        *slog.Logger
}

// A Broker answers Requests by one config. It is made of parts by use, each of which
// knows only those above it. It is safe for concurrent use.
type Broker struct {
	*core

	Visits      *Visits      // who speaks, and the door that all pass
	Policy      *Policy      // who may have what
	Pending     *Pending     // what waits for other people, and how that ends
	Consent     *Consent     // what policy and other people's approval give a Request
	Asking      *Asking      // to ask other people
	Voting      *Voting      // to approve, deny and take note
	Admins      *Admins      // blocks, the pause and lock-outs, by admins
	Revoking    *Revoking    // to take back what was issued
	MFASessions *MFASessions // to begin, look at and end one
	Issuing     *Issuing     // to issue credentials and sign-in links
	Holding     *Holding     // what was issued and lives
	Lists       *Lists       // of buckets
	Keys        *Keys        // that credentials are encrypted to
	Explaining  *Explaining  // what would happen, and who one is
	Proving     *Proving     // that something is on the record
	Histories   *Histories   // what was done
}

type (
	// usage reserves codes, and counts wrong ones and the calls that an Account may have.
	usage struct{ *core }
	// sealings say how Credentials may be shown.
	sealings struct{ *core }
	// Visits says who speaks, and is the door that all pass.
	Visits struct {
		*core
		usage *usage
	}
	// base is what every part behind the door works with.
	base struct {
		*core
		visits *Visits
	}
	// Policy says who may have what.
	Policy struct{ base }
	// Pending is what waits for other people, and how that ends.
	Pending struct{ base }
	// Consent is what policy and other people's approval give a Request.
	Consent struct {
		base
		policy  *Policy
		pending *Pending
	}
	// Asking asks other people.
	Asking struct {
		base
		policy   *Policy
		pending  *Pending
		consent  *Consent
		sealings *sealings
	}
	// Voting is what other people do about an Approval.
	Voting struct {
		base
		pending *Pending
	}
	// Admins impose orders and lift them.
	Admins struct {
		base
		pending *Pending
	}
	// Revoking takes back what was issued.
	Revoking struct {
		base
		policy  *Policy
		pending *Pending
		admins  *Admins
		runs    share.Runs[Revocation]
		denials share.Turns[Denied]
	}
	// attempts are the acts that need the record.
	attempts struct {
		base
		usage    *usage
		revoking *Revoking
	}
	// MFASessions begins, uses and ends them.
	MFASessions struct {
		base
		usage    *usage
		attempts *attempts
	}
	// Issuing issues credentials and makes sign-in links.
	Issuing struct {
		base
		usage       *usage
		consent     *Consent
		sealings    *sealings
		attempts    *attempts
		mfaSessions *MFASessions
	}
	// Holding is what was issued and lives.
	Holding struct {
		base
		consent  *Consent
		sealings *sealings
		admins   *Admins
		revoking *Revoking
	}
	// Lists are those of buckets.
	Lists struct {
		base
		consent *Consent
		issuing *Issuing
		holding *Holding
	}
	// Keys are those that credentials are encrypted to.
	Keys struct {
		base
		usage    *usage
		sealings *sealings
		attempts *attempts
	}
	// Histories say what was done, by the record.
	Histories struct {
		base
		admins *Admins
		past   history.Record
	}
	// Explaining says what would happen, and who one is.
	Explaining struct {
		base
		policy      *Policy
		consent     *Consent
		mfaSessions *MFASessions
	}
	// Proving proves that something is on the record.
	Proving struct {
		base
		provers Provers
	}
)

// New returns a Broker; it does no work.
func New(d Deps) *Broker {
	b := &Broker{core: &core{
		config: d.Config, names: d.Config.Names(), index: sync.OnceValue(d.Config.Index), aws: d.AWS, ahead: d.Ahead, codes: d.Codes,
		sessions: d.Sessions, grants: d.Grants, listings: d.Listings, sealedKeys: d.Keys, parseKey: d.ParseKey,
		recorder: written{d.Recorder}, directory: d.Directory, people: d.People, counters: d.Counters,
		leases: d.Leases, approvals: d.Approvals, orders: d.Orders, pauseFor: d.PauseFor, now: d.Now, log: d.Log,
	}}
	used, sealed := &usage{b.core}, &sealings{b.core}
	b.Visits = &Visits{core: b.core, usage: used}
	in := base{core: b.core, visits: b.Visits}
	b.Policy = &Policy{in}
	b.Pending = &Pending{in}
	b.Consent = &Consent{base: in, policy: b.Policy, pending: b.Pending}
	b.Asking = &Asking{base: in, policy: b.Policy, pending: b.Pending, consent: b.Consent, sealings: sealed}
	b.Voting = &Voting{base: in, pending: b.Pending}
	b.Admins = &Admins{base: in, pending: b.Pending}
	b.Revoking = &Revoking{base: in, policy: b.Policy, pending: b.Pending, admins: b.Admins}
	acts := &attempts{base: in, usage: used, revoking: b.Revoking}
	b.MFASessions = &MFASessions{base: in, usage: used, attempts: acts}
	b.Issuing = &Issuing{base: in, usage: used, consent: b.Consent, sealings: sealed, attempts: acts, mfaSessions: b.MFASessions}
	b.Holding = &Holding{base: in, consent: b.Consent, sealings: sealed, admins: b.Admins, revoking: b.Revoking}
	b.Lists = &Lists{base: in, consent: b.Consent, issuing: b.Issuing, holding: b.Holding}
	b.Keys = &Keys{base: in, usage: used, sealings: sealed, attempts: acts}
	b.Explaining = &Explaining{base: in, policy: b.Policy, consent: b.Consent, mfaSessions: b.MFASessions}
	b.Proving = &Proving{base: in, provers: d.Provers}
	b.Histories = &Histories{base: in, admins: b.Admins, past: d.Past}
	return b
}
