// Package weekly posts a summary of the record to the audit channel once a week, from one
// replica at a time.
//
// Entries are counted as they come, so that the record need not be kept for a week, and each is
// counted once: the counts and the number of the next entry are one value in the store. They
// are bounded, whatever people type.
//
// That a summary is under way is noted in the store before it is posted, with what it says.
// Whoever finds the note does not know whether Slack has it, so posts it again and says so. When
// a week is over says the store's clock alone, not that of a replica.
package weekly
