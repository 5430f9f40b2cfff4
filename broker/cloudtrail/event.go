package cloudtrail

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// An Event is what a record of CloudTrail says, as far as it is of use here. A string that the
// record does not have is "". None is longer than MaxText; what is longer is cut.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
type Event struct {
	ID        string // eventID: the same where the event was delivered twice
	RequestID string
	Time      time.Time // when it was done, to the second
	Source    string    // the service, such as sts.amazonaws.com
	Name      string    // the call, such as AssumeRole
	Region    string
	ErrorCode string // "": AWS served it
	Address   string // sourceIPAddress: an address, or the name of a service of AWS
	Agent     string // as the caller called itself
	Account   string // recipientAccountId: whose trail has it
	Identity  Identity

	RoleARN     string // of a call of STS: the role to be assumed
	SessionName string // of a call of STS
	IssuedKeyID string // of a call of STS: the access key ID that it issued
}

// An Identity is who called.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
type Identity struct {
	Type        string // IAMUser, AssumedRole, AWSAccount, …
	PrincipalID string
	ARN         string
	AccountID   string
	AccessKeyID string
	InvokedBy   string    // the service of AWS that called for somebody
	Created     time.Time // when the temporary credentials were; zero of others
	FromConsole bool      // they are those of a sign-in to the console
}

// MaxText is the most bytes of a string of an Event.
const MaxText = 2048

// STS is the service that issues credentials.
const STS = "sts.amazonaws.com"

// A word is a string; what is no string in the JSON is "".
type word string

// UnmarshalJSON implements json.Unmarshaler.
func (w *word) UnmarshalJSON(data []byte) error {
	*w = ""
	if len(data) == 0 || data[0] != '"' {
		return nil
	}
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*w = word(bounded(s))
	return nil
}

// bounded is a copy of s that is no longer than MaxText.
func bounded(s string) string {
	if len(s) <= MaxText {
		return s
	}
	return strings.ToValidUTF8(strings.Clone(s[:MaxText]), "")
}

// wire is a record as CloudTrail writes it.
type wire struct {
	EventID            word
	RequestID          word
	EventTime          word
	EventSource        word
	EventName          word
	AWSRegion          word
	ErrorCode          word
	SourceIPAddress    word
	UserAgent          word
	RecipientAccountID word
	UserIdentity       json.RawMessage

	SessionCredentialFromConsole word
	RequestParameters            json.RawMessage
	ResponseElements             json.RawMessage
}

type wireIdentity struct {
	Type, PrincipalID, ARN, AccountID, AccessKeyID, InvokedBy word

	SessionContext json.RawMessage
}

type wireSession struct {
	Attributes struct{ CreationDate word }
}

type wireParameters struct{ RoleARN, RoleSessionName word }

type wireResponse struct {
	Credentials struct{ AccessKeyID word }
}

var errNoRecord = errors.New("it has no eventTime, eventSource or eventName, as every record of CloudTrail does")

// event reads what a record says. Parts of other services may have any form.
func (w wire) event() (Event, error) {
	at, err := time.Parse(time.RFC3339, string(w.EventTime))
	if err != nil || w.EventSource == "" || w.EventName == "" {
		return Event{}, errNoRecord
	}
	e := Event{
		ID:        string(w.EventID),
		RequestID: string(w.RequestID),
		Time:      at.UTC(),
		Source:    string(w.EventSource),
		Name:      string(w.EventName),
		Region:    string(w.AWSRegion),
		ErrorCode: string(w.ErrorCode),
		Address:   string(w.SourceIPAddress),
		Agent:     string(w.UserAgent),
		Account:   string(w.RecipientAccountID),
		Identity:  identityIn(w.UserIdentity),
	}
	e.Identity.FromConsole = w.SessionCredentialFromConsole == "true"
	if e.Source == STS {
		var p wireParameters
		var r wireResponse
		readPart(w.RequestParameters, &p)
		readPart(w.ResponseElements, &r)
		e.RoleARN, e.SessionName, e.IssuedKeyID = string(p.RoleARN), string(p.RoleSessionName), string(r.Credentials.AccessKeyID)
	}
	return e, nil
}

func identityIn(raw json.RawMessage) Identity {
	var w wireIdentity
	readPart(raw, &w)
	i := Identity{
		Type:        string(w.Type),
		PrincipalID: string(w.PrincipalID),
		ARN:         string(w.ARN),
		AccountID:   string(w.AccountID),
		AccessKeyID: string(w.AccessKeyID),
		InvokedBy:   string(w.InvokedBy),
	}
	var s wireSession
	readPart(w.SessionContext, &s)
	if at, err := time.Parse(time.RFC3339, string(s.Attributes.CreationDate)); err == nil {
		i.Created = at.UTC()
	}
	return i
}

// readPart reads a part of a record that is an object; of another form it says nothing.
func readPart(raw json.RawMessage, into any) {
	if len(raw) > 0 && raw[0] == '{' {
		_ = json.Unmarshal(raw, into) // the record as a whole was read: what does not fit stays empty
	}
}
