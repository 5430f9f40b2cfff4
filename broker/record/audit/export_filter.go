package audit

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/entry"
)

// A Filter chooses entries by what they tell; its zero value chooses all.
type Filter struct {
	Since, Until time.Time // by the time in the Event, Since with and Until without it; zero: any
	User         string    // Slack ID or name in the config, of who did it or whom it is about; "": any
	Account      string    // its name; "": any
	Kind         event.Kind
}

// String says what it chooses, as the flags that ask for it; "" of all.
func (f Filter) String() string {
	var said []string
	say := func(flag, value string) {
		if value != "" {
			said = append(said, "--"+flag+" "+value)
		}
	}
	if !f.Since.IsZero() {
		say("since", f.Since.UTC().Format(time.RFC3339))
	}
	if !f.Until.IsZero() {
		say("until", f.Until.UTC().Format(time.RFC3339))
	}
	say("user", f.User)
	say("account", f.Account)
	say("kind", string(f.Kind))
	return strings.Join(said, " ")
}

// keeps reports whether e is chosen. What cannot be read is: somebody has to look at it.
func (f Filter) keeps(e entry.Entry) bool {
	if f == (Filter{}) {
		return true
	}
	ev, err := event.Decode(e.Leaf, e.Aside)
	if err != nil {
		return true
	}
	return (f.Kind == "" || ev.Kind == f.Kind) &&
		(f.Since.IsZero() || !ev.Time.Before(f.Since)) &&
		(f.Until.IsZero() || ev.Time.Before(f.Until)) &&
		f.about(e.Leaf, ev)
}

// about reports whether an Event is about the User and the Account.
func (f Filter) about(leaf []byte, ev event.Event) bool {
	if old, ok := ev.Data.(event.ImportedData); ok { // of a form of its own
		entry := old.Bytes()
		return entry == nil || holds(entry, f.User) && holds(entry, f.Account)
	}
	var tells struct {
		Data struct {
			Account string       `json:"account"`
			Target  event.Person `json:"target"`
		} `json:"data"`
	}
	if json.Unmarshal(leaf, &tells) != nil {
		return true
	}
	d := tells.Data
	user := f.User == "" || f.User == ev.Actor.User || f.User == ev.Actor.Name || f.User == d.Target.ID || f.User == d.Target.Name
	return user && (f.Account == "" || f.Account == d.Account)
}

func holds(entry []byte, value string) bool {
	quoted, err := json.Marshal(value)
	return value == "" || err != nil || bytes.Contains(entry, quoted)
}
