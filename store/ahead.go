package store

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/patience"
)

// Each question to Redis is in two steps: what is sent, and how the answer is read. So
// several can share one trip, and whoever asks one of them later finds it answered
// (package ahead). A question that could not be sent, or a script that Redis has
// forgotten, is asked anew by itself.

// An answer reads what Redis answered, once it has.
type answer[T any] func() (T, error)

// A pair is an answer of two values.
type pair[A, B any] struct {
	first  A
	second B
}

// ask returns the answer that is there already, or sends the question alone.
func ask[T any](ctx context.Context, s *core, question string, send func(context.Context, redis.Pipeliner) (answer[T], error)) (T, error) {
	if read, ok := ahead.Take[answer[T]](ctx, question); ok {
		if got, err := read(); !redis.HasErrorPrefix(err, "NOSCRIPT") {
			return got, err
		}
	}
	return askNow(ctx, s, send)
}

// askNow sends a question alone.
func askNow[T any](ctx context.Context, s *core, send func(context.Context, redis.Pipeliner) (answer[T], error)) (T, error) {
	return askBy(ctx, s, func(ctx context.Context, p redis.Pipeliner) {
		_, _ = p.Exec(ctx) // each command has its own error
	}, send)
}

// askChore sends a question that is asked every so often, with others that are at the same
// moment. On a cluster it goes alone: a node that is away would hold up what others have.
func askChore[T any](ctx context.Context, s *core, send func(context.Context, redis.Pipeliner) (answer[T], error)) (T, error) {
	if _, cluster := s.first.(*redis.ClusterClient); cluster {
		return askNow(patience.First(ctx), s, send)
	}
	return askBy(patience.First(ctx), s, func(ctx context.Context, p redis.Pipeliner) { s.chores.send(ctx, p.Cmds()) }, send)
}

// askBy makes a trip for a question, and another once the scripts are there again.
func askBy[T any](
	ctx context.Context, s *core, trip func(context.Context, redis.Pipeliner), send func(context.Context, redis.Pipeliner) (answer[T], error),
) (T, error) {
	ctx, cancel := s.bound(ctx)
	defer cancel()
	once := func() (got T, err error) {
		p := s.lane(ctx).Pipeline()
		read, err := send(ctx, p)
		if err != nil {
			return got, err
		}
		trip(ctx, p)
		return read()
	}
	got, err := once()
	if redis.HasErrorPrefix(err, "NOSCRIPT") {
		if err := s.loadScripts(ctx); err != nil {
			return got, err
		}
		return once()
	}
	return got, err
}

// Ahead asks for a Visit what it will ask one after the other.
type Ahead struct{ *core }

var _ ahead.Store = Ahead{}

// Ask implements [ahead.Store]. One round trip, which others may share; on a cluster one to
// each of several nodes, at the same time.
func (s Ahead) Ask(ctx context.Context, q ahead.Questions) {
	if !ahead.Kept(ctx) {
		return
	}
	bounded, cancel := s.bound(ctx)
	defer cancel()
	p := s.rdb.Pipeline()
	if len(q.Seen) > 0 {
		keep(ctx, seenQuestion(q.Seen), p, Counters(s).sendFirstSight(q.Seen))
	}
	for _, r := range q.Rates {
		keep(ctx, rateQuestion(r), p, Counters(s).sendRate(r))
	}
	if q.Orders {
		keep(ctx, ordersQuestion(q.User), p, Orders(s).send(q.User))
	}
	if q.LockOut {
		keep(ctx, lockQuestion(q.User), p, Counters(s).sendLocked(q.User))
	}
	if q.Key {
		keep(ctx, keyQuestion(q.User), p, SealedKeys(s).send(q.User))
	}
	if q.Format {
		keep(ctx, formatQuestion(q.User), p, Preferences(s).sendLast(q.User))
		keep(ctx, homeQuestion(q.User), p, Preferences(s).sendHome(q.User))
	}
	if q.Owed != nil {
		keep(ctx, owedQuestion(q.Owed.ID), p, Ledger(s).sendOwe(*q.Owed))
	}
	if q.Claim != nil {
		keep(ctx, claimQuestion(*q.Claim), p, Codes(s).sendReserve(*q.Claim))
	}
	s.shared.send(bounded, p.Cmds())
}

// keep queues a question on p, and keeps how its answer is read.
func keep[T any](ctx context.Context, question string, p redis.Pipeliner, send func(context.Context, redis.Pipeliner) (answer[T], error)) {
	if read, err := send(ctx, p); err == nil {
		ahead.Keep(ctx, question, read)
	}
}

func about(what string, of ...string) string { return what + "\x00" + strings.Join(of, "\x00") }

func seenQuestion(ids []string) string  { return about("seen", ids...) }
func rateQuestion(r ahead.Rate) string  { return about("rate", r.Name, r.RequestID) }
func ordersQuestion(user string) string { return about("orders", user) }
func lockQuestion(user string) string   { return about("lock-out", user) }
func cleanQuestion(user string) string  { return about("no wrong codes", user) }
func keyQuestion(user string) string    { return about("key", user) }
func formatQuestion(user string) string { return about("format", user) }
func homeQuestion(user string) string   { return about("home", user) }
func owedQuestion(id string) string     { return about("owed", id) }
func claimQuestion(c ahead.Claim) string {
	return about("claim", c.User, c.Serial, c.RequestID)
}
