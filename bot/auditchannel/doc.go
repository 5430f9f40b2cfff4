// Package auditchannel is the Record as posts: a Follower that tells one Slack
// channel of every Event, from one replica at a time, as fast as Slack takes posts.
//
// There are two positions: alarms overtake what else waits, and each keeps its order.
// Where more waits than can be posted one by one, a post has a line for each of many.
// What one person repeats is counted and told once a minute.
//
// It posts at least once: a replica that dies while it posts leaves the next one to
// post that again, and that post says so.
package auditchannel
