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
}

func newScripts() scripts {
	return scripts{
		reserve:    redis.NewScript(reserveScript),
		release:    redis.NewScript(releaseScript),
		settle:     redis.NewScript(settleScript),
		save:       redis.NewScript(saveScript),
		hold:       redis.NewScript(holdScript),
		move:       redis.NewScript(moveScript),
		due:        redis.NewScript(dueScript),
		replaceDue: redis.NewScript(replaceDueScript),
		asideDue:   redis.NewScript(asideDueScript),
		swap:       redis.NewScript(swapScript),
		session:    redis.NewScript(sessionScript),
		copied:     redis.NewScript(copiedScript),
		known:      redis.NewScript(knownScript),
		wrong:      redis.NewScript(wrongScript),
		ask:        redis.NewScript(askScript),
		decide:     redis.NewScript(decideScript),
		rate:       redis.NewScript(rateScript),
		end:        redis.NewScript(endScript),
	}
}

func (s scripts) load(ctx context.Context, rdb redis.UniversalClient) error {
	for _, script := range []*redis.Script{
		s.reserve, s.release, s.settle, s.save, s.hold, s.move, s.due, s.replaceDue, s.asideDue, s.swap, s.session, s.copied, s.known, s.wrong, s.ask, s.decide, s.rate, s.end,
	} {
		if err := script.Load(ctx, rdb).Err(); err != nil {
			return fmt.Errorf("load script: %w", err)
		}
	}
	return nil
}

// KEYS: the code's hash under each key of the ring. ARGV: request ID, TTL in ms.
// All keys are looked at before any is set, so a conflict leaves nothing behind.
// NX keeps a repeat from lengthening its own claim.
const reserveScript = `
for _, key in ipairs(KEYS) do
  local holder = redis.call('GET', key)
  if holder and holder ~= ARGV[1] then return 0 end
end
for _, key in ipairs(KEYS) do
  redis.call('SET', key, ARGV[1], 'NX', 'PX', ARGV[2])
end
return 1`

// KEYS: any. ARGV: holder. Drops each key that the holder holds.
const releaseScript = `
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then redis.call('DEL', key) end
end
return 1`

// KEYS: the code's hash under each key of the ring. ARGV: the claim, what takes
// its place for as long as it still had to live. A repeat finds it replaced.
const settleScript = `
for _, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then redis.call('SET', key, ARGV[2], 'KEEPTTL') end
end
return 1`

// KEYS: index, grant, credentials. ARGV: grant ID, its expiry and the expiry to
// prune up to (both Unix ms), grant, its TTL, sealed credentials or "", their TTL
// (ms). The index comes first: it alone can fail, on a key of another type, and
// nothing else is written then.
const saveScript = `
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[5]) then redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
if ARGV[6] ~= '' then redis.call('SET', KEYS[3], ARGV[6], 'PX', ARGV[7]) end
return 1`

// KEYS: lease, turn. ARGV: holder, TTL in ms. The turn is a number and whose it is,
// and stays when the lease ends. It answers the number; 0 when another holds the
// lease.
const holdScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
local n, whose = string.match(redis.call('GET', KEYS[2]) or '', '^(%d+) (.*)$')
n = tonumber(n) or 0
if whose ~= ARGV[1] or n < 1 then
  n = n < 9007199254740991 and n + 1 or 1
  redis.call('SET', KEYS[2], string.format('%.0f %s', n, ARGV[1]))
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return n`

// KEYS: turn, cursor. ARGV: the turn as holdScript keeps it, the state that its
// holder loaded or saved last, the state to keep. A lease that ran out is no
// hindrance while nobody else has had a turn; a repeat is answered as the first time.
const moveScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local kept = redis.call('GET', KEYS[2]) or ''
if kept ~= ARGV[2] and kept ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[2], ARGV[3])
return 1`

// KEYS: any. ARGV: the value that is there, the one to take its place for good.
const swapScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`

// KEYS: MFA session, when its user last ended one. ARGV: the sealed session, TTL
// in ms, when it was asked for in ms.
const sessionScript = `
local ended = redis.call('GET', KEYS[2])
if ended and tonumber(ended) > tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`

// KEYS: the Requests with wrong codes, lock-out, the last one's length. ARGV:
// request ID, how many lock, how long they count from the first on, the first
// lock-out, the longest, how long its length is remembered (all ms). It answers
// how long it locks, how many more lock, and for how long those would. The lock
// holds the Request that brought it, so that a repeat is answered as the first
// time; a repeat of one before it is answered by its place.
const wrongScript = `
if redis.call('GET', KEYS[2]) == ARGV[1] then return {redis.call('PTTL', KEYS[2]), 0, 0} end
local lock = math.min(math.max(2 * (tonumber(redis.call('GET', KEYS[3]) or 0) or 0), tonumber(ARGV[4])), tonumber(ARGV[5]))
local wrong, n, limit = redis.call('GET', KEYS[1]) or '', 1, tonumber(ARGV[2])
for id in string.gmatch(wrong, '%S+') do
  if id == ARGV[1] then return {0, limit - n, lock} end
  n = n + 1
end
if n == 1 and limit > 1 then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
  return {0, limit - n, lock}
elseif n < limit then
  redis.call('SET', KEYS[1], wrong .. ' ' .. ARGV[1], 'KEEPTTL')
  return {0, limit - n, lock}
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', lock)
redis.call('SET', KEYS[3], lock, 'PX', ARGV[6])
redis.call('DEL', KEYS[1])
return {lock, 0, 0}`

// KEYS: index, approval. ARGV: its ID, when it ends and the end to prune up to
// (both Unix ms), the sealed approval, its TTL in ms. Returns what is there then:
// who asks opens it to see whose it is, since no two sealings are alike.
const askScript = `
local kept = redis.call('GET', KEYS[2])
if kept then return kept end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[5]) then redis.call('PEXPIRE', KEYS[1], ARGV[5]) end
redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5])
return ARGV[4]`

// KEYS: approval. ARGV: what is there, what takes its place for as long as it
// still had to live. Returns what is there then, as askScript does.
const decideScript = `
local kept = redis.call('GET', KEYS[1])
if kept ~= ARGV[1] then return kept end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return ARGV[2]`

// KEYS: the Requests that were taken, the first that was not. ARGV: request ID,
// how many are taken within a time, that time in ms. By the server's own clock
// in µs. It answers whether the Request is taken, how long until one would be,
// and whether it is the first that is not. The one that is limit places from the
// end stands in the way as long as it is there. A clock that was set back keeps
// nothing beyond the keys' TTL.
const rateScript = `
local now = redis.call('TIME')
now = tonumber(now[1]) * 1000000 + tonumber(now[2])
local per = tonumber(ARGV[3]) * 1000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - per))
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return {1, 0, 0} end
local oldest = redis.call('ZRANGE', KEYS[1], '-' .. ARGV[2], '-' .. ARGV[2], 'WITHSCORES')
if #oldest == 0 then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return {1, 0, 0}
end
redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[3])
local first = redis.call('GET', KEYS[2]) == ARGV[1] and 1 or 0
return {0, tonumber(oldest[2]) + per - now, first}`
