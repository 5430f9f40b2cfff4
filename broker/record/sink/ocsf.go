package sink

import (
	"encoding/json"
	"strings"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
)

// Events as the Open Cybersecurity Schema Framework has them. What it has no place for is
// whole in unmapped. https://schema.ocsf.io/1.3.0
const ocsfVersion = "1.3.0"

// Classes of OCSF, and activities of theirs.
const (
	detectionFinding  = 2004
	authorizeSession  = 3003
	userAccess        = 3005
	apiActivity       = 6003
	findingCreate     = 1
	assignPrivileges  = 1
	revokePrivileges  = 2
	activityOther     = 99
	statusUnknown     = 0
	statusSuccess     = 1
	statusFailure     = 2
	informational     = 1
	low               = 2
	medium            = 3
	high              = 4
	userOfType        = 1
	systemOfType      = 3
	millisPerSecond   = 1000
	classesInCategory = 1000
)

type (
	// An ocsfEvent has what all classes require, and what each of ours does.
	ocsfEvent struct {
		ActivityID   int          `json:"activity_id"`
		ActivityName string       `json:"activity_name,omitempty"` // of another activity
		CategoryUID  int          `json:"category_uid"`
		ClassUID     int          `json:"class_uid"`
		TypeUID      int          `json:"type_uid"`
		Time         int64        `json:"time"` // milliseconds since 1970
		SeverityID   int          `json:"severity_id"`
		StatusID     int          `json:"status_id"`
		StatusCode   string       `json:"status_code,omitempty"`
		Message      string       `json:"message,omitempty"` // the reason that a person gave
		Metadata     ocsfMetadata `json:"metadata"`

		Actor       *ocsfActor    `json:"actor,omitempty"`
		User        *ocsfUser     `json:"user,omitempty"`
		Privileges  []string      `json:"privileges,omitempty"`
		Session     *ocsfSession  `json:"session,omitempty"`
		Cloud       *ocsfCloud    `json:"cloud,omitempty"`
		API         *ocsfAPI      `json:"api,omitempty"`
		SrcEndpoint *ocsfEndpoint `json:"src_endpoint,omitempty"`
		FindingInfo *ocsfFinding  `json:"finding_info,omitempty"`

		Unmapped line `json:"unmapped"`
	}
	ocsfMetadata struct {
		Version        string      `json:"version"`
		Product        ocsfProduct `json:"product"`
		Profiles       []string    `json:"profiles,omitempty"`
		UID            string      `json:"uid,omitempty"`
		CorrelationUID string      `json:"correlation_uid,omitempty"` // the request
		EventCode      string      `json:"event_code,omitempty"`      // the kind
		LogName        string      `json:"log_name"`                  // the record's origin
		Sequence       int64       `json:"sequence"`                  // the entry's number
	}
	ocsfProduct struct {
		Name   string `json:"name"`
		Vendor string `json:"vendor_name"`
	}
	ocsfActor struct {
		User ocsfUser `json:"user"`
	}
	ocsfUser struct {
		UID    string `json:"uid,omitempty"`
		Name   string `json:"name,omitempty"`
		TypeID int    `json:"type_id"`
	}
	ocsfSession struct {
		UID     string `json:"uid,omitempty"` // the access key
		Expires int64  `json:"expiration_time,omitempty"`
		MFA     bool   `json:"is_mfa"`
	}
	ocsfCloud struct {
		Provider string       `json:"provider"`
		Account  *ocsfAccount `json:"account,omitempty"`
	}
	ocsfAccount struct {
		UID  string `json:"uid,omitempty"`
		Name string `json:"name,omitempty"`
	}
	ocsfAPI struct {
		Operation string `json:"operation"`
	}
	ocsfEndpoint struct {
		UID  string `json:"uid,omitempty"` // the replica
		Name string `json:"name"`
	}
	ocsfFinding struct {
		UID   string `json:"uid"`
		Title string `json:"title"`
	}
	// ocsfData is what of an Event's data OCSF has a place for.
	ocsfData struct {
		Account     string     `json:"account"`
		RoleARN     string     `json:"role_arn"`
		Method      string     `json:"method"`
		MFA         bool       `json:"mfa"`
		AccessKeyID string     `json:"access_key_id"`
		Expires     event.Time `json:"expires"`
		Code        string     `json:"code"`
		BreakGlass  bool       `json:"break_glass"`
		Reason      event.Text `json:"reason"`
		Target      event.Person
	}
)

// ocsfOf is an entry as an event of OCSF.
func ocsfOf(origin string, e record.Followed) ([]byte, error) {
	whole := wholeOf(origin, e)
	var tells struct {
		Data ocsfData `json:"data"`
	}
	if e.Leaf != nil {
		if err := json.Unmarshal(e.Leaf, &tells); err != nil {
			tells.Data = ocsfData{} // of a kind of a later release, with fields of another type
		}
	}
	d := tells.Data
	out := ocsfEvent{
		Time: e.Event.Time.UnixMilli(), SeverityID: informational, StatusID: statusSuccess, StatusCode: d.Code, Message: whole.Texts[d.Reason.Digest()],
		Metadata: ocsfMetadata{
			Version: ocsfVersion, Product: ocsfProduct{"assumebot", "assumebot"}, UID: e.Event.ID, CorrelationUID: e.Event.Request,
			EventCode: string(e.Event.Kind), LogName: origin, Sequence: e.Number,
		},
		Unmapped: whole,
	}
	if e.Broken != "" {
		out.finding("broken_entry")
	} else {
		out.classify(e.Event, d)
	}
	out.CategoryUID, out.TypeUID = out.ClassUID/classesInCategory, out.ClassUID*100+out.ActivityID
	return encoded(out)
}

// classify is what kind of event it is.
func (o *ocsfEvent) classify(e event.Event, d ocsfData) {
	who := ocsfUser{UID: e.Actor.User, Name: e.Actor.Name, TypeID: userOfType}
	if e.Actor == (event.Actor{}) {
		who = ocsfUser{Name: "assumebot", TypeID: systemOfType}
	}
	switch e.Kind {
	case event.Granted, event.Failed, event.Refused, event.Unknown:
		if d.Account == "" {
			break
		}
		o.session(who, d)
		o.outcome(e.Kind, d.BreakGlass)
		return
	case event.Ended, event.Revoked:
		if d.Account == "" {
			break
		}
		o.session(who, d)
		o.ClassUID, o.ActivityID, o.SeverityID = userAccess, revokePrivileges, low
		o.Actor = &ocsfActor{who}
		if d.Target.ID != "" {
			o.User = &ocsfUser{UID: d.Target.ID, Name: d.Target.Name, TypeID: userOfType}
		}
		return
	case event.LockedOut:
		o.finding("locked_out")
		o.Actor, o.User = nil, &who
		return
	case event.Alarm:
		o.finding(d.Code)
		return
	case event.Reconciled:
		o.finding("cloudtrail_mismatch")
		o.Actor, o.User = nil, nil
		return
	}
	o.ClassUID, o.ActivityID, o.ActivityName = apiActivity, activityOther, string(e.Kind)
	o.Actor, o.API = &ocsfActor{who}, &ocsfAPI{string(e.Kind)}
	o.SrcEndpoint = &ocsfEndpoint{UID: e.Replica, Name: "assumebot"}
	if e.Kind == event.Blocked || e.Kind == event.Paused {
		o.SeverityID = medium
	}
	o.outcome(e.Kind, d.BreakGlass)
}

// outcome is how it ended, and how grave that is.
func (o *ocsfEvent) outcome(kind event.Kind, breakGlass bool) {
	switch kind {
	case event.Failed, event.Refused:
		o.StatusID, o.SeverityID = statusFailure, low
	case event.Unknown:
		o.StatusID, o.SeverityID = statusUnknown, medium
	}
	if breakGlass {
		o.SeverityID = high
	}
}

// session is what was issued, or asked for: who has what of which account.
func (o *ocsfEvent) session(who ocsfUser, d ocsfData) {
	o.ClassUID, o.ActivityID = authorizeSession, assignPrivileges
	o.User = &who
	o.Privileges = []string{d.Account}
	if d.RoleARN != "" {
		o.Privileges = []string{d.RoleARN}
	}
	if d.AccessKeyID != "" {
		o.Session = &ocsfSession{UID: d.AccessKeyID, MFA: d.MFA}
		if !d.Expires.IsZero() {
			o.Session.Expires = d.Expires.UnixMilli()
		}
	}
	o.Metadata.Profiles = []string{"cloud"}
	o.Cloud = &ocsfCloud{Provider: "AWS", Account: &ocsfAccount{Name: d.Account}}
	if parts := strings.Split(d.RoleARN, ":"); len(parts) > 4 {
		o.Cloud.Account.UID = parts[4]
	}
}

// finding is something that somebody has to look at.
func (o *ocsfEvent) finding(title string) {
	o.ClassUID, o.ActivityID, o.SeverityID = detectionFinding, findingCreate, high
	o.FindingInfo = &ocsfFinding{UID: o.Metadata.UID, Title: title}
}
