package watch

import "time"

// A State is how one replica is, as it sees it.
type State struct {
	Connected bool // Slack said hello on a socket
	Draining  bool // it was told to stop
	Paused    bool // by an admin

	Sockets int // that are open
	Counted int // that Slack counted for the app in the newest hello, of all replicas; ghosts too
	Working int // Visits that have their turn
	Waiting int // Visits that wait for it
	Due     int // tasks that were put off, are due and not done yet

	StoreTook time.Duration // a round trip to the store
	StoreErr  error         // why it does not answer; what is asked of it is unknown then

	Record Record
	// Readers are those that read the record in order, by name: the audit channel, the archive.
	Readers []Reader
	Leases  []string // that this replica holds
	Keys    []Key    // access keys of Users whose age this replica has looked up
	// SealKeys is how it stands with the file of the seal keys; nil where they are in none.
	SealKeys *SealKeys
	// NotReplaced counts, of each code, how often this replica could not go on with the rotation of an access key.
	NotReplaced []Count
}

// A Count is how often something happened since the start.
type Count struct {
	Code  string // one of a few that stand in the program
	Times int
}

// A SealKeys is how it stands with the file of the seal keys, which is read again when it changes.
type SealKeys struct {
	Read    time.Time // when the keys that the replica goes by were read
	Refused bool      // the file says something else by now, which is not used
}

// A Key is the access key of a User.
type Key struct {
	User    string // the User's name
	Created time.Time
}

// A Record is the record as this replica has read it.
type Record struct {
	Entries  int64
	Signed   int64         // entries that the newest checkpoint covers
	SignedAt time.Time     // when this replica saw that it was signed; zero: not since the start
	Unsigned time.Duration // for how long entries wait and none was signed; 0: none waits
	Stopped  bool          // it does not check out, so nothing is issued
}

// A Reader is somebody who reads the record in order.
type Reader struct {
	Name string
	Next int64 // number of the first entry that it does not have
}

// Names of Readers.
const (
	ReaderAudit   = "audit_channel"
	ReaderArchive = "archive"
)

// Lag is how many entries r has not of those that there are.
func (r Reader) Lag(entries int64) int64 { return max(entries-r.Next, 0) }
