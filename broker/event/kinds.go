package event

import "encoding/json"

// A Kind says what an Event tells.
type Kind string

// The kinds. What each holds is the payload of the same name.
const (
	Intent      Kind = "intent"
	Granted     Kind = "granted"
	Failed      Kind = "failed"
	Refused     Kind = "refused"
	Undelivered Kind = "undelivered"
	Undeleted   Kind = "undeleted"
	SetAside    Kind = "set_aside"
	Shown       Kind = "shown"
	Listing     Kind = "listing"
	Ended       Kind = "ended"
	Identity    Kind = "identity"
	KeyChanged  Kind = "key_changed"
	LockedOut   Kind = "locked_out"
	Revoking    Kind = "revoking"
	Revoked     Kind = "revoked"

	Approving    Kind = "approving"
	Approval     Kind = "approval"
	Acknowledged Kind = "acknowledged"
	Unlocked     Kind = "unlocked"
	Blocked      Kind = "blocked"
	Unblocked    Kind = "unblocked"
	Paused       Kind = "paused"
	Resumed      Kind = "resumed"
	Who          Kind = "who"
	Status       Kind = "status"
	History      Kind = "history"

	Config       Kind = "config"
	ConfigBroken Kind = "config_broken"
	Membership   Kind = "membership"
	Rotation     Kind = "rotation"

	Unknown     Kind = "unknown"
	NotActed    Kind = "not_acted"
	Interrupted Kind = "interrupted"
	Restated    Kind = "restated"
	Imported    Kind = "imported"
	Opened      Kind = "opened"
	Alarm       Kind = "alarm"

	Forgotten  Kind = "forgotten"
	Reconciled Kind = "reconciled"
	Used       Kind = "used"

	Drill Kind = "drill"
)

// A Payload is what an Event of one kind holds.
type Payload interface {
	// Kind is that of the Events that hold it.
	Kind() Kind
}

// all are the payloads of all kinds, in the order in which they are documented.
var all = []Payload{
	IntentData{}, GrantedData{}, FailedData{}, RefusedData{}, UndeliveredData{}, UndeletedData{}, ShownData{}, ListingData{}, EndedData{},
	IdentityData{}, KeyChangedData{}, LockedOutData{}, RevokingData{}, RevokedData{},
	ApprovingData{}, ApprovalData{}, AcknowledgedData{}, UnlockedData{}, BlockedData{}, UnblockedData{}, PausedData{}, ResumedData{}, WhoData{}, StatusData{},
	HistoryData{},
	ConfigData{}, ConfigBrokenData{}, MembershipData{}, SetAsideData{}, RotationData{},
	UnknownData{}, NotActedData{}, InterruptedData{}, RestatedData{}, ImportedData{}, OpenedData{}, AlarmData{}, ForgottenData{},
	ReconciledData{}, UsedData{}, DrillData{},
}

var payloads = func() map[Kind]Payload {
	byKind := make(map[Kind]Payload, len(all))
	for _, p := range all {
		byKind[p.Kind()] = p
	}
	return byKind
}()

// Payloads are the empty payloads of all kinds.
func Payloads() []Payload { return append([]Payload(nil), all...) }

// Closes reports whether an Event of this kind closes an intent: the one whose
// Attempt it names. Of several, the first counts.
func Closes(k Kind) bool {
	switch k {
	case Granted, Failed, KeyChanged, Unknown, NotActed:
		return true
	}
	return false
}

// Stops reports whether Events of this kind restrict somebody, or what was issued.
func Stops(k Kind) bool {
	switch k {
	case Blocked, Paused, LockedOut, KeyChanged, Ended, Revoking, Revoked, Approval, Unknown, NotActed, Restated:
		return true
	}
	return false
}

// Gives reports whether an Event of this kind is about to give somebody something.
func Gives(k Kind) bool { return k == Intent || k == Shown || k == Listing || k == Approving }

// Attempt is the ID of the attempt that e begins or closes; "" of any other Event.
func (e Event) Attempt() string {
	if e.Kind != Intent && !Closes(e.Kind) {
		return ""
	}
	if p, ok := e.Data.(interface{ attempt() string }); ok {
		return p.attempt()
	}
	return ""
}

// Other holds what an Event of a kind or version says that this program does not know.
type Other struct {
	Of  Kind
	Raw json.RawMessage
}

// Kind implements Payload.
func (o Other) Kind() Kind { return o.Of }
