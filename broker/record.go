package broker

// A RecordEntry is an Event with its place in the record.
type RecordEntry struct {
	Position string // opaque; ordered as the record is, and what a reader passes to go on after it
	Event    Event
	Broken   string // why the entry cannot be read; "" when it can. The Event is then zero
}
