package state

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/event"
)

// A story is Events one after the other, told to a state.
type story struct {
	*State
	n   int64
	now time.Time
}

func newStory() *story {
	return &story{State: New(), now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
}

// by is that a person did something by a Request; it returns its number.
func (s *story) by(user, request string, data event.Payload) int64 {
	s.Apply(s.n, event.Event{
		ID: fmt.Sprint("e", s.n), Time: s.now, Kind: data.Kind(), Request: request, Actor: event.Actor{User: user}, Data: data,
	}, s.now)
	s.n++
	return s.n - 1
}

// grants is that a Request was granted, as of its outcome.
func (s *story) grants(user, request string, act event.Act) int64 {
	act.Attempt = "a-" + request
	s.by(user, request, event.IntentData{Act: act})
	return s.by(user, request, event.GrantedData{Act: act, Issued: event.Issued{AccessKeyID: "ASIA", Expires: event.At(s.now.Add(time.Hour))}})
}

// restarted is what a replica knows that has read the restatement alone.
func (s *story) restarted() *story {
	fresh := newStory()
	fresh.n, fresh.now = s.n+1, s.now
	fresh.Apply(s.n, event.Event{Kind: event.Restated, Data: s.restatement(s.n - 1)}, s.now)
	return fresh
}

func target(user string) event.Order { return event.Order{Target: event.Person{ID: user}} }

func TestAnOrderIsLiftedByTheEventThatNamesItAlone(t *testing.T) {
	s := newStory()
	s.by("UADMIN", "r1", event.BlockedData{Order: target("UBOB")})
	s.by("UADMIN", "r2", event.PausedData{})
	for _, ends := range []string{"", "r3"} {
		o := target("UBOB")
		o.Ends = ends
		s.by("UADMIN", "r4", event.UnblockedData{Order: o})
		s.by("UADMIN", "r5", event.ResumedData{Order: event.Order{Ends: ends}})
	}
	if s.blocks["UBOB"].ID != "r1" || s.pause == nil {
		t.Errorf("got block %v and pause %v, want that both stand: others were ended", s.blocks, s.pause)
	}
	o := target("UBOB")
	o.Ends, o.Code = "r1", "order_not_ended"
	s.by("UADMIN", "r6", event.UnblockedData{Order: o})
	if s.blocks["UBOB"].ID != "r1" {
		t.Error("it was lifted by an Event that says that it was not")
	}
	o.Code = ""
	s.by("UADMIN", "r7", event.UnblockedData{Order: o})
	s.by("UADMIN", "r8", event.ResumedData{Order: event.Order{Ends: "r2"}})
	if len(s.blocks) > 0 || s.pause != nil {
		t.Errorf("got block %v and pause %v, want neither", s.blocks, s.pause)
	}
}

func TestARemovedKeyIsRemembered(t *testing.T) {
	s := newStory()
	change := func(request, fingerprint string) int64 {
		act := event.Act{Attempt: "a-" + request, Key: fingerprint}
		s.by("UALICE", request, event.IntentData{Act: act})
		return s.by("UALICE", request, event.KeyChangedData{Act: act})
	}
	change("r1", "SHA256:one")
	n := change("r2", "")
	for what, s := range map[string]*story{"read": s, "restated": s.restarted()} {
		if got, ok := s.keys["UALICE"]; !ok || got != (Key{Entry: n}) {
			t.Errorf("%s: got %v, %t, want that there is none since %d", what, got, ok, n)
		}
	}
}

// TestAChangeOfKeyThatComesSecondChangesNothing: its owner woke up after somebody closed
// the Attempt, and told the store nothing.
func TestAChangeOfKeyThatComesSecondChangesNothing(t *testing.T) {
	s := newStory()
	act := event.Act{Attempt: "a", Key: "SHA256:one"}
	s.by("UALICE", "r1", event.IntentData{Act: act})
	s.by("", "r1", event.UnknownData{Act: act})
	s.by("UALICE", "r1", event.KeyChangedData{Act: act})
	if k, ok := s.keys["UALICE"]; ok {
		t.Errorf("got %v, want no key", k)
	}
}

func TestWhatWasIssuedEnds(t *testing.T) {
	prod := event.Act{Account: "prod", RoleARN: "arn:prod"}
	for _, c := range []struct {
		what    string
		ends    func(s *story)
		grant   Ending
		session bool // the MFA session ended
		others  bool // Bob's and of dev
	}{
		{what: "nothing", ends: func(*story) {}},
		{
			what:  "ended",
			ends:  func(s *story) { s.by("UALICE", "r", event.EndedData{Given: event.Given{Grant: "g1"}}) },
			grant: Gone, session: true,
		},
		{
			what:    "its MFA session ended",
			ends:    func(s *story) { s.by("UALICE", "r", event.EndedData{Given: event.Given{Purpose: "mfa_session"}}) },
			session: true,
		},
		{
			what:  "about to be revoked",
			ends:  func(s *story) { s.by("UALICE", "r", event.RevokingData{Account: "prod", RoleARN: "arn:prod"}) },
			grant: Unusable, session: true,
		},
		{
			what:  "about to be revoked by another name of the role",
			ends:  func(s *story) { s.by("UALICE", "r", event.RevokingData{Account: "prod2", RoleARN: "arn:prod"}) },
			grant: Unusable, session: true,
		},
		{
			what:    "another account is revoked",
			ends:    func(s *story) { s.by("UALICE", "r", event.RevokingData{Account: "stage"}) },
			session: true,
		},
		{
			what: "revoked",
			ends: func(s *story) {
				s.by("UALICE", "r", event.RevokingData{Account: "prod", RoleARN: "arn:prod"})
				s.by("UALICE", "r", event.RevokedData{Account: "prod", RoleARN: "arn:prod"})
			},
			grant: Gone, session: true,
		},
		{
			what: "not revoked, since AWS could not be told",
			ends: func(s *story) {
				s.by("UALICE", "r", event.RevokingData{Account: "prod"})
				s.by("UALICE", "r", event.RevokedData{Account: "prod", Failure: event.Failure{Code: "revoker"}})
			},
			grant: Unusable, session: true,
		},
		{
			what: "revoked by an admin, all of it",
			ends: func(s *story) {
				s.by("UADMIN", "r", event.RevokingData{Target: event.Person{ID: "UALICE"}})
				s.by("UADMIN", "r", event.RevokedData{Account: "prod", Target: event.Person{ID: "UALICE"}})
			},
			grant: Gone, session: true,
		},
		{
			what: "thrown away unseen after it was kept",
			ends: func(s *story) {
				act := prod
				act.Attempt = "a-g1"
				s.by("UALICE", "g1", event.FailedData{Act: act, Issued: event.Issued{AccessKeyID: "ASIA"}, Failure: event.Failure{Code: "blocked"}})
			},
			grant: Gone,
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			s := newStory()
			session := s.grants("UALICE", "m1", event.Act{Purpose: "mfa_session"})
			grant := s.grants("UALICE", "g1", prod)
			bobs := s.grants("UBOB", "g2", prod)
			c.ends(s)
			later := s.grants("UALICE", "g3", prod)
			next := s.grants("UALICE", "m2", event.Act{Purpose: "mfa_session"})
			for _, s := range []*story{s, s.restarted()} {
				held := func(user, id string, entry int64) Held {
					return Held{ID: id, User: user, Account: "prod", RoleARN: "arn:prod", Entry: entry}
				}
				got := []any{
					s.endings.grant(held("UALICE", "g1", grant)), s.endings.grant(held("UALICE", "g1", 0)), s.session(held("UALICE", "m1", session)),
					s.endings.grant(held("UBOB", "g2", bobs)), s.endings.grant(held("UALICE", "g3", later)), s.session(held("UALICE", "m2", next)),
				}
				if diff := cmp.Diff([]any{c.grant, c.grant, c.session, Lives, Lives, false}, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestAnMFASessionThatIsEndedWhileItBeginsNeverBegins(t *testing.T) {
	s := newStory()
	act := event.Act{Attempt: "a", Purpose: "mfa_session"}
	s.by("UALICE", "m1", event.IntentData{Act: act})
	s.by("UALICE", "r", event.EndedData{Given: event.Given{Purpose: "mfa_session"}})
	n := s.by("UALICE", "m1", event.GrantedData{Act: act})
	for what, s := range map[string]*story{"read": s, "restated": s.restarted()} {
		if !s.session(Held{ID: "m1", User: "UALICE", Entry: n}) {
			t.Errorf("%s: it lives", what)
		}
	}
}

func TestAnApprovalIsUsedOnceAndGivenBackWhereNothingWasIssued(t *testing.T) {
	act := func(attempt string) event.Act { return event.Act{Attempt: attempt, Approval: "ap"} }
	for _, c := range []struct {
		what    string
		closes  event.Payload
		request string // that uses it afterwards; "": it is free
	}{
		{"granted", event.GrantedData{Act: act("a1")}, "r1"},
		{"AWS refused", event.FailedData{Act: act("a1"), Failure: event.Failure{Code: "wrong_code"}}, ""},
		{"nobody knows", event.FailedData{Act: act("a1"), Failure: event.Failure{Code: "outcome_unknown"}}, "r1"},
		{"issued and thrown away", event.FailedData{Act: act("a1"), Issued: event.Issued{AccessKeyID: "ASIA"}}, "r1"},
		{"closed by another", event.UnknownData{Act: act("a1")}, "r1"},
		{"never asked", event.NotActedData{Act: act("a1")}, ""},
	} {
		s := newStory()
		s.by("UALICE", "r1", event.IntentData{Act: act("a1")})
		s.by("UALICE", "r2", event.IntentData{Act: act("a2")})
		if got := s.approvals["ap"].Request; got != "r1" {
			t.Errorf("%s: got %q as the one that uses it, want the first", c.what, got)
		}
		s.by("UALICE", "r1", c.closes)
		if got := s.approvals["ap"].Request; got != c.request {
			t.Errorf("%s: got %q, want %q", c.what, got, c.request)
		}
		if _, ok := s.restarted().approvals["ap"]; ok != (c.request != "") {
			t.Errorf("%s, restated: got used %t", c.what, ok)
		}
	}
}

// TestTheStateGrowsWithPeopleAndWithWhatWasEnded: 100,000 Requests leave nothing.
func TestTheStateGrowsWithPeopleAndWithWhatWasEnded(t *testing.T) {
	const people, requests, ended = 50, 100_000, 20
	s := newStory()
	for i := range requests {
		user, id := fmt.Sprintf("U%03d", i%people), fmt.Sprint("r", i)
		s.now = s.now.Add(time.Second)
		s.by(user, id, event.RefusedData{})
		s.grants(user, id, event.Act{Account: "prod"})
		s.by(user, id, event.ShownData{Given: event.Given{Grant: id}})
		if i >= requests-ended {
			s.by(user, id, event.EndedData{Given: event.Given{Grant: id, Issued: event.Issued{Expires: event.At(s.now.Add(time.Hour))}}})
		}
		if i%1000 == 0 { // long over at the end, but for the last
			s.by("UADMIN", id, event.RevokingData{Target: event.Person{ID: user}})
			s.by(user, id, event.LockedOutData{Until: event.At(s.now.Add(15 * time.Minute))})
			s.by("UADMIN", id+"b", event.BlockedData{Order: target(user)})
			o := target(user)
			o.Ends = id + "b"
			s.by("UADMIN", id+"c", event.UnblockedData{Order: o})
		}
	}
	kept := func() int {
		return len(s.open) + len(s.blocks) + len(s.lockOuts) + len(s.keys) + len(s.lifted) +
			len(s.ended) + len(s.unbegun) + len(s.sessions) + len(s.taken) + len(s.approvals)
	}
	if got := len(s.ended); got != ended {
		t.Errorf("got %d ended Grants, want the %d that would still run", got, ended)
	}
	if got, most := kept(), 3*people+ended+requests/1000+people; got > most {
		t.Errorf("the state keeps %d things after %d Requests, want at most %d", got, requests, most)
	}
	s.now = s.now.Add(73 * time.Hour)
	s.by("UALICE", "last", event.RefusedData{})
	if got := kept(); got != 0 {
		t.Errorf("three days later it still keeps %d", got)
	}
}

func TestWhatWasLiftedSinceARestatementStaysLifted(t *testing.T) {
	r, n := newRestricted(), int64(0)
	now := time.Now()
	apply := func(data event.Payload) {
		r.restrict(n, event.Event{Kind: data.Kind(), Request: fmt.Sprint("r", n), Actor: event.Actor{User: "UADMIN"}, Data: data}, now)
		n++
	}
	of := event.Order{Target: event.Person{ID: "UBOB"}}
	lifts := of
	lifts.Ends = "r0"
	apply(event.BlockedData{Order: of})
	apply(event.PausedData{})
	restated := r.restatement(n - 1)
	apply(event.UnblockedData{Order: lifts})
	apply(event.ResumedData{Order: event.Order{Ends: "r1"}})
	apply(restated)
	if len(r.blocks) != 0 || r.pause != nil {
		t.Errorf("got %v and %v, want nothing", r.blocks, r.pause)
	}
}

// pauses is that a pause was given by a Request; life 0: one without an end.
func (s *story) pauses(request string, life time.Duration) {
	d := event.PausedData{}
	if life > 0 {
		d.Until = event.At(s.now.Add(life))
	}
	s.by("UADMIN", request, d)
}

// standing is the Request of the pause that stands now; "" where none does.
func (s *story) standing() string {
	if _, p := s.Standing().Orders(""); p != nil && !p.Over(s.now) {
		return p.ID
	}
	return ""
}

func TestAPauseWithAnEndIsOverThenAndForWhoeverStartsLater(t *testing.T) {
	s := newStory()
	s.pauses("r1", 10*time.Minute)
	until := s.now.Add(10 * time.Minute)
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{0, "r1"}, {10*time.Minute - time.Millisecond, "r1"}, {10 * time.Minute, ""}} {
		s.now = until.Add(c.after - 10*time.Minute)
		fresh := s.restarted()
		if s.standing() != c.want || fresh.standing() != c.want {
			t.Errorf("after %s: got %q, and %q by the restatement, want %q", c.after, s.standing(), fresh.standing(), c.want)
		}
		if _, p := fresh.Standing().Orders(""); c.want != "" && !p.Until.Equal(until) {
			t.Errorf("the restatement says until %s, want %s", p.Until, until)
		}
	}
	if d := s.Restatement(s.n, s.now); d.Pause != nil {
		t.Errorf("got %+v restated, want nothing that is over", d.Pause)
	}
	s.by("UALICE", "r2", event.RefusedData{})
	if s.pause != nil {
		t.Error("it is still kept")
	}
}

func TestAPauseWithAnEndTakesThePlaceOfNoneThatEndsLater(t *testing.T) {
	const short, long = time.Minute, time.Hour
	for name, c := range map[string]struct {
		lives []time.Duration // of the pauses, one after the other; 0: without an end
		want  string
	}{
		"an admin's, then one with an end": {[]time.Duration{0, short}, "r0"},
		"one with an end, then an admin's": {[]time.Duration{short, 0}, "r1"},
		"a longer one, then a shorter":     {[]time.Duration{long, short}, "r0"},
		"a shorter one, then a longer":     {[]time.Duration{short, long}, "r1"},
		"an admin's, then another's":       {[]time.Duration{0, 0}, "r1"},
	} {
		s := newStory()
		for i, life := range c.lives {
			s.pauses(fmt.Sprint("r", i), life)
		}
		// What was before the last one is known from a restatement that comes after it.
		later, last := newStory(), s.lastOf(c.lives)
		later.BeginAt(s.n - 1)
		later.n = s.n - 1
		later.by("UADMIN", fmt.Sprint("r", len(c.lives)-1), last)
		later.Apply(later.n, event.Event{Kind: event.Restated, Data: s.restatement(later.n - 1)}, s.now)
		if s.standing() != c.want || later.standing() != c.want {
			t.Errorf("%s: got %q, and %q for whoever started later, want %q", name, s.standing(), later.standing(), c.want)
		}
	}
}

func (s *story) lastOf(lives []time.Duration) (d event.PausedData) {
	if life := lives[len(lives)-1]; life > 0 {
		d.Until = event.At(s.now.Add(life))
	}
	return d
}

// TestARestatementThatKnowsNoEndLeavesTheEndOfAPauseThatWasRead is of one by the release before.
func TestARestatementThatKnowsNoEndLeavesTheEndOfAPauseThatWasRead(t *testing.T) {
	s := newStory()
	s.pauses("r1", time.Minute)
	d := s.restatement(s.n - 1)
	d.Pause.Until = event.Time{}
	s.by("", "", d)
	if s.now = s.now.Add(time.Minute); s.standing() != "" {
		t.Error("the pause has no end any more")
	}
}
