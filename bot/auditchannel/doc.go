// Package auditchannel is the Record as posts: a Follower that tells one Slack
// channel of every Event, in order, from one replica at a time.
//
// It posts at least once: a replica that dies between a post and its cursor leaves
// the next one to post that Event again. What one person repeats is counted and
// told once a minute; what was issued, and what somebody did to another, is told
// one by one.
package auditchannel
