package broker

import (
	"log/slog"
	"time"

	"github.com/assumebot/assumebot/broker/lease"
)

// Deps is what a Broker is made of. All of it is needed.
type Deps struct {
	Config    *Config
	AWS       AWS
	Codes     Codes
	Sessions  Sessions
	Grants    Grants
	Listings  Listings
	Keys      SealedKeys
	ParseKey  func(text string) (PublicKey, error) // what can be encrypted to, canonical
	Recorder  Recorder
	Directory Directory
	People    People
	Counters  Counters
	Leases    lease.Leases // keep two replicas from writing one role's policy at once
	Approvals Approvals
	Controls  Controls
	Now       func() time.Time
	Log       *slog.Logger
}

// A Broker answers Requests. It is safe for concurrent use.
type Broker struct {
	config     *Config
	names      names // in config
	aws        AWS
	codes      Codes
	sessions   Sessions
	grants     Grants
	listings   Listings
	sealedKeys SealedKeys
	parseKey   func(text string) (PublicKey, error)
	recorder   Recorder
	directory  Directory
	people     People
	counters   Counters
	leases     lease.Leases
	approvals  Approvals
	controls   Controls
	now        func() time.Time
	log        *slog.Logger
	folds      fold
	denials    denials
}

// New returns a Broker; it does no work.
func New(d Deps) *Broker {
	return &Broker{
		config: d.Config, names: d.Config.names(), aws: d.AWS, codes: d.Codes, sessions: d.Sessions, grants: d.Grants, listings: d.Listings,
		sealedKeys: d.Keys, parseKey: d.ParseKey,
		recorder: d.Recorder, directory: d.Directory, people: d.People, counters: d.Counters, leases: d.Leases, approvals: d.Approvals,
		controls: d.Controls, now: d.Now, log: d.Log,
	}
}
