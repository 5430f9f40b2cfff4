package event

// What AWS's CloudTrail says beside the record, as `assumebot record reconcile` found it.

// The codes of a Mismatch.
const (
	// UnknownCall is a call of STS that issues credentials, or was to, by a configured IAM user.
	UnknownCall = "unknown_call"
	// UnknownSession is a use of temporary credentials of a configured IAM user that the bot did not get.
	UnknownSession = "unknown_session"
	// KeyUsed is another use of a key that the bot holds.
	KeyUsed = "key_used"
	// NotInCloudTrail is a Grant that CloudTrail should have by now, and has not.
	NotInCloudTrail = "not_in_cloudtrail"
)

// ReconciledData is what CloudTrail has of configured IAM users and the record has not, or
// the other way round: somebody else may hold a key of the bot's. Each finding is told once,
// and again only if it happened again.
type ReconciledData struct {
	Piece
	Since    Time       `json:"since,omitzero"`             // the first event of CloudTrail that was read
	Until    Time       `json:"until,omitzero"`             // and the last
	Findings []Mismatch `json:"findings,omitempty"`         // what was not told before
	More     int64      `json:"more,omitempty"`             // how many events are of further findings, which the run did not list
	RunBy    string     `json:"run_by,omitempty" max:"255"` // who ran it
	Of       string     `json:"of,omitempty" max:"1024"`    // where its files of CloudTrail were
}

// Mismatch is something that CloudTrail and the record do not both have.
type Mismatch struct {
	ID          string `json:"id" max:"64"`                       // the same in every run that finds the same
	Code        string `json:"code" max:"64"`                     // unknown_call, unknown_session, key_used or not_in_cloudtrail
	Target      Person `json:"target,omitzero"`                   // the User whose IAM user or Grant it is; absent: not known
	IAMUser     string `json:"iam_user,omitempty" max:"2048"`     // ARN of the IAM user; absent of not_in_cloudtrail
	AccessKeyID string `json:"access_key_id,omitempty" max:"128"` // that signed; of not_in_cloudtrail, that was issued
	Grant       string `json:"grant,omitempty" max:"64"`          // of not_in_cloudtrail: the Grant's ID
	Service     string `json:"service,omitempty" max:"128"`       // of AWS that was called, such as sts.amazonaws.com; absent: several
	Call        string `json:"call,omitempty" max:"128"`          // of that service
	RoleARN     string `json:"role_arn,omitempty" max:"2048"`     // that was to be assumed
	AWSCode     string `json:"aws_code,omitempty" max:"128"`      // AWS's own code of its refusal; absent: it served the call
	Address     string `json:"address,omitempty" max:"255"`       // from which it came
	Region      string `json:"region,omitempty" max:"64"`         // in which AWS was called
	Calls       int64  `json:"calls"`                             // how many there were
	First       Time   `json:"first,omitzero"`                    // when the first was
	Last        Time   `json:"last,omitzero"`                     // and the last
	EventID     string `json:"event_id,omitempty" max:"64"`       // CloudTrail's own ID of one of them
	Told        *int64 `json:"told,omitempty"`                    // number of the entry that told it first; absent: it is new
}

// UsedData is what Grants were used for, as CloudTrail has it, each once it has ended. Of
// several about one Grant the last counts.
type UsedData struct {
	Piece
	Until  Time    `json:"until,omitzero"`             // up to when CloudTrail was read
	Grants []Usage `json:"grants,omitempty"`           // one for each Grant
	RunBy  string  `json:"run_by,omitempty" max:"255"` // who ran it
}

// Usage is what one Grant was used for: the calls that its access key signed.
type Usage struct {
	Grant       string        `json:"grant" max:"64"`                    // its ID, which is that of the Request it was issued for
	AccessKeyID string        `json:"access_key_id,omitempty" max:"128"` // its access key ID
	Calls       int64         `json:"calls"`                             // how many CloudTrail has; 0: none
	Refused     int64         `json:"refused,omitempty"`                 // how many of them AWS refused
	First       Time          `json:"first,omitzero"`                    // when the first was
	Last        Time          `json:"last,omitzero"`                     // and the last
	Services    []ServiceUsed `json:"services,omitempty"`                // which were called, the most called first
	More        int64         `json:"more,omitempty"`                    // how many calls were to further services
}

// ServiceUsed is a service of AWS that a Grant was used for.
type ServiceUsed struct {
	Name  string `json:"name" max:"128"` // as CloudTrail has it, such as s3.amazonaws.com
	Calls int64  `json:"calls"`          // how many there were
}

// Uses are what Grants were used for, by the ID of the Grant. A reader of the record adds each
// Event in the record's order.
type Uses map[string]Usage

// Add takes in what e tells; nothing of an Event of another kind.
func (u Uses) Add(e Event) {
	if d, ok := e.Data.(UsedData); ok {
		for _, g := range d.Grants {
			u[g.Grant] = g
		}
	}
}

func (p ReconciledData) size() int { return len(p.Findings) }

func (p ReconciledData) only(from, to int, of Piece) Payload {
	p.Piece, p.Findings = of, window(p.Findings, 0, from, to)
	return p
}

func (p UsedData) size() int { return len(p.Grants) }

func (p UsedData) only(from, to int, of Piece) Payload {
	p.Piece, p.Grants = of, window(p.Grants, 0, from, to)
	return p
}

// Kind implements Payload.
func (ReconciledData) Kind() Kind { return Reconciled }

// Kind implements Payload.
func (UsedData) Kind() Kind { return Used }
