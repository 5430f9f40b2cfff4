package directory

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/lease"
)

// What is asked of Slack.
const (
	methodGroups = "usergroups.list"
	methodPerson = "users.info"
	methodPeople = "users.list"
)

// olderWithin is how old at most an answer is that is gone by while Slack gives none.
const olderWithin = time.Hour

// Copies keep what Slack said for all replicas. An error means unknown.
type Copies interface {
	// LoadCopy returns a copy whose age is over for no longer than older, and what is left
	// of its age, 0 or less when that is over; nil when there is none.
	LoadCopy(ctx context.Context, name string, older time.Duration) (plain []byte, left time.Duration, err error)
	// BeginCopy notes, before Slack is asked, that what it says may be kept for
	// age from now, under a token that is used once.
	BeginCopy(ctx context.Context, name, token string, age time.Duration) error
	// SaveCopy keeps a copy for what is left of that age, given again, and for older after
	// that; false when DropCopy or another BeginCopy came between.
	SaveCopy(ctx context.Context, name, token string, plain []byte, age, older time.Duration) (bool, error)
	// DropCopy forgets the copy, for all replicas, and those that are begun. Then it gives
	// the name another version.
	DropCopy(ctx context.Context, name string) error
	// CopyNews returns the version of each name, and for how long each of methods is left alone.
	CopyNews(ctx context.Context, methods ...string) (version func(name string) string, away map[string]time.Duration, err error)
	// StayAway has all replicas leave a method alone for a time.
	StayAway(ctx context.Context, method string, length time.Duration) error
	// LoadKnown returns what was compared last, by name, and what SwapKnown takes as
	// what it replaces; nil when there is none.
	LoadKnown(ctx context.Context, name string) (plain, sealed []byte, err error)
	// SwapKnown replaces it atomically; false when another did before.
	SwapKnown(ctx context.Context, name string, sealed, plain []byte) (bool, error)
}

// Deps is what a Directory is made of. All of it is needed.
type Deps struct {
	API      *slack.Client
	Copies   Copies
	Leases   lease.Leases
	Recorder broker.Recorder
	Named    func() []string        // IDs of the user groups whose changes are recorded
	Known    func(user string) bool // whether the bot may be asked about a person
	Now      func() time.Time
	Log      *slog.Logger
}

// A Directory is what one replica knows of people and user groups.
type Directory struct {
	Groups *Groups
	People *People
	Events *Events
}

// New returns a Directory; it asks nobody yet.
func New(d Deps) *Directory {
	d.Copies, d.Leases = namedCopies{d.Copies}, namedLeases{d.Leases}
	n := newNews(d.Copies, d.Now, d.Log)
	return &Directory{Groups: newGroups(d, n), People: newPeople(d, n), Events: &Events{news: n, log: d.Log}}
}

// A Directory goes by what Slack said up to an hour ago while Slack says nothing: it
// wants to be left alone, fails, or does not answer. That gives nobody more than they
// had, and what Slack told of meanwhile ends it. It does not go by it when Slack refuses,
// or the store fails.

// unanswered reports whether err is of a Slack that gave no answer.
func unanswered(err error) bool {
	return !errors.Is(err, broker.ErrStore) && !webapi.RefusedForGood(err)
}

// retryAfter is how long Slack wants to be left alone, if err says so.
func retryAfter(err error) (time.Duration, bool) {
	var (
		limited *slack.RateLimitedError
		away    *awayError
	)
	switch {
	case errors.As(err, &limited):
		return max(limited.RetryAfter, time.Second), true
	case errors.As(err, &away):
		return away.wait, true
	}
	return 0, false
}
