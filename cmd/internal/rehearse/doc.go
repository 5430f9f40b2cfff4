// Package rehearse says what policy would say: of cases, which are requests with the
// answers that are expected, and of one request, with the reasons. It asks the same
// policy as the bot, of a config file alone: no Slack, no Redis, no AWS.
//
// A file of cases is a txtar archive:
//
//	# What is before the first section is a comment.
//	-- config.yaml --
//	the config; the files that it names are sections too
//	-- groups --
//	S01ONCALL: alice U02BOB
//	-- people --
//	U07GUEST: guest
//	-- requests --
//	alice prod for 2h because INC-1 at 2026-01-05T10:00Z in C0OPS => allow S01ONCALL
//
// Without config.yaml the cases are of a config file that exists. Without people
// everybody is a full member of the workspace. groups may be the one word unknown: then
// Slack cannot say who is in which. [File.Run] asks; [Outcome] is what an answer looks like.
package rehearse
