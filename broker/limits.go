package broker

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/ahead"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

// limitWindow is what the Limits are counted within.
const limitWindow = time.Minute

// Enter counts a Request of whoever speaks, a stranger too, before anything else
// is looked at. The first that is too many within a minute is on the record; the
// others are not, so that nobody fills it.
func (b *Visits) Enter(ctx context.Context, r Request) error {
	_, err := visit(ctx, b, r, way{steps: []step{b.withinRate}}, nothing)
	if err == nil {
		return nil
	}
	if stranger := b.notStranger(ctx, &r); stranger != nil {
		return stranger
	}
	return err
}

func nothing(context.Context, *Request) (struct{}, error) { return struct{}{}, nil }

// Ask asks the store ahead for what a Visit of user will ask it, in one trip. It is known
// by seen; r is the Request that Enter will count.
func (b *Visits) Ask(ctx context.Context, r Request, seen []string, more ahead.Questions) {
	more.User, more.Seen = r.Caller.User, seen
	if limit := b.config.Limits.Requests; limit != 0 {
		more.Rates = append(more.Rates, requestsOf(r, limit))
	}
	b.ahead.Ask(ctx, more)
}

func requestsOf(r Request, limit int) ahead.Rate {
	return ahead.Rate{Name: "requests:" + r.Caller.User, RequestID: r.ID, Limit: limit, Per: limitWindow}
}

// withinRate is the step of who has not asked for too much within a minute.
func (b *Visits) withinRate(ctx context.Context, r *Request) error {
	limit := b.config.Limits.Requests
	if limit == 0 {
		return nil
	}
	q := requestsOf(*r, limit)
	rate, err := b.counters.TakeRate(ctx, q.Name, q.RequestID, q.Limit, q.Per)
	switch {
	case err != nil:
		return onRecord(storeCannotSay(err, "rate", "how much you have asked for lately")) // the record is in that store
	case rate.Taken:
		return nil
	}
	many := tooMany(CodeTooMany, "You are asking for too much at once.", rate.Wait, prose.Say("Nothing was done."))
	if !rate.First {
		return onRecord(many)
	}
	return many
}

// takeCalls counts calls to STS for the Account, before their code counts as claimed.
func (b *usage) takeCalls(ctx context.Context, r Request, account policy.Account, p Plan) error {
	for _, q := range b.callsOf(r, account, p) {
		rate, err := b.counters.TakeRate(ctx, q.Name, q.RequestID, q.Limit, q.Per)
		switch {
		case err != nil:
			return storeCannotSay(err, "rate", "how often AWS was asked for "+account.Name+" lately")
		case !rate.Taken:
			return tooMany(CodeAccountBusy, "Too much is being asked for "+account.Name+" right now, by all people together.", rate.Wait, nil)
		}
	}
	return nil
}

func (b *usage) callsOf(r Request, account policy.Account, p Plan) []ahead.Rate {
	limit := b.config.Limits.STSCalls
	if limit == 0 {
		return nil
	}
	calls := []ahead.Rate{{Name: "sts:" + account.Name, RequestID: r.ID, Limit: limit, Per: limitWindow}}
	if p.Begins { // GetSessionToken, then AssumeRole
		calls = append(calls, calls[0])
		calls[1].RequestID += ":session"
	}
	return calls
}
