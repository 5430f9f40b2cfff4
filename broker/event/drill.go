package event

// How far a drill is.
const (
	DrillBegan = "began"
	DrillEnded = "ended"
)

// DrillData is that somebody rehearses with this installation what it must do when things go wrong, by `assumebot drill`.
// What the same replica wrote between the two Events is part of it: wrong codes, a lock-out, the pause.
type DrillData struct {
	Drill   string      `json:"drill" max:"64"`             // ID of the drill: the same in both Events
	State   string      `json:"state" max:"32"`             // began or ended; a drill without an end was killed
	RunBy   string      `json:"run_by,omitempty" max:"255"` // who runs it
	Target  Person      `json:"target"`                     // the User as whom it asks for credentials
	Admin   Person      `json:"admin,omitzero"`             // the admin as whom it orders; absent: it orders nothing
	Account string      `json:"account" max:"63"`           // that it asks for
	Steps   []DrillStep `json:"steps,omitempty"`            // of ended: what became of each
	Left    []string    `json:"left,omitempty" max:"255"`   // of ended: what it imposed and could not take back
}

// DrillStep is one step of a drill.
type DrillStep struct {
	Name   string `json:"name" max:"32"`   // credentials, tokens, refusal, lock_out, pause, revoke, redis_away or record
	Result string `json:"result" max:"32"` // passed, failed or not_tried
}

// Kind implements Payload.
func (DrillData) Kind() Kind { return Drill }
