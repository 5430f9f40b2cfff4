package broker_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
)

// An entry is an Event as the record has it: all that any kind says, read by a type of
// its own from the bytes that are written.
type entry struct {
	ID      string      `json:"id"`
	Time    time.Time   `json:"time"`
	Kind    event.Kind  `json:"kind"`
	Stop    bool        `json:"stop"`
	Request string      `json:"request"`
	Actor   event.Actor `json:"actor"`
	whole   event.Event

	Attempt      string           `json:"attempt"`
	Account      string           `json:"account"`
	RoleARN      string           `json:"role_arn"`
	Purpose      broker.Purpose   `json:"purpose"`
	Method       broker.Method    `json:"method"`
	MFA          bool             `json:"mfa"`
	MFASession   string           `json:"mfa_session"`
	Seconds      int64            `json:"seconds"`
	Grant        string           `json:"grant"`
	Principal    string           `json:"principal"`
	AccessKeyID  string           `json:"access_key_id"`
	Expires      time.Time        `json:"expires"`
	Until        time.Time        `json:"until"`
	STSRequestID string           `json:"sts_request_id"`
	KeyChange    broker.KeyChange `json:"key_change"`
	Key          string           `json:"key"`
	PreviousKey  string           `json:"previous_key"`
	DeniedBefore time.Time        `json:"denied_before"`
	DeniedAll    bool             `json:"denied_all"`
	Code         broker.Code      `json:"code"`
	Detail       string           `json:"detail"`
	Ref          string           `json:"ref"`
	Rule         string           `json:"rule"`
	BreakGlass   bool             `json:"break_glass"`
	Approval     string           `json:"approval"`
	State        approval.State   `json:"state"`
	ApprovedBy   []event.Person   `json:"approved_by"`
	Target       event.Person     `json:"target"`
	Ends         string           `json:"ends"`
	Removed      bool             `json:"removed"`
	List         string           `json:"list"`
	Why          string           `json:"why"`

	Reason, Comment string `json:"-"`
}

// entryOf is e once it was written and read again.
func entryOf(e event.Event) (entry, error) {
	leaf, aside, err := e.Encode()
	if err != nil {
		return entry{}, err
	}
	var (
		out      entry
		envelope struct {
			Data json.RawMessage `json:"data"`
		}
		free struct {
			Reason  struct{ SHA256 string } `json:"reason"`
			Comment struct{ SHA256 string } `json:"comment"`
		}
		beside map[string]struct{ Text string }
	)
	for _, read := range []struct {
		data []byte
		into any
	}{{leaf, &out}, {leaf, &envelope}} {
		if err := json.Unmarshal(read.data, read.into); err != nil {
			return entry{}, err
		}
	}
	for _, into := range []any{&out, &free} {
		if err := json.Unmarshal(envelope.Data, into); err != nil {
			return entry{}, fmt.Errorf("%s: %w", envelope.Data, err)
		}
	}
	if aside != nil {
		if err := json.Unmarshal(aside, &beside); err != nil {
			return entry{}, err
		}
	}
	out.Reason, out.Comment = beside[free.Reason.SHA256].Text, beside[free.Comment.SHA256].Text
	return out, nil
}
