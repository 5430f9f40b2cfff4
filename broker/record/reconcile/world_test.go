package reconcile_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/cloudtrail"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/reconcile"
)

const (
	hub, prod  = "111111111111", "222222222222"
	aliceARN   = "arn:aws:iam::111111111111:user/alice"
	aliceID    = "AIDAALICE00000000000"
	aliceKey   = "AKIAALICE00000000000"
	onCall     = "arn:aws:iam::222222222222:role/OnCall"
	region     = "eu-west-1"
	botAddress = "192.0.2.10"
	thief      = "203.0.113.9"
	botAgent   = "aws-sdk-go-v2/1.39 ua/2.1 app/assumebot"
)

var (
	alice = event.Person{ID: "U01ALICE", Name: "alice"}
	noon  = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
)

// a shelf is a record as a source has it; what is nil cannot be read.
type shelf struct {
	first  int64
	leaves [][]byte
}

func (s *shelf) Checkpoint(context.Context) ([]byte, error) { return nil, nil }
func (s *shelf) Bounds(context.Context) (int64, int64, error) {
	return s.first, s.first + int64(len(s.leaves)), nil
}
func (s *shelf) Asides(context.Context, []int64) (map[int64][]byte, error)  { return nil, nil }
func (s *shelf) Tiles(context.Context, []string) (map[string][]byte, error) { return nil, nil }
func (s *shelf) Read(_ context.Context, from int64, limit int) ([]entry.Entry, error) {
	var out []entry.Entry
	for n := max(from, s.first); n < s.first+int64(len(s.leaves)) && len(out) < limit; n++ {
		out = append(out, entry.Entry{Number: n, Sealed: entry.Sealed{Leaf: s.leaves[n-s.first]}})
	}
	return out, nil
}

// a world is a record, what CloudTrail has, and who is judged.
type world struct {
	t      *testing.T
	record shelf
	events []cloudtrail.Event
	users  []reconcile.User
	window reconcile.Window
	last   int // for IDs
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, users: []reconcile.User{{ARN: aliceARN, Who: alice, Keys: []string{aliceKey}}}}
	w.window.RecordUntil = noon.Add(24 * time.Hour)
	w.note(noon.Add(-48*time.Hour), "", event.OpenedData{Origin: "example.com/a"})
	// Other things happen there, before and after, so that the trail covers the time.
	for _, account := range []string{hub, prod} {
		for _, at := range []time.Time{noon.Add(-24 * time.Hour), noon.Add(24 * time.Hour)} {
			w.events = append(w.events, cloudtrail.Event{
				ID: w.id("other"), Time: at, Source: "ec2.amazonaws.com", Name: "DescribeInstances", Region: region, Account: account,
				Identity: cloudtrail.Identity{Type: "AssumedRole", AccessKeyID: "ASIAOTHER"},
			})
		}
	}
	return w
}

func (w *world) id(of string) string {
	w.last++
	return fmt.Sprintf("%s-%d", of, w.last)
}

// note puts an Event on the record.
func (w *world) note(at time.Time, request string, data event.Payload) {
	w.t.Helper()
	e := event.Event{ID: w.id("e"), Time: at, Request: request, Data: data, Actor: event.Actor{User: alice.ID, Name: alice.Name}}
	leaf, _, err := e.Encode()
	if err != nil {
		w.t.Fatal(err)
	}
	w.record.leaves = append(w.record.leaves, leaf)
}

// grant puts intent and outcome of an AssumeRole on the record.
func (w *world) grant(at time.Time, name string) {
	act := event.Act{Attempt: "attempt-" + name, Account: "prod", RoleARN: onCall, Purpose: "show", Method: "AssumeRole", MFA: true}
	w.note(at, name, event.IntentData{Act: act})
	w.note(at.Add(time.Second), name, event.GrantedData{Act: act, Issued: event.Issued{
		AccessKeyID: "ASIA" + name, Expires: event.At(at.Add(time.Hour)), STSRequestID: "request-" + name, STSRegion: region,
	}})
}

// assume is the bot's call for a Grant, as CloudTrail has it in the account of alice.
func (w *world) assume(at time.Time, name string) cloudtrail.Event {
	return cloudtrail.Event{
		ID: w.id("assume"), RequestID: "request-" + name, Time: at, Source: cloudtrail.STS, Name: "AssumeRole", Region: region, Account: hub,
		Address: botAddress, Agent: botAgent, RoleARN: onCall, SessionName: "alice", IssuedKeyID: "ASIA" + name,
		Identity: cloudtrail.Identity{Type: "IAMUser", PrincipalID: aliceID, ARN: aliceARN, AccountID: hub, AccessKeyID: aliceKey},
	}
}

// atRole is the copy of a call in the account of the role, which does not name the user.
func (w *world) atRole(e cloudtrail.Event) cloudtrail.Event {
	e.ID, e.Account = w.id("copy"), prod
	e.Identity = cloudtrail.Identity{Type: "AWSAccount", PrincipalID: e.Identity.PrincipalID, AccountID: hub}
	return e
}

// stolen is a call with alice's key from elsewhere.
func (w *world) stolen(at time.Time, source, call string) cloudtrail.Event {
	e := w.assume(at, w.id("thief"))
	e.Source, e.Name, e.Address, e.Agent = source, call, thief, "aws-cli/2.9"
	if source != cloudtrail.STS || call != "AssumeRole" {
		e.RoleARN, e.IssuedKeyID = "", ""
	}
	return e
}

// used is a call with a Grant's credentials.
func (w *world) used(at time.Time, name, source string) cloudtrail.Event {
	return cloudtrail.Event{
		ID: w.id("used"), RequestID: w.id("r"), Time: at, Source: source, Name: "Call", Region: region, Account: prod, Address: "198.51.100.7",
		Identity: cloudtrail.Identity{Type: "AssumedRole", ARN: "arn:aws:sts::222222222222:assumed-role/OnCall/alice", AccessKeyID: "ASIA" + name},
	}
}

func (w *world) tell(events ...cloudtrail.Event) { w.events = append(w.events, events...) }

func (w *world) match() *reconcile.Match {
	w.t.Helper()
	x, err := reconcile.Read(context.Background(), w.window.Since, &w.record)
	if err != nil {
		w.t.Fatal(err)
	}
	m := reconcile.NewMatch(x, w.users, w.window)
	for _, e := range w.events {
		m.Take(e)
	}
	return m
}

func (w *world) report() reconcile.Report {
	w.t.Helper()
	return w.match().Report(1, true)
}

// codes are those of the alarms and the notes, each with how many calls it is of.
func codes(r reconcile.Report) (alarms, notes map[string]int64) {
	alarms, notes = map[string]int64{}, map[string]int64{}
	for _, a := range r.Alarms {
		alarms[a.Code] += a.Calls
	}
	for _, n := range r.Notes {
		notes[n.Code] += n.Calls
	}
	return alarms, notes
}
