package event

// What people ask for, get and give back.

// IntentData is that AWS is about to be asked. It is on the record before.
type IntentData struct{ Act }

// GrantedData is that AWS issued credentials, which nobody has seen yet. It closes an intent.
type GrantedData struct {
	Act
	Issued
}

// FailedData is that AWS refused, that its answer was lost, or that what it issued was
// thrown away unseen. It closes an intent; without an attempt, what failed was done with
// credentials that were issued before.
type FailedData struct {
	Act
	Issued
	Failure
}

// RefusedData is a Request that got no further than the bot.
type RefusedData struct {
	Account    string `json:"account,omitempty" max:"63"`  // as it was typed, where the config has no such Account
	Purpose    string `json:"purpose,omitempty" max:"32"`  // show, buckets, console, mfa_session or key
	Reason     Text   `json:"reason,omitzero"`             // what the person typed as reason
	BreakGlass bool   `json:"break_glass,omitempty"`       // it was asked for by break-glass
	Rule       string `json:"rule,omitempty" max:"255"`    // of the config, that denied it
	Approval   string `json:"approval,omitempty" max:"64"` // ID of the Approval that it is about
	Target     Person `json:"target,omitzero"`             // whom an admin's Request was about
	Failure
}

// UndeliveredData is that credentials were issued and may not have reached the person.
type UndeliveredData struct {
	Given
	Failure // delivery_unknown: Slack did not say
}

// UndeletedData is that Slack refused for good to delete a direct message with credentials.
type UndeletedData struct {
	Given
	Removed bool `json:"removed,omitempty"` // they were taken out of its text; Slack may have kept the earlier one
	Failure
}

// ShownData is that the bot is about to show or use a Grant's Credentials again.
type ShownData struct{ Given }

// ListingData is that the bot is about to list buckets with a Grant.
type ListingData struct{ Given }

// EndedData is that a person ended a Grant or, of the purpose mfa_session, their MFA
// session: the bot has forgotten it. With a Grant the MFA session ends too. AWS keeps it
// valid until it expires.
type EndedData struct{ Given }

// IdentityData is that the bot is about to ask AWS who a person's key and credentials are.
type IdentityData struct {
	Account string `json:"account,omitempty" max:"63"`    // whose live Grant is asked about too; absent: none
	RoleARN string `json:"role_arn,omitempty" max:"2048"` // of that Account
}

// KeyChangedData is that AWS accepted a code for it, and the key that a User's credentials
// are encrypted to is about to change. It closes an intent.
type KeyChangedData struct {
	Act
	STSRequestID string `json:"sts_request_id,omitempty" max:"128"` // AWS's own ID of the call that checked the code
}

// LockedOutData is that somebody sent too many wrong codes.
type LockedOutData struct {
	Act        // for which the last of them was sent
	Until Time `json:"until"` // no code of theirs goes to AWS before
}

// RevokingData is that the bot is about to take back what somebody has: what stands on the
// record before it, with their MFA session.
type RevokingData struct {
	Account string `json:"account,omitempty" max:"63"`    // of which; absent: of all
	RoleARN string `json:"role_arn,omitempty" max:"2048"` // of that Account
	Target  Person `json:"target,omitzero"`               // whose an admin takes; absent: the actor's own
	Reason  Text   `json:"reason,omitzero"`               // what the person typed as reason
}

// RevokedData is what became of that.
type RevokedData struct {
	Attempt      string `json:"attempt,omitempty" max:"64"`    // whose credentials nobody saw, since an order came first; absent: somebody asked for it
	Account      string `json:"account,omitempty" max:"63"`    // absent where there was nothing of any
	RoleARN      string `json:"role_arn,omitempty" max:"2048"` // of that Account
	Target       Person `json:"target,omitzero"`               // whose an admin took; absent: the actor's own
	Reason       Text   `json:"reason,omitzero"`               // what the person typed as reason
	Expires      Time   `json:"expires,omitzero"`              // when the last of what the bot forgot expires; absent: there was none
	DeniedBefore Time   `json:"denied_before,omitzero"`        // AWS refuses sessions of the role that were issued before; absent: AWS was not told
	DeniedAll    bool   `json:"denied_all,omitempty"`          // everybody's, since the policy had no room for one more session name
	Failure             // why it is not complete
}

// Kind implements Payload.
func (IntentData) Kind() Kind { return Intent }

// Kind implements Payload.
func (GrantedData) Kind() Kind { return Granted }

// Kind implements Payload.
func (FailedData) Kind() Kind { return Failed }

// Kind implements Payload.
func (RefusedData) Kind() Kind { return Refused }

// Kind implements Payload.
func (UndeliveredData) Kind() Kind { return Undelivered }

// Kind implements Payload.
func (UndeletedData) Kind() Kind { return Undeleted }

// Kind implements Payload.
func (ShownData) Kind() Kind { return Shown }

// Kind implements Payload.
func (ListingData) Kind() Kind { return Listing }

// Kind implements Payload.
func (EndedData) Kind() Kind { return Ended }

// Kind implements Payload.
func (IdentityData) Kind() Kind { return Identity }

// Kind implements Payload.
func (KeyChangedData) Kind() Kind { return KeyChanged }

// Kind implements Payload.
func (LockedOutData) Kind() Kind { return LockedOut }

// Kind implements Payload.
func (RevokingData) Kind() Kind { return Revoking }

// Kind implements Payload.
func (RevokedData) Kind() Kind { return Revoked }
