package store

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// scripts are loaded when the store opens and run by their hash. After a
// fail-over that lost them go-redis sends the text again, one more round trip.
type scripts struct {
	reserve, release, settle, save, hold, move, due, replaceDue, asideDue, swap, session, copied, known, wrong, ask, decide, rate, end *redis.Script

	all []*redis.Script
}

func newScripts() scripts {
	var s scripts
	add := func(text string) *redis.Script {
		s.all = append(s.all, redis.NewScript(text))
		return s.all[len(s.all)-1]
	}
	s.reserve = add(reserveScript)
	s.release = add(releaseScript)
	s.settle = add(settleScript)
	s.save = add(saveScript)
	s.hold = add(holdScript)
	s.move = add(moveScript)
	s.due = add(dueScript)
	s.replaceDue = add(replaceDueScript)
	s.asideDue = add(asideDueScript)
	s.swap = add(swapScript)
	s.session = add(sessionScript)
	s.copied = add(copiedScript)
	s.known = add(knownScript)
	s.wrong = add(wrongScript)
	s.ask = add(askScript)
	s.decide = add(decideScript)
	s.rate = add(rateScript)
	s.end = add(endScript)
	return s
}

func (s scripts) load(ctx context.Context, rdb redis.UniversalClient) error {
	for _, script := range s.all {
		if err := script.Load(ctx, rdb).Err(); err != nil {
			return fmt.Errorf("load script: %w", err)
		}
	}
	return nil
}

// KEYS: any. ARGV: holder. Drops each key that the holder holds.
const releaseScript = `
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
end
return 1`
