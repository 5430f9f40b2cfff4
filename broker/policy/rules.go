package policy

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// Who may have an Account is said by lists of names: Slack user IDs (U…, W…),
// Slack user group IDs (S…), groups of the config, and "*" for every User.

// Rules say who may have an Account, and when. The zero Rules are for nobody.
type Rules struct {
	Deny       []string // whoever is named here may not, whatever else is said
	Allow      []Rule
	BreakGlass []string        // may have it without the approval, for an emergency
	Approval   *ApprovalPolicy // nil: whoever is allowed needs nobody else
	Channels   []string        // Slack channel IDs from which it may be asked; none: from anywhere
	Hours      *Hours          // nil: always
	Reason     ReasonPolicy
}

// Allowed is everybody whom some rule of Allow names.
func (r Rules) Allowed() []string {
	var who []string
	for _, rule := range r.Allow {
		who = append(who, rule.Who...)
	}
	return who
}

// A Rule allows whom it names.
type Rule struct {
	Who    []string
	Max    time.Duration // longest that it allows; 0: as long as the Account does
	OnCall bool          // who is on call needs no approval
}

// An ApprovalPolicy says who must approve a Request before it is served.
type ApprovalPolicy struct {
	Approvers []string
	Count     int           // how many of them
	Expires   time.Duration // how long a Request waits for them
}

// Bounds of how long a Request waits for approval, and how long an approval can
// be used.
const (
	DefaultApprovalWait = 30 * time.Minute
	MinApprovalWait     = time.Minute
	MaxApprovalWait     = 24 * time.Hour
	ApprovalUse         = time.Hour
)

// A ReasonPolicy says whether a Request needs a reason.
type ReasonPolicy struct {
	Required bool
	Pattern  *regexp.Regexp // that the reason must match; nil: any will do
}

// Hours are when an Account may be had, in the wall clock of a time zone.
type Hours struct {
	Days     [7]bool       // by time.Weekday
	From, To time.Duration // since midnight; To before From is on the next day, equal ones are the whole day
	Zone     *time.Location
}

// Open reports whether at is within the Hours. Those over midnight belong to
// the day on which they began.
func (h *Hours) Open(at time.Time) bool {
	if h == nil {
		return true
	}
	at = at.In(h.Zone)
	clock := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second
	today, yesterday := h.Days[at.Weekday()], h.Days[(at.Weekday()+6)%7]
	switch {
	case h.From < h.To:
		return today && clock >= h.From && clock < h.To
	case h.From == h.To:
		return today
	}
	return today && clock >= h.From || yesterday && clock < h.To
}

// String writes the Hours as the config does.
func (h *Hours) String() string {
	var days []string
	for i := range h.Days {
		if day := time.Weekday((i + 1) % 7); h.Days[day] { // a week begins on Monday
			days = append(days, day.String()[:3])
		}
	}
	when := strings.Join(days, ", ")
	switch {
	case len(days) == 7:
		when = "every day"
	case len(days) > 2 && h.unbroken(len(days)):
		when = days[0] + " to " + days[len(days)-1]
	}
	if h.From != h.To {
		when += " " + clockText(h.From) + "–" + clockText(h.To)
	}
	return when + " (" + h.Zone.String() + ")"
}

// unbroken reports whether the n days follow each other, from Monday on.
func (h *Hours) unbroken(n int) bool {
	first := 0
	for first < 7 && !h.Days[(first+1)%7] {
		first++
	}
	for i := first; i < first+n; i++ {
		if i > 6 || !h.Days[(i+1)%7] {
			return false
		}
	}
	return true
}

func clockText(d time.Duration) string { return time.Time{}.Add(d).Format("15:04") }

// A Match is whether a person is on a list, and by which of its entries.
type Match struct {
	Yes     bool
	Unknown bool // only a user group could say, and membership is not known; then Yes is false
	Entry   string
	Group   string // the user group of Slack by which they are in a group of the config that is the Entry
}

// String is how the record names the entry.
func (m Match) String() string {
	if m.Group == "" {
		return m.Entry
	}
	return m.Entry + " (" + m.Group + ")"
}

// OnList looks for a person. Entries that name people are looked at first, so
// that Slack being away hurts only those whom nothing but a user group names.
func (c *Config) OnList(list []string, user string, m *Membership) Match {
	if slices.Contains(list, user) {
		return Match{Yes: true, Entry: user}
	}
	if _, known := c.User(user); known && slices.Contains(list, "*") {
		return Match{Yes: true, Entry: "*"}
	}
	var found Match
	for _, entry := range list {
		own, named := c.Groups[entry]
		if named && own.people[user] {
			return Match{Yes: true, Entry: entry}
		}
		groups := own.groups
		if !named && IsUserGroup(entry) {
			groups = []string{entry}
		}
		for _, group := range groups {
			switch {
			case m == nil:
				found.Unknown = true
			case !found.Yes && m.Has(group, user):
				found.Yes, found.Entry = true, entry
				if named {
					found.Group = group
				}
			}
		}
	}
	return found
}

// UserGroups returns the IDs of all Slack user groups that the config names.
func (c *Config) UserGroups() []string {
	ids := slices.DeleteFunc(c.named(), func(id string) bool { return !IsUserGroup(id) })
	slices.Sort(ids)
	return slices.Compact(ids)
}

// named is every entry of every list of the config.
func (c *Config) named() []string {
	lists := [][]string{c.Admins}
	for _, g := range c.Groups {
		lists = append(lists, g.Members)
	}
	for a := range c.Accounts.All() {
		lists = append(lists, a.Deny, a.BreakGlass)
		for _, r := range a.Allow {
			lists = append(lists, r.Who)
		}
		if a.Approval != nil {
			lists = append(lists, a.Approval.Approvers)
		}
	}
	return slices.Concat(lists...)
}

// Approvers are those who may approve a Request for a: Slack user and user group IDs.
func (c *Config) Approvers(a Account) []string {
	var who []string
	for _, entry := range a.Approval.Approvers {
		if group, named := c.Groups[entry]; named {
			who = append(who, group.Members...)
		} else {
			who = append(who, entry)
		}
	}
	slices.Sort(who)
	return slices.Compact(who)
}

// Rotas are the lists of who is on call, of all Accounts.
func (c *Config) Rotas() [][]string {
	var rotas [][]string
	for a := range c.Accounts.All() {
		for _, rule := range a.Allow {
			if rule.OnCall {
				rotas = append(rotas, rule.Who)
			}
		}
	}
	return rotas
}
