package event

// What payloads have in common.

// A Person is somebody by their Slack ID, and by their name in the config.
type Person struct {
	ID   string `json:"id" max:"32"`              // Slack user ID
	Name string `json:"name,omitempty" max:"255"` // the config's name of the User; absent: it knows them no more
}

// String names the person, with their Slack user ID.
func (p Person) String() string {
	if p.Name == "" || p.Name == p.ID {
		return p.ID
	}
	return p.Name + " (" + p.ID + ")"
}

// Act is what is asked of AWS.
type Act struct {
	// ID of the attempt: the same in the intent and in the Event that closes it. One
	// Request may make several. Absent where nothing new was attempted.
	Attempt    string   `json:"attempt,omitempty" max:"64"`
	Account    string   `json:"account,omitempty" max:"63"`      // name of the Account; of an MFA session, that which its code was sent for
	RoleARN    string   `json:"role_arn,omitempty" max:"2048"`   // absent where the Account has no role
	Purpose    string   `json:"purpose,omitempty" max:"32"`      // show, buckets, console, mfa_session or key
	Method     string   `json:"method,omitempty" max:"32"`       // the call of STS: AssumeRole or GetSessionToken
	MFA        bool     `json:"mfa"`                             // AWS takes the credentials for those of who has the MFA device
	MFASession string   `json:"mfa_session,omitempty" max:"128"` // access key ID of the MFA session that signed the call
	Seconds    int64    `json:"seconds,omitempty"`               // how long it was asked for
	Reason     Text     `json:"reason,omitzero"`                 // what the person typed as reason
	Rule       string   `json:"rule,omitempty" max:"255"`        // of the config, that allowed it
	BreakGlass bool     `json:"break_glass,omitempty"`           // without the approval that the Account asks for
	Approval   string   `json:"approval,omitempty" max:"64"`     // ID of the Approval that is used
	ApprovedBy []Person `json:"approved_by,omitempty"`           // who approved that

	KeyChange   string `json:"key_change,omitempty" max:"32"`    // of the purpose key: set, replaced or removed
	Key         string `json:"key,omitempty" max:"255"`          // fingerprint of the key that is set
	PreviousKey string `json:"previous_key,omitempty" max:"255"` // and of the one before; absent where none could be read
}

func (a Act) attempt() string { return a.Attempt }

// Issued is what AWS issued.
type Issued struct {
	Principal     string `json:"principal,omitempty" max:"2048"`     // ARN of the assumed role
	AccessKeyID   string `json:"access_key_id,omitempty" max:"128"`  // of the credentials
	Expires       Time   `json:"expires,omitzero"`                   // when they do
	STSRequestID  string `json:"sts_request_id,omitempty" max:"128"` // AWS's own ID of the call, which CloudTrail has too
	STSRegion     string `json:"sts_region,omitempty" max:"64"`      // whose STS issued it
	STSUnanswered string `json:"sts_unanswered,omitempty" max:"64"`  // region that was asked before and did not answer: it may have issued some too
}

// Given is a Grant: what was issued before, and is used, shown or ended.
type Given struct {
	Grant      string `json:"grant,omitempty" max:"64"`        // its ID, which is that of the Request it was issued for; of an MFA session, the same
	Account    string `json:"account,omitempty" max:"63"`      // name of the Account; absent of an MFA session
	RoleARN    string `json:"role_arn,omitempty" max:"2048"`   // absent where the Account has no role
	Purpose    string `json:"purpose,omitempty" max:"32"`      // of the Request now: show, buckets, console or mfa_session
	Method     string `json:"method,omitempty" max:"32"`       // the call of STS that issued it
	MFA        bool   `json:"mfa"`                             // it was issued with MFA
	MFASession string `json:"mfa_session,omitempty" max:"128"` // access key ID of the MFA session that signed that call
	Reason     Text   `json:"reason,omitzero"`                 // what the person typed as reason
	BreakGlass bool   `json:"break_glass,omitempty"`           // it was issued by break-glass
	Issued
}

// Failure is why something failed or was refused.
type Failure struct {
	Code   string `json:"code,omitempty" max:"64"`   // what went wrong, as errors.md lists it; absent: nothing
	Detail string `json:"detail,omitempty" max:"64"` // which case of that code; absent of the usual one
	Ref    string `json:"ref,omitempty" max:"64"`    // what the person can quote, and the log line carries
	Facts
}

// Facts are what the sentence about a failure says beside its code.
type Facts struct {
	Since      Time   `json:"since,omitzero"`                 // since when a block or pause stands
	Limit      int64  `json:"limit_seconds,omitempty"`        // what is issued for at most, or kept for
	Hours      string `json:"hours,omitempty" max:"255"`      // in which it may be had, as the config says
	Pattern    string `json:"pattern,omitempty" max:"1024"`   // of the config, that a reason must match
	Service    string `json:"service,omitempty" max:"64"`     // of AWS, that was asked
	Region     string `json:"region,omitempty" max:"64"`      // in which it was asked
	AlsoRegion string `json:"also_region,omitempty" max:"64"` // in which it was asked after that, and did not answer either
	AWSCode    string `json:"aws_code,omitempty" max:"128"`   // AWS's own code of the error
	HTTPStatus int    `json:"http_status,omitempty"`          // of an answer that was not AWS's
	Needs      int    `json:"needs,omitempty"`                // how many must approve
	Have       int    `json:"have,omitempty"`                 // how many there are or were
}

// Order is what an admin imposes or lifts.
type Order struct {
	Target  Person `json:"target,omitzero"`         // whom it is about; absent: everybody
	Ends    string `json:"ends,omitempty" max:"64"` // ID of the Request that imposed the block or pause that is lifted, and only it, or led to the lock-out
	Reason  Text   `json:"reason,omitzero"`         // what the admin typed as reason
	Failure        // not what happened: order_not_ended, or store_failed where nobody knows whether it holds
}

// Asked is what somebody asked others to approve, or to take note of.
type Asked struct {
	Approval   string   `json:"approval" max:"64"`             // ID of the Approval
	Account    string   `json:"account" max:"63"`              // name of the Account that was asked for
	RoleARN    string   `json:"role_arn,omitempty" max:"2048"` // absent where the Account has no role
	Seconds    int64    `json:"seconds,omitempty"`             // how long it was asked for
	Reason     Text     `json:"reason,omitzero"`               // of whoever asked
	Target     Person   `json:"target"`                        // who asked
	ApprovedBy []Person `json:"approved_by,omitempty"`         // who has approved until now
	Comment    Text     `json:"comment,omitzero"`              // of who denied it
	BreakGlass bool     `json:"break_glass,omitempty"`         // nothing waits: approvers are asked to take note of break-glass
}

func (a Asked) asker() Person { return a.Target }

// Piece says which part this is of what was too large for one entry.
type Piece struct {
	Part  int `json:"part,omitempty"`  // from 1; absent: this is all
	Parts int `json:"parts,omitempty"` // how many there are, which follow one another
}
