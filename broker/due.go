package broker

import "time"

// A DueEntry is something that is to be done later, as it was read from a list of
// such things.
type DueEntry struct {
	ID    string    // within its list; the same for as long as it is there
	At    time.Time // when it is due
	Tries int       // how often it was taken and nobody said what became of it
	Text  []byte
	Kept  []byte // as it is kept: what is compared when it is taken or replaced
	// Broken says why it cannot be read; "" when it can. There is no Text then, and
	// nobody may act by it.
	Broken string
}
