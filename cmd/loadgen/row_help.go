package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// A ratio is of the bot to a bare loop. They take turns, since the machine may be
// slower from one second to the next: it is the median of the turns' ratios.
type ratio struct{ bot, bare []float64 }

func (r *ratio) add(bot, bare float64) { r.bot, r.bare = append(r.bot, bot), append(r.bare, bare) }

func (r *ratio) value() float64 {
	each := make([]float64, len(r.bot))
	for i := range each {
		each[i] = r.bot[i] / r.bare[i]
	}
	return median(each)
}

// note says what it was made from.
func (r *ratio) note(unit string) string {
	return fmt.Sprintf("%s of %s%s, in %d turns", number(median(r.bot)), number(median(r.bare)), unit, len(r.bot))
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}

// turns is how often the bot and a bare loop take turns.
const turns = 5

// A pair is the bot and bare loops: one acknowledges, one posts what the bot answered as
// well, and one writes to Redis before that, once.
type pair struct {
	bot, acks, posts, sees load.Crowd
}

func startPair(ctx context.Context, l *lab.Lab, text string) (p pair, err error) {
	p.bot = typing(l, "/assume", text)
	p.bot.AtOnce(ctx, 10, 100, load.Answered) // connections are up after it
	types := p.bot.Types
	acks, err := l.StartYard(ctx, nil)
	if err != nil {
		return p, err
	}
	posts, err := l.StartYard(ctx, l.Slack.LastAnswer())
	if err != nil {
		return p, err
	}
	sees, err := l.StartSeeingYard(ctx, l.Slack.LastAnswer())
	if err != nil {
		return p, err
	}
	p.acks = load.Crowd{Slack: acks.Slack, Types: types, Silent: true}
	p.posts = load.Crowd{Slack: posts.Slack, Types: types}
	p.sees = load.Crowd{Slack: sees.Slack, Types: types}
	p.acks.AtOnce(ctx, 10, 100, load.Acknowledged)
	p.posts.AtOnce(ctx, 10, 100, load.Answered)
	p.sees.AtOnce(ctx, 10, 100, load.Answered)
	return p, nil
}

// compare lets people type at once: at the bot and at a bare loop in turn.
func (p pair) compare(ctx context.Context, people, count int) (acked, answered, seen ratio) {
	for range turns {
		mine := load.Of(p.bot.AtOnce(ctx, people, count, load.Acknowledged))
		bare := load.Of(p.acks.AtOnce(ctx, people, count, load.Acknowledged))
		acked.add(mine.AckRate, bare.AckRate)
		mine = load.Of(p.bot.AtOnce(ctx, people, count, load.Answered))
		bare = load.Of(p.posts.AtOnce(ctx, people, count, load.Answered))
		answered.add(mine.AnswerRate, bare.AnswerRate)
		bare = load.Of(p.sees.AtOnce(ctx, people, count, load.Answered))
		seen.add(mine.AnswerRate, bare.AnswerRate)
		for _, s := range []*fakeslack.Server{p.bot.Slack, p.acks.Slack, p.posts.Slack, p.sees.Slack} {
			s.Forget()
		}
	}
	return acked, answered, seen
}

func measureHelp(ctx context.Context, b *bench) (figures []Figure, err error) {
	for _, size := range []struct{ users, accounts int }{{100, 10}, {2000, 100}} {
		l, err := b.start(ctx, lab.Options{Users: size.users, Accounts: size.accounts})
		if err != nil {
			return figures, err
		}
		p, err := startPair(ctx, l, "help")
		if err != nil {
			l.Close()
			return figures, err
		}
		for _, people := range []int{50, 1} {
			acked, answered, seen := p.compare(ctx, people, 300+14*people)
			where := fmt.Sprintf("%d at once, %d users × %d accounts: ", people, size.users, size.accounts)
			figures = append(figures,
				Figure{Name: where + "acknowledged", Value: acked.value(), Unit: "×", Is: atLeast, Goal: 1, Note: acked.note("/s")},
				Figure{Name: where + "answered", Value: answered.value(), Unit: "×", Is: atLeast, Goal: 0.8, Note: answered.note("/s")},
				Figure{Name: where + "answered, of a loop that writes to Redis once", Value: seen.value(), Unit: "×", Note: seen.note("/s")})
		}
		l.Close()
	}
	return figures, ctx.Err()
}
