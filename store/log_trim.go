package store

import (
	"context"
	"fmt"

	"github.com/assumebot/assumebot/broker/record/entry"
)

// trimAtOnce is how many entries one script removes, so that Redis is not held up.
const trimAtOnce = 256

// Trim implements [record.Checkpoints]; after an error some of them are gone. One round
// trip for each 256 entries.
func (s Checkpoints) Trim(ctx context.Context, before int64) error {
	for {
		n, err := s.trimSome(ctx, before)
		if err != nil {
			return fmt.Errorf("trim the record: %w", err)
		}
		if n < trimAtOnce {
			return nil
		}
	}
}

func (s Checkpoints) trimSome(ctx context.Context, before int64) (int64, error) {
	if before < 0 || before >= maxNumber {
		return 0, fmt.Errorf("before the entry %d", before)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	return s.scripts.trimLog.Run(ctx, s.rdb, []string{s.names.entries, s.names.asides}, before, entry.Window, trimAtOnce).Int64()
}

// KEYS: entries, asides. ARGV: the number to keep from, Window, how many to remove at
// most. It answers how many were removed. Not XTRIM: the asides go by their numbers, and
// MINID needs Redis 6.2.
const trimLogScript = `
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not newest then return 0 end
local before = math.min(tonumber(ARGV[1]), tonumber(string.match(newest[1], '^%d+')) - tonumber(ARGV[2]))
if before <= 0 then return 0 end
local old = redis.call('XRANGE', KEYS[1], '-', string.format('%.0f-18446744073709551615', before), 'COUNT', ARGV[3])
for _, entry in ipairs(old) do
  redis.call('XDEL', KEYS[1], entry[1])
  redis.call('HDEL', KEYS[2], string.format('%.0f', tonumber(string.match(entry[1], '^%d+')) - 1))
end
return #old`
