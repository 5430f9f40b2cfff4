package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// told is what the record tells after a siege.
type told struct {
	*siege
	edge       tree.Edge           // of what was read
	roots      map[int64]tlog.Hash // by size
	attempts   map[string]*attempt // by ID
	open       map[string]*attempt // those without an outcome
	blocked    map[string]int64    // since which entry, by person
	byKey      map[string]*attempt // by ID of the access key that it issued
	byCall     map[string]*attempt // by STS's ID of its call
	kinds      map[event.Kind]int  // how many
	violations []string
}

// An attempt is one as the record tells it.
type attempt struct {
	intent  int64
	began   event.Event
	outcome int64
	ended   event.Event // the first that closes it
	blocked bool        // its person was, when it ended
	issued  bool        // a call of STS was found for it
}

func (a *attempt) act() event.Act { return a.began.Data.(event.IntentData).Act }

// wrong notes that something is not as it was promised.
func (d *told) wrong(format string, args ...any) {
	d.violations = append(d.violations, fmt.Sprintf(format, args...))
	d.t.Errorf(format, args...)
}

// read goes on to read the record, from the first entry to the last, and reports whether
// it could.
func (d *told) read(r *replica) bool {
	if d.roots == nil {
		d.roots, d.attempts, d.open, d.blocked = map[int64]tlog.Hash{}, map[string]*attempt{}, map[string]*attempt{}, map[string]int64{}
		d.byKey, d.byCall, d.kinds = map[string]*attempt{}, map[string]*attempt{}, map[event.Kind]int{}
	}
	for {
		entries, err := d.store.Log.Read(d.t.Context(), d.edge.Size(), 256)
		if err != nil {
			return false
		}
		if len(entries) == 0 {
			return d.edge.Size() >= r.Record.Size()
		}
		for _, e := range entries {
			if e.Number != d.edge.Size() {
				d.t.Fatalf("entry %d stands where %d should", e.Number, d.edge.Size())
			}
			ev, err := event.Decode(e.Leaf, nil)
			if err != nil {
				d.t.Fatalf("entry %d: %v", e.Number, err)
			}
			if err := d.edge.Append(tlog.RecordHash(e.Leaf)); err != nil {
				d.t.Fatal(err)
			}
			d.roots[d.edge.Size()] = d.edge.Root()
			d.take(e.Number, ev)
		}
	}
}

// take takes in an Event.
func (d *told) take(number int64, e event.Event) {
	d.kinds[e.Kind]++
	switch data := e.Data.(type) {
	case event.BlockedData:
		if _, ok := d.blocked[data.Target.ID]; !ok && data.Code == "" {
			d.blocked[data.Target.ID] = number
		}
	case event.UnblockedData:
		delete(d.blocked, data.Target.ID)
	}
	id := e.Attempt()
	switch {
	case id == "":
	case e.Kind == event.Intent:
		if d.attempts[id] != nil {
			d.wrong("entry %d begins the attempt of entry %d", number, d.attempts[id].intent)
			return
		}
		d.attempts[id] = &attempt{intent: number, began: e}
		d.open[id] = d.attempts[id]
	case d.attempts[id] == nil:
		d.wrong("entry %d (%s) closes an attempt without an intent before it", number, e.Kind)
	case d.open[id] == nil:
		a := d.attempts[id]
		d.kinds["second"]++
		if e.Kind == event.Unknown {
			d.wrong("entry %d says that nobody knows what came of entry %d, and entry %d (%s) says it", number, a.intent, a.outcome, a.ended.Kind)
		}
	default:
		d.closes(number, e, d.open[id])
		delete(d.open, id)
	}
}

// closes takes in the first Event that closes an Attempt.
func (d *told) closes(number int64, e event.Event, a *attempt) {
	a.outcome, a.ended = number, e
	_, a.blocked = d.blocked[a.began.Actor.User]
	switch data := e.Data.(type) {
	case event.GrantedData:
		d.byKey[data.AccessKeyID], d.byCall[data.STSRequestID] = a, a
	case event.FailedData:
		if data.STSRequestID != "" {
			d.byCall[data.STSRequestID] = a
		}
	}
}

// signed is the tree that a checkpoint signs.
func (d *told) signed(note []byte) (tlog.Tree, error) {
	signer, err := d.settingsOn(d.redis.URL).RecordSigner()
	if err != nil {
		return tlog.Tree{}, err
	}
	keys, err := signer.PublicKeys()
	if err != nil {
		return tlog.Tree{}, err
	}
	c, err := keys.Check(note, signer.Origin())
	return c.Tree(), err
}

// check compares the record with what AWS did, what people saw and what was signed.
func (d *told) check() {
	for _, c := range d.issued() {
		d.checkCall(c)
	}
	d.saw.mu.Lock()
	defer d.saw.mu.Unlock()
	for key, people := range d.saw.shown {
		d.checkShown(key, people)
	}
	for _, note := range d.notes {
		switch tree, err := d.signed(note); {
		case err != nil:
			d.wrong("a checkpoint that was seen: %v", err)
		case tree.N > 0 && d.roots[tree.N] != tree.Hash:
			d.wrong("the checkpoint of %d entries is not of those that are there", tree.N)
		}
	}
	if d.kinds[event.Granted] == 0 || len(d.saw.shown) == 0 {
		d.wrong("nobody got anything: that shows nothing")
	}
}

// issued are the calls of STS that issued something, oldest first.
func (d *told) issued() []awstest.Call {
	return slices.DeleteFunc(d.aws.Calls(), func(c awstest.Call) bool {
		return c.Status != http.StatusOK || c.Action != "AssumeRole" && c.Action != "GetSessionToken"
	})
}

// checkCall finds the Attempt that a call was made for. That of a process that was killed
// is known by its person, method and role alone.
func (d *told) checkCall(c awstest.Call) {
	if a := d.byCall[c.RequestID]; a != nil {
		a.issued = true
		if a.began.Time.After(c.Time) {
			d.wrong("entry %d, the intent of a call to %s, was written after it", a.intent, c.Action)
		}
		return
	}
	var found *attempt
	for _, a := range d.attempts {
		if !a.issued && a.mayBe(c) && (found == nil || a.intent > found.intent) {
			found = a
		}
	}
	if found == nil {
		d.wrong("STS answered %s of %s at %s, and there is no intent for it", c.Action, person(c), c.Time)
		return
	}
	found.issued = true
}

// mayBe reports whether a call may be that of an Attempt whose outcome does not name it.
func (a *attempt) mayBe(c awstest.Call) bool {
	switch data := a.ended.Data.(type) {
	case event.GrantedData, event.NotActedData:
		return false
	case event.FailedData:
		if data.STSRequestID != "" {
			return false
		}
	}
	act := a.act()
	return act.Method == c.Action && act.RoleARN == c.Params.Get("RoleArn") && a.began.Actor.Name == person(c) && !a.began.Time.After(c.Time)
}

// person is whose call it is.
func person(c awstest.Call) string {
	if serial := c.Params.Get("SerialNumber"); serial != "" {
		return serial[strings.LastIndexByte(serial, '/')+1:]
	}
	return c.Params.Get("RoleSessionName")
}

// checkShown checks that credentials which people saw were told of before, and were theirs.
func (d *told) checkShown(key string, people []string) {
	a := d.byKey[key]
	switch {
	case a == nil:
		d.wrong("%v saw credentials %s, whose outcome is not on the record", people, key)
	case len(people) != 1 || people[0] != a.began.Actor.User:
		d.wrong("%v saw credentials %s of %s", people, key, a.began.Actor.User)
	case a.blocked:
		d.wrong("%v saw credentials %s (entry %d) and was blocked before", people, key, a.outcome)
	}
}

// table is the run in figures.
func (d *told) table() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	rows := []struct {
		name  string
		value any
	}{
		{"kills of bots", d.kills - d.redisKills},
		{"kills of redis-server", d.redisKills},
		{"gave up at start", d.gaveUp},
		{"requests", d.saw.requests.Load()},
		{"issued by STS", len(d.issued())},
		{"seen by their person", len(d.saw.shown)},
		{"granted", d.kinds[event.Granted]},
		{"failed", d.kinds[event.Failed]},
		{"unknown", d.kinds[event.Unknown]},
		{"not acted", d.kinds[event.NotActed]},
		{"second outcomes", d.kinds["second"]},
		{"entries", d.edge.Size()},
		{"checkpoints", len(d.notes)},
		{"violations", len(d.violations)},
	}
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%v\t\n", r.name, r.value)
	}
	_ = w.Flush()
	return b.String()
}
