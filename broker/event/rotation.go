package event

// The steps of a rotation, in their order, and what is done where one went wrong.
const (
	RotateCreate     = "create"
	RotateStore      = "store"
	RotateTest       = "test"
	RotateSwitch     = "switch"
	RotateDeactivate = "deactivate"
	RotateDelete     = "delete"
	RotateDiscard    = "discard"
	RotateDrop       = "drop"
)

// How far a step of a rotation is.
const (
	RotationIntent  = "intent"
	RotationDone    = "done"
	RotationFailed  = "failed"
	RotationUnknown = "unknown"
)

// RotationData is one step by which the bot replaces the IAM access key of a User. An intent comes before each act, and
// one Event of the same attempt after it. The key that was replaced works until it is deactivated.
type RotationData struct {
	Attempt string `json:"attempt,omitempty" max:"64"` // ID of the act: the same in its intent and in what came of it; absent where nothing was begun
	State   string `json:"state" max:"32"`             // intent, done, failed or unknown: its process ended before it was known
	// Step is create, store, test, switch, deactivate or delete; discard deletes a new key that
	// was never used, and drop forgets one that was stored.
	Step        string `json:"step,omitempty" max:"32"`
	Target      Person `json:"target"`                            // the User
	IAMUser     string `json:"iam_user,omitempty" max:"2048"`     // ARN of the IAM user
	StoredIn    string `json:"stored_in,omitempty" max:"2048"`    // name or ARN of what has it in Secrets Manager
	AccessKeyID string `json:"access_key_id,omitempty" max:"128"` // that it is done to; absent of create until it is known
	PreviousKey string `json:"previous_key,omitempty" max:"128"`  // of switch: access key ID of the one that was current
	Code        string `json:"code,omitempty" max:"64"`           // of failed: why
	AWSCode     string `json:"aws_code,omitempty" max:"128"`      // AWS's own code of its refusal
	AtOnce      bool   `json:"at_once,omitempty"`                 // the former key is not kept for a while, since somebody may know it
	RunBy       string `json:"run_by,omitempty" max:"255"`        // who had it done by hand; absent: the bot by itself
}

// Kind implements Payload.
func (RotationData) Kind() Kind { return Rotation }
