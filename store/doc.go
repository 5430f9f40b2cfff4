// Package store keeps in Redis whatever two replicas of the bot must agree on:
// reserved MFA codes, MFA sessions, Grants, the Credentials of the reveal window,
// Approvals, envelopes already seen, what Slack said of user groups and people,
// what is to be done later, which answers are owed and by whom, the audit record, its tree
// and who reads it. These invariants hold:
//
//   - What is secret or grants something is sealed before it leaves the process
//     and opens only under the Redis key it was stored under (seal.go).
//   - No secret and no code is part of a key's name. Codes appear only as a
//     keyed hash, since six digits can be tried out.
//   - All keys of one User share the hash tag of the Slack user ID, so that each
//     script stays in one slot of a cluster. What is about several people, or may
//     be about a stranger, has a hash tag of its own.
//   - A script that changes state answers a repeat as it answered the first
//     time, because the answer to the first may have been lost.
//   - What a release writes is read by the one before it, and what a newer one wrote is
//     refused as that, never guessed at (schema.go).
//   - No answer of Redis takes more than 16 MB, whatever stands there (answers.go).
//   - Every call ends: at ctx's deadline, or after [OpTimeout] if that is sooner.
//     An error means unknown; nothing is guessed.
//   - How long something lives is sent as a duration (PX), never as a moment:
//     the bot's clock decides how long, Redis's clock when it is over, and the
//     two need not agree. Where a moment is compared on several replicas, as in
//     Approvals, it is of Redis's clock alone.
//
// What an ACL user of a real Redis needs: keys ~assumebot:* and the commands
// hello, ping, select, evalsha, eval, script|load, get, set, mget, del,
// pttl, pexpire, zadd, zrange, zrem, zscore, zremrangebyscore, xadd, xread, time,
// xrange, xrevrange, xdel, wait, exists, getrange, hset, hdel, hlen, hmget, hstrlen,
// rename and info; on a cluster also cluster|slots, cluster|shards and command.
package store
