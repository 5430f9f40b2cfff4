package event

// What people do about one another: Approvals, and the orders of admins.

// ApprovingData is that somebody is about to approve; an Event of the kind approval says
// what became of it.
type ApprovingData struct{ Asked }

// ApprovalData is that an Approval was asked for, voted on or ended.
type ApprovalData struct {
	Asked
	State string `json:"state" max:"32"` // waiting, approved, denied, cancelled or expired; that it is used says the intent that uses it
}

// AcknowledgedData is that an approver of the Account took note of a use of break-glass.
type AcknowledgedData struct{ Asked }

// BlockedData is that an admin keeps somebody from getting, seeing, approving and changing anything.
type BlockedData struct{ Order }

// UnblockedData is that an admin ends a block.
type UnblockedData struct{ Order }

// PausedData is that an admin stops everything for everybody.
type PausedData struct {
	Order
	Until Time `json:"until,omitzero"` // when it ends by itself; absent: only an admin ends it. It replaces no pause without an end, or with a later one
}

// ResumedData is that an admin ends the pause.
type ResumedData struct{ Order }

// UnlockedData is that an admin ends somebody's lock-out and has their wrong codes forgotten.
type UnlockedData struct{ Order }

// WhoData is that an admin is about to see everybody's live Grants.
type WhoData struct {
	Reason Text `json:"reason,omitzero"` // what the admin typed as reason
}

// StatusData is that an admin is about to see how the bot does.
type StatusData struct{}

// HistoryData is that an admin is about to see what others did, from this record. What
// somebody sees of their own is not told.
type HistoryData struct {
	Target  Person `json:"target,omitzero"`            // whose; absent: everybody's
	Account string `json:"account,omitempty" max:"63"` // of which account; absent: of all
	What    string `json:"what,omitempty" max:"32"`    // granted, refused, revoked, approvals, break-glass, console or orders; absent: all
	Since   Time   `json:"since,omitzero"`             // of entries since then; absent: as far back as there are any
	Before  int64  `json:"before,omitempty"`           // of entries before this number, on a further page; absent: the newest
}

// Kind implements Payload.
func (HistoryData) Kind() Kind { return History }

// Kind implements Payload.
func (StatusData) Kind() Kind { return Status }

// Kind implements Payload.
func (ApprovingData) Kind() Kind { return Approving }

// Kind implements Payload.
func (ApprovalData) Kind() Kind { return Approval }

// Kind implements Payload.
func (AcknowledgedData) Kind() Kind { return Acknowledged }

// Kind implements Payload.
func (BlockedData) Kind() Kind { return Blocked }

// Kind implements Payload.
func (UnblockedData) Kind() Kind { return Unblocked }

// Kind implements Payload.
func (PausedData) Kind() Kind { return Paused }

// Kind implements Payload.
func (ResumedData) Kind() Kind { return Resumed }

// Kind implements Payload.
func (UnlockedData) Kind() Kind { return Unlocked }

// Kind implements Payload.
func (WhoData) Kind() Kind { return Who }
