package event

// A Receipt says where Events stand on the record.
type Receipt struct {
	Number int64 // of the first; the others follow it
	// Late says that another Event closed the Attempt before: what this one tells of it
	// does not count.
	Late bool
}
