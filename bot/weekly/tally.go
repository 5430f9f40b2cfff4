package weekly

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit"
	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/text"
)

// Bounds of what is counted one by one: the rest is counted together.
const (
	mostAccounts = 500
	mostPeople   = 1000
	mostAsked    = 2000
	mostGlasses  = 20
	mostName     = 100 // characters of a name
)

// Counts are those of one account, one person or all.
type Counts struct {
	Grants     int `json:"g,omitempty"`
	Refused    int `json:"r,omitempty"` // by the bot
	Failed     int `json:"f,omitempty"` // AWS refused, or nobody knows what it did
	BreakGlass int `json:"b,omitempty"` // grants by break-glass
}

// Sum is all of them together.
func (c Counts) Sum() int { return c.Grants + c.Refused + c.Failed }

func (c *Counts) add(o Counts) {
	c.Grants, c.Refused, c.Failed, c.BreakGlass = c.Grants+o.Grants, c.Refused+o.Refused, c.Failed+o.Failed, c.BreakGlass+o.BreakGlass
}

// A Glass is one use of break-glass.
type Glass struct {
	Entry   int64     `json:"entry"`
	Who     string    `json:"who"`
	Account string    `json:"account"`
	At      time.Time `json:"at"`
}

// A Tally is what happened in a time.
type Tally struct {
	All      Counts            `json:"all"`
	Accounts map[string]Counts `json:"accounts,omitempty"` // of those in the config
	People   map[string]Counts `json:"people,omitempty"`   // by Slack user ID
	Names    map[string]string `json:"names,omitempty"`    // of people
	Glasses  []Glass           `json:"glasses,omitempty"`  // the first ones
	Revoked  int               `json:"revoked,omitempty"`  // and ended
	LockOuts int               `json:"lock_outs,omitempty"`
	Blocks   int               `json:"blocks,omitempty"` // and pauses
	Denied   int               `json:"denied,omitempty"` // Approvals
	Broken   int               `json:"broken,omitempty"` // entries that cannot be read
	// Asked are the accounts of the config that anybody asked for, and when the last time.
	Asked map[string]time.Time `json:"asked,omitempty"`
	// Crowded says that they are more than are noted.
	Crowded bool `json:"crowded,omitempty"`
}

// known reports whether the config has an Account.
type known func(account string) bool

// count takes in one entry.
func (t *Tally) count(f record.Followed, is known) {
	if f.Broken != "" {
		t.Broken++
		return
	}
	e, about := f.Event, f.Event.About()
	t.asked(e, about.Account, is)
	var one Counts
	switch e.Kind {
	case event.Granted:
		if f.Late || about.Purpose == string(broker.PurposeMFASession) {
			return
		}
		one.Grants = 1
		if about.BreakGlass {
			one.BreakGlass = 1
			t.glass(f, about)
		}
	case event.Refused:
		if about.Failure.Code == string(broker.CodeNeedsApproval) {
			return // it is asked for
		}
		one.Refused = 1
	case event.Failed, event.Unknown:
		if f.Late {
			return
		}
		one.Failed = 1
	default:
		t.countOther(e)
		return
	}
	t.All.add(one)
	if is(about.Account) {
		add(&t.Accounts, about.Account, one, mostAccounts)
	}
	if who := e.Actor.User; who != "" && add(&t.People, who, one, mostPeople) {
		if t.Names == nil {
			t.Names = map[string]string{}
		}
		t.Names[who] = shown(e.Actor.Name)
	}
}

func (t *Tally) countOther(e event.Event) {
	switch e.Kind {
	case event.Revoked, event.Ended:
		t.Revoked++
	case event.LockedOut:
		t.LockOuts++
	case event.Blocked, event.Paused:
		t.Blocks++
	case event.Approval:
		if p, _ := e.Data.(event.ApprovalData); p.State == "denied" {
			t.Denied++
		}
	}
}

func (t *Tally) asked(e event.Event, account string, is known) {
	switch e.Kind {
	case event.Intent, event.Granted, event.Refused, event.Failed, event.Approval:
	default:
		return
	}
	if account == "" || !is(account) {
		return
	}
	if t.Asked == nil {
		t.Asked = map[string]time.Time{}
	}
	if _, there := t.Asked[account]; !there && len(t.Asked) >= mostAsked {
		t.Crowded = true
		return
	}
	if e.Time.After(t.Asked[account]) {
		t.Asked[account] = e.Time
	}
}

func (t *Tally) glass(f record.Followed, about event.About) {
	if len(t.Glasses) < mostGlasses {
		who := blockkit.Named(shown(f.Event.Actor.Name), f.Event.Actor.User)
		t.Glasses = append(t.Glasses, Glass{Entry: f.Number, Who: who, Account: about.Account, At: f.Event.Time})
	}
}

// add counts under a name, unless there are too many names.
func add(in *map[string]Counts, name string, one Counts, most int) bool {
	if *in == nil {
		*in = map[string]Counts{}
	}
	c, there := (*in)[name]
	if !there && len(*in) >= most {
		return false
	}
	c.add(one)
	(*in)[name] = c
	return true
}

func shown(name string) string { return blockkit.Shortened(text.OneLine(name), mostName) }

// A line is the counts of one name.
type line struct {
	Name string
	Counts
}

// most are those with most, and what is left of all is counted as the rest.
func most(of map[string]Counts, all Counts, n int, named func(string) string) (lines []line, rest Counts) {
	names := slices.SortedFunc(maps.Keys(of), func(a, b string) int {
		return cmp.Or(cmp.Compare(of[b].Sum(), of[a].Sum()), cmp.Compare(a, b))
	})
	rest = all
	for _, name := range names[:min(len(names), n)] {
		c := of[name]
		lines = append(lines, line{named(name), c})
		rest.add(Counts{-c.Grants, -c.Refused, -c.Failed, -c.BreakGlass})
	}
	return lines, rest
}

// cleaned is t as it was read back from the store, where others may write, made fit to be
// shown and counted on.
func (t Tally) cleaned() Tally {
	names, people, accounts, asked := map[string]string{}, map[string]Counts{}, map[string]Counts{}, map[string]time.Time{}
	for id, name := range t.Names {
		names[shown(id)] = shown(name)
	}
	for id, c := range t.People {
		add(&people, shown(id), c.cleaned(), mostPeople)
	}
	for account, c := range t.Accounts {
		add(&accounts, shown(account), c.cleaned(), mostAccounts)
	}
	for account, at := range t.Asked {
		asked[shown(account)] = at
	}
	t.Names, t.People, t.Accounts, t.Asked, t.All = names, people, accounts, asked, t.All.cleaned()
	t.Glasses = t.Glasses[:min(len(t.Glasses), mostGlasses)]
	for i, g := range t.Glasses {
		t.Glasses[i].Who, t.Glasses[i].Account, t.Glasses[i].Entry = shown(g.Who), shown(g.Account), max(g.Entry, 0)
	}
	for _, n := range []*int{&t.Revoked, &t.LockOuts, &t.Blocks, &t.Denied, &t.Broken} {
		*n = clamped(*n)
	}
	return t
}

func (c Counts) cleaned() Counts {
	return Counts{clamped(c.Grants), clamped(c.Refused), clamped(c.Failed), clamped(c.BreakGlass)}
}

func clamped(n int) int { return min(max(n, 0), 1<<40) }
