// Package directory knows people and user groups as Slack tells of them. All
// replicas share one answer, at most a minute old, and an event of Slack's has it
// asked anew. Changes of the groups that the config names go on the record.
package directory
