// Package state is what the Events of the record, read one after another, say about now:
// which Attempts are open, and what restricts.
package state
