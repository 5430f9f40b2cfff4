package reconcile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/event"
)

// A Report is what came of it. Its JSON is what --json prints.
type Report struct {
	CloudTrail Trail  `json:"cloudtrail"`
	Record     Record `json:"record"`

	Alarms     []Alarm  `json:"alarms"`      // somebody has to look at them; those that issue credentials first
	Notes      []Note   `json:"notes"`       // what is worth knowing, and is no sign of a stolen key by itself
	Unjudged   Unjudged `json:"unjudged"`    // what the next run can tell
	CannotTell []string `json:"cannot_tell"` // why a run without alarms does not mean that there is nothing

	Grants []event.Usage `json:"grants,omitempty"` // what each was used for; only if it was asked for
}

// Trail is what was read of CloudTrail.
type Trail struct {
	Files    int        `json:"files"`
	Events   int64      `json:"events"`  // with those that were delivered twice, and those outside of the time that was asked for
	Doubles  int64      `json:"doubles"` // how many of those that concern the bot were delivered again
	First    event.Time `json:"first,omitzero"`
	Last     event.Time `json:"last,omitzero"`
	Accounts int        `json:"accounts"`  // of how many AWS accounts
	Places   int        `json:"regions"`   // of how many regions of them
	BotCalls int64      `json:"bot_calls"` // calls that the bot and its tools make without an entry: they ask who a key is
}

// Record is what was read of the record.
type Record struct {
	First   int64      `json:"first"` // number of the first entry
	Next    int64      `json:"next"`  // number after the last
	From    event.Time `json:"from,omitzero"`
	Until   event.Time `json:"until,omitzero"`
	Grants  int        `json:"grants"`  // MFA sessions too
	Matched int        `json:"matched"` // how many of them CloudTrail has
}

// An Alarm is a Mismatch, with what the caller called itself.
type Alarm struct {
	event.Mismatch
	Agent string `json:"agent,omitempty"`
}

// A Note is something that was counted and is no alarm.
type Note struct {
	Code    string       `json:"code"`
	Target  event.Person `json:"target,omitzero"`
	IAMUser string       `json:"iam_user,omitempty"`
	Key     string       `json:"access_key_id,omitempty"`
	Calls   int64        `json:"calls"`
	First   event.Time   `json:"first,omitzero"`
	Last    event.Time   `json:"last,omitzero"`
}

// The codes of a Note.
const (
	NoteAnswerLost = "answer_lost"  // a call that can be one of the bot's whose answer was lost
	NoteOtherKey   = "other_key"    // another access key of the IAM user, which the bot does not hold
	NoteConsole    = "console"      // the IAM user signed in to the console, or tried to
	NoteOlder      = "older"        // temporary credentials from before the record
	NoteNoKey      = "without_key"  // CloudTrail does not say by which key
	NoteOtherRole  = "not_known_by" // a call in the account of a role, by an IAM user that cannot be told
)

// Unjudged is how much is too young, or not covered.
type Unjudged struct {
	GrantsTooYoung   int   `json:"grants_too_young"`   // CloudTrail may deliver their calls yet
	GrantsNotCovered int   `json:"grants_not_covered"` // the files do not tell of that account, region and time
	CallsTooYoung    int64 `json:"calls_too_young"`    // done after what the record has
	CallsTooOld      int64 `json:"calls_too_old"`      // done before what the record has
}

// Report says what was found. complete is false where some of the files could not be read: then
// nothing is said to be missing.
func (m *Match) Report(files int, complete bool) Report {
	r := Report{
		CloudTrail: Trail{
			Files: files, Events: m.events, Doubles: m.doubles, First: event.At(m.coverage.all.first), Last: event.At(m.coverage.all.last),
			Accounts: len(m.coverage.accounts), Places: len(m.coverage.places),
		},
		Record: Record{First: m.First, Next: m.Next, From: event.At(m.From), Until: event.At(m.RecordUntil), Grants: len(m.grants)},
		Alarms: []Alarm{}, Notes: []Note{}, CannotTell: []string{},
		Unjudged: Unjudged{CallsTooYoung: m.afterRecord, CallsTooOld: m.beforeRecord},
	}
	notes := notes{}
	for _, t := range []tallies{m.issuing, m.using} {
		m.judge(&r, notes, t)
	}
	m.lacking(&r, complete)
	for _, n := range notes {
		r.Notes = append(r.Notes, *n)
	}
	slices.SortFunc(r.Notes, func(a, b Note) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.IAMUser, b.IAMUser), cmp.Compare(a.Key, b.Key))
	})
	slices.SortFunc(r.Alarms, func(a, b Alarm) int {
		return cmp.Or(cmp.Compare(gravity(a.Code), gravity(b.Code)), a.First.Compare(b.First.Time), cmp.Compare(a.ID, b.ID))
	})
	r.CannotTell = append(r.CannotTell, m.cannotTell(r)...)
	return r
}

func gravity(code string) int {
	return slices.Index([]string{event.UnknownCall, event.UnknownSession, event.KeyUsed, event.NotInCloudTrail}, code)
}

// judge tells alarms from notes, now that all is known that could be learned.
func (m *Match) judge(r *Report, notes notes, all tallies) {
	for s, t := range all {
		if s.user == "" {
			s.user = m.principal[s.principal]
		}
		code, alarm := m.codeOf(s)
		switch {
		case code == "":
			r.CloudTrail.BotCalls += t.calls
		case alarm:
			r.add(m.alarm(s, code, *t))
		default:
			notes.add(code, s, m.who(s.user), *t)
		}
	}
}

// add adds an alarm, to one that is of the same.
func (r *Report) add(a Alarm) {
	at := slices.IndexFunc(r.Alarms, func(b Alarm) bool { return b.ID == a.ID })
	if at < 0 {
		r.Alarms = append(r.Alarms, a)
		return
	}
	b := &r.Alarms[at]
	if a.First.Before(b.First.Time) {
		b.EventID, b.Agent = a.EventID, a.Agent
	}
	both := span{b.First.Time, b.Last.Time}.with(a.First.Time).with(a.Last.Time)
	b.Calls, b.First, b.Last = b.Calls+a.Calls, event.At(both.first), event.At(both.last)
}

// codeOf is what an unexplained doing is: an alarm, a note, or "" what the bot does without an entry.
func (m *Match) codeOf(s spot) (code string, alarm bool) {
	fromBot := s.byBot && m.isBots(s.address)
	u := m.users[s.user]
	switch {
	case u == nil:
		return NoteOtherRole, false
	case s.issuing && s.lost > 0 && fromBot:
		return NoteAnswerLost, false
	case s.issuing && u.Shared && fromBot && s.kind == byLongTerm && s.call == "AssumeRole" && m.revokes(s):
		return "", false
	case s.issuing && s.kind == byOlder:
		return NoteOlder, false
	case s.issuing:
		return event.UnknownCall, true
	}
	switch s.kind {
	case byNoKey:
		if s.source == "signin.amazonaws.com" {
			return NoteConsole, false
		}
		return NoteNoKey, false
	case byConsole:
		return NoteConsole, false
	case byOlder:
		return NoteOlder, false
	case bySession, byBotSession:
		return event.UnknownSession, true
	}
	switch {
	case fromBot && asksAlone(s, u.Shared):
		return "", false
	case len(u.keys) > 0 && !u.keys[s.key] && s.key != "":
		return NoteOtherKey, false
	}
	return event.KeyUsed, true
}

// asksAlone reports whether the bot or its tools make that call with a User's key and put
// nothing on the record: it gives nobody anything.
func asksAlone(s spot, shared bool) bool {
	switch s.source + " " + s.call {
	case "sts.amazonaws.com GetCallerIdentity", "iam.amazonaws.com ListAccessKeys", "iam.amazonaws.com ListMFADevices", "iam.amazonaws.com GetRole":
		return true
	case "secretsmanager.amazonaws.com GetSecretValue":
		return shared
	}
	return s.source == "s3.amazonaws.com" && shared && slices.Contains([]string{
		"HeadBucket", "GetObject", "PutObject", "ListObjects", "ListObjectVersions", "DeleteObject",
	}, s.call)
}

func (m *Match) who(arn string) event.Person {
	if u := m.users[arn]; u != nil {
		return u.Who
	}
	return event.Person{}
}

func (m *Match) alarm(s spot, code string, t tally) Alarm {
	id := s.id(code)
	return Alarm{Agent: t.agent, Mismatch: event.Mismatch{
		Told:        m.toldIn(id),
		ID:          id,
		Code:        code,
		Target:      m.who(s.user),
		IAMUser:     s.user,
		AccessKeyID: s.key,
		Service:     s.source,
		Call:        s.call,
		RoleARN:     s.role,
		AWSCode:     s.code,
		Address:     s.address,
		Region:      s.region,
		Calls:       t.calls,
		First:       event.At(t.first),
		Last:        event.At(t.last),
		EventID:     t.eventID,
	}}
}

type noteOf struct{ code, user, key string }

type notes map[noteOf]*Note

func (n notes) add(code string, s spot, who event.Person, t tally) {
	key := noteOf{code, s.user, s.key}
	if code == NoteConsole || code == NoteOlder || code == NoteOtherRole { // a key each time
		key.key = ""
	}
	at := n[key]
	if at == nil {
		at = &Note{Code: code, Target: who, IAMUser: s.user, Key: key.key}
		n[key] = at
	}
	both := span{at.First.Time, at.Last.Time}.with(t.first).with(t.last)
	at.Calls, at.First, at.Last = at.Calls+t.calls, event.At(both.first), event.At(both.last)
}

// lacking finds the Grants that CloudTrail should have by now.
func (m *Match) lacking(r *Report, complete bool) {
	for _, g := range m.grants {
		switch {
		case g.seen:
			r.Record.Matched++
			continue
		case !m.Since.IsZero() && g.issued.Before(m.Since), !m.Until.IsZero() && !g.issued.Before(m.Until):
			continue
		case g.request == "" && g.key == "":
			continue
		}
		covered, young := m.covered(g)
		switch {
		case young:
			r.Unjudged.GrantsTooYoung++
		case !covered || !complete:
			r.Unjudged.GrantsNotCovered++
		default:
			id := spot{user: g.id, key: g.key}.id(event.NotInCloudTrail)
			r.Alarms = append(r.Alarms, Alarm{Mismatch: event.Mismatch{
				ID: id, Told: m.toldIn(id), Code: event.NotInCloudTrail, Target: g.who, Grant: g.id,
				AccessKeyID: g.key, RoleARN: g.role, Region: g.region, Calls: 1, First: event.At(g.issued), Last: event.At(g.issued),
			}})
		}
	}
}

// covered reports whether the files tell of the account, region and time of a Grant; young is
// that they will, once more of them are there.
func (m *Match) covered(g grant) (covered, young bool) {
	for _, account := range []string{accountOf(g.role), m.accountOfUser(g.who)} {
		s, known := m.coverage.places[place{account, g.region}]
		if g.region == "" { // of an Event of an earlier release
			s, known = m.coverage.accounts[account]
		}
		switch {
		case account == "" || !known || s.first.After(g.issued.Add(-skew)):
		case s.covers(g.issued.Add(-skew), g.issued.Add(skew)):
			return true, false
		default:
			young = true
		}
	}
	return false, young
}

// cannotTell says what this run leaves open that a later one would too.
func (m *Match) cannotTell(r Report) []string {
	var why []string
	say := func(format string, args ...any) { why = append(why, fmt.Sprintf(format, args...)) }
	switch m.events {
	case 0:
		say("the files hold no events")
	case m.outside:
		say("all events of the files are outside of the time that was asked for")
	}
	if m.Next == m.First {
		say("the record has no entries")
	}
	if m.Unreadable > 0 {
		say("%d entries of the record cannot be read: run assumebot record verify", m.Unreadable)
	}
	for _, arn := range slices.Sorted(maps.Keys(m.strangers)) {
		if len(why) == maxReasons {
			say("and more")
			break
		}
		say("the record has calls by %s, which is not among the IAM users that are judged: add --iam-user %[1]s", arn)
	}
	if r.Unjudged.GrantsNotCovered > 0 {
		say("%d Grants are of an account, a region or a time of which the files do not tell", r.Unjudged.GrantsNotCovered)
	}
	if r.Unjudged.CallsTooOld > 0 {
		say("%d calls are older than what was read of the record: name the archive too, or take a later --since", r.Unjudged.CallsTooOld)
	}
	if m.full {
		say("there are so many events that some which were delivered twice may be counted twice")
	}
	return why
}

// maxReasons is as many as a person reads.
const maxReasons = 20

// toldIn is the entry that told a Mismatch first; nil where none has.
func (x *Index) toldIn(id string) *int64 {
	t, told := x.told[id]
	if !told {
		return nil
	}
	return &t.entry
}

// New are the Alarms that the record does not tell yet, and those that happened again since
// it did.
func (x *Index) New(alarms []Alarm) []Alarm {
	var out []Alarm
	for _, a := range alarms {
		if before, told := x.told[a.ID]; !told || a.Last.After(before.last) {
			out = append(out, a)
		}
	}
	return out
}

// Ended are what those Grants were used for that have ended, and of which the files tell from
// beginning to end; without those of which the record says as much already.
func (m *Match) Ended() []event.Usage {
	var out []event.Usage
	for _, g := range m.grants {
		if g.own() || !m.whole(g) {
			continue
		}
		u := g.usage()
		if calls, before := m.attached[g.id]; before && calls >= u.Calls {
			continue
		}
		out = append(out, u)
	}
	return out
}

// Usages are what all Grants were used for, so far as the files tell.
func (m *Match) Usages() []event.Usage {
	var out []event.Usage
	for _, g := range m.grants {
		if !g.own() && g.seen {
			out = append(out, g.usage())
		}
	}
	return out
}

// RecordEnd is up to when a record tells all that the bot did: of one that is written to, until
// shortly before it was read; of a copy, until its last entry.
func RecordEnd(x *Index, live bool, read time.Time) time.Time {
	if live {
		return read.Add(-skew)
	}
	return x.To
}
