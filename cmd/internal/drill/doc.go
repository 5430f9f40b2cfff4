// Package drill rehearses with an installation what it must do when things go wrong, and
// signs a report of what it did.
//
// It runs one more replica of the bot, with the bot's own config, Redis and AWS, real or
// fake. Between that replica and Slack stands a door on loopback ([door]): what the replica
// asks of Slack's Web API is passed on, but its socket ends at the drill, which types what a
// person would and reads the private answers. So every request takes the whole way from
// envelope to reply, and nobody in Slack sees it. What happened is judged by the record and
// by AWS, never by the words of a reply.
//
// These hold:
//
//   - Nothing is done before the drill is on the record and told in the audit channel.
//   - What is imposed is put on a list first, and taken back in every case, within a time of
//     its own; what could not be is said, on the record too.
//   - Where it is killed before, all ends by itself: its pause has an end, and takes no admin's place.
//   - Only the drill's own line to Redis is cut.
//   - No credential and no code is in the report, in an error or in what is printed.
package drill
