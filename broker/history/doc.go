// Package history finds Events on the record, the newest first, with bounds on what one
// look reads. It knows what Events tell and not how the record is kept.
package history
