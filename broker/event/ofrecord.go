package event

import (
	"encoding/base64"
	"unicode/utf8"
)

// What the record says about itself.

// UnknownData closes an intent whose outcome nobody recorded in time: its process ended,
// perhaps. Credentials may exist.
type UnknownData struct {
	Act          // of the intent
	Intent int64 `json:"intent"` // number of the entry that it is in
}

// NotActedData closes an intent of which its writer did not know whether it is on the
// record, so that AWS was not asked.
type NotActedData struct{ Act }

// InterruptedData is that the process which served a Request has died, or stood still for so
// long that it counts as dead, and that another one tells whoever asked. What the Request
// begins after it is not done.
type InterruptedData struct {
	Account string `json:"account,omitempty" max:"63"` // that was asked for; absent: none was named
}

// RestatedData repeats all that restricts as of an entry, so that whoever reads from there
// on needs nothing that is older.
type RestatedData struct {
	Piece
	Since    int64             `json:"since"`               // number of that entry
	Pause    *RestatedOrder    `json:"pause,omitempty"`     // that stands
	Blocks   []RestatedOrder   `json:"blocks,omitempty"`    // that stand
	LockOuts []RestatedLockOut `json:"lock_outs,omitempty"` // that run
	Keys     []RestatedKey     `json:"keys,omitempty"`      // that are registered
	Ended    []RestatedEnd     `json:"ended,omitempty"`     // what was ended, and would still run otherwise
	Taken    []RestatedTaken   `json:"taken,omitempty"`     // what was taken from people, and would still run otherwise

	Import *RestatedImport `json:"import,omitempty"` // of the record before version 1; absent: nothing of it was imported
}

// RestatedImport is how far the record before version 1 is imported.
type RestatedImport struct {
	Position string `json:"position,omitempty" max:"64"` // where the last entry stood that was imported; absent: none was
	Began    Time   `json:"began,omitzero"`              // the time of the Event with the first
	Left     bool   `json:"left,omitempty"`              // not all of it is imported
	Over     bool   `json:"over,omitempty"`              // nothing more of it is imported
}

// RestatedOrder is a block or the pause.
type RestatedOrder struct {
	Entry  int64  `json:"entry"`                 // number of the entry that imposed it
	ID     string `json:"id,omitempty" max:"64"` // of the Request that did
	Target Person `json:"target,omitzero"`       // who is blocked; absent of the pause
	By     Person `json:"by"`                    // the admin
	At     Time   `json:"at"`                    // when
	Reason Text   `json:"reason,omitzero"`       // what the admin typed as reason
	Until  Time   `json:"until,omitzero"`        // of the pause: when it ends by itself; absent: only an admin ends it
}

// RestatedLockOut is one that runs.
type RestatedLockOut struct {
	Entry int64  `json:"entry"`         // number of the entry that tells of it
	User  string `json:"user" max:"32"` // Slack user ID
	Until Time   `json:"until"`         // no code of theirs goes to AWS before
}

// RestatedKey is the key that somebody's credentials are encrypted to.
type RestatedKey struct {
	Entry int64  `json:"entry"`                   // number of the entry that set or removed it
	User  string `json:"user" max:"32"`           // Slack user ID
	Key   string `json:"key,omitempty" max:"255"` // fingerprint; absent: it was removed
}

// RestatedEnd is something that was ended before its time.
type RestatedEnd struct {
	Entry int64  `json:"entry"`                    // number of the entry that ended it
	ID    string `json:"id" max:"64"`              // its ID
	What  string `json:"what" max:"32"`            // grant, mfa_session or approval
	State string `json:"state,omitempty" max:"32"` // of an Approval: used, denied, cancelled or expired
	Until Time   `json:"until"`                    // when it would have ended by itself
}

// RestatedTaken is what was taken from somebody: all that stands on the record before an entry.
type RestatedTaken struct {
	Entry int64  `json:"entry"`                   // number of that entry
	User  string `json:"user" max:"32"`           // Slack user ID
	What  string `json:"what" max:"32"`           // grant or mfa_session
	Of    string `json:"of,omitempty" max:"2048"` // of Grants: the Account or role; absent: of all
	Gone  int64  `json:"gone,omitempty"`          // Grants before this entry are forgotten; those from there on are listed until AWS refuses them
	Until Time   `json:"until"`                   // when the last of it would have ended by itself
}

// ImportedData is one entry of the record as it was before version 1. Where part 1 comes again,
// whoever imported it ended between the parts, and only the last series counts.
type ImportedData struct {
	Piece
	Position string `json:"position" max:"64"`        // where it stood; with last, where the last one stood
	Entry    Text   `json:"entry,omitzero" max:"raw"` // its bytes as they were, in as many lines as they are; absent: there were none
	Base64   bool   `json:"base64,omitempty"`         // entry is in base64, since they are not UTF-8
	Last     bool   `json:"last,omitempty"`           // there is no entry: nobody wrote to that record for an hour, or it took 7 days, so nothing more is imported
	Left     bool   `json:"left,omitempty"`           // not all of it is imported: the entry was longer than 1 MB, or, with last, that record is still in Redis
}

// NewImported is an entry of the record as it was before version 1.
func NewImported(position string, entry []byte) ImportedData {
	if !utf8.Valid(entry) {
		return ImportedData{Position: position, Entry: rawText(base64.StdEncoding.EncodeToString(entry)), Base64: true}
	}
	return ImportedData{Position: position, Entry: rawText(string(entry))}
}

// Bytes are those of the entry, or of this part of it; nil of what is not there any more
// or cannot be read.
func (p ImportedData) Bytes() []byte {
	if p.Entry.Erased() || p.Entry.Altered() {
		return nil
	}
	entry := []byte(p.Entry.String())
	if p.Base64 {
		var err error
		if entry, err = base64.StdEncoding.DecodeString(p.Entry.String()); err != nil {
			return nil
		}
	}
	return entry
}

// OpenedData begins a log.
type OpenedData struct {
	Origin string   `json:"origin" max:"255"` // of this log
	After  *Earlier `json:"after,omitempty"`  // the log that it goes on from; absent: there was none
}

// Earlier is a log that was closed, since entries of it are lost.
type Earlier struct {
	Origin     string `json:"origin" max:"255"`                // of that log
	Checkpoint string `json:"checkpoint,omitempty" max:"raw"`  // the newest one of it that is known, as it was signed
	Lost       Range  `json:"lost"`                            // what is lost of it
	AcceptedBy string `json:"accepted_by,omitempty" max:"255"` // who accepted that
}

// Range is entries that follow one another.
type Range struct {
	First int64 `json:"first"` // number of the first
	Count int64 `json:"count"` // how many; 0: none
}

// AlarmData is something about the record itself that somebody has to look at.
type AlarmData struct {
	Code    string `json:"code" max:"64"`             // what was noticed
	About   string `json:"about,omitempty" max:"255"` // the name of the Sink, Witness or replica that it is about
	Entries *Range `json:"entries,omitempty"`         // which entries; absent: none
	Size    int64  `json:"size,omitempty"`            // of a tree that somebody else has
	Root    string `json:"root,omitempty" max:"64"`   // and its root, in base64
}

// ForgottenData is that an operator is about to have the free text of an entry erased.
type ForgottenData struct {
	Entry int64  `json:"entry"`                  // number of the entry
	By    string `json:"by,omitempty" max:"255"` // who had it erased
}

// Kind implements Payload.
func (ForgottenData) Kind() Kind { return Forgotten }

// Kind implements Payload.
func (UnknownData) Kind() Kind { return Unknown }

// Kind implements Payload.
func (NotActedData) Kind() Kind { return NotActed }

// Kind implements Payload.
func (InterruptedData) Kind() Kind { return Interrupted }

// Kind implements Payload.
func (RestatedData) Kind() Kind { return Restated }

// Kind implements Payload.
func (ImportedData) Kind() Kind { return Imported }

// Kind implements Payload.
func (OpenedData) Kind() Kind { return Opened }

// Kind implements Payload.
func (AlarmData) Kind() Kind { return Alarm }
