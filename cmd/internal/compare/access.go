package compare

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

// What somebody may have of an account depends on them and on the user groups that they
// are in. For one question, a duration with or without break-glass, the answers have an
// order: deny, approval, allow. One group decides a maximum, and one more can deny; so
// whoever gains by being in many groups gains by being in two of them already, and sets
// of up to two are all that have to be looked at.

// A question is what may be asked of an account, apart from who asks.
type question struct {
	lasts time.Duration
	glass bool
}

// An answer is what policy says to questions.
type answer map[question]policy.Effect

var ranks = map[policy.Effect]int{policy.Deny: 0, policy.NeedApproval: 1, policy.Allow: 2}

// A difference is the questions to which the answer is more, or less, than it was.
type difference struct{ more, less map[question]bool }

// access tells who may have the account otherwise than before.
func (p *pair) access(name string) {
	was, before := p.before.Broker.Account(name)
	is, after := p.after.Broker.Account(name)
	c := comparison{pair: p, account: name, questions: questions(was, is)}
	for u := range p.after.Broker.Users.All() {
		if !p.before.Broker.IsUser(u.Slack) {
			c.person(u.Slack, label(*u), [][]string{nil}, nil)
		}
	}
	for u := range p.before.Broker.Users.All() {
		if !p.after.Broker.IsUser(u.Slack) {
			c.person(u.Slack, label(*u), [][]string{nil}, nil)
		}
	}
	if before && after && reach(p.before.Broker, was) == reach(p.after.Broker, is) {
		return // nobody else can have it otherwise
	}
	old, now := everyName(p.before.Broker, was), everyName(p.after.Broker, is)
	sets := groupSets(userGroups(old), userGroups(now))
	everybody := c.person(anybody, "", sets, nil)
	for u := range p.after.Broker.Users.All() {
		if p.before.Broker.IsUser(u.Slack) && (slices.Contains(old, u.Slack) || slices.Contains(now, u.Slack)) {
			c.person(u.Slack, label(*u), sets, everybody)
		}
	}
}

// A comparison is of one account.
type comparison struct {
	*pair
	account   string
	questions []question
}

// found is what differs for one person, by the user groups that they are in.
type found map[string]difference

// person tells of somebody, of each set of user groups, what smaller sets do not tell
// already, nor what differs for everybody.
func (c comparison) person(id, label string, sets [][]string, everybody found) found {
	all := found{}
	for _, set := range sets {
		was, is := c.ask(c.before.policy, id, set), c.ask(c.after.policy, id, set)
		d := compared(was, is)
		all[strings.Join(set, " ")] = d
		left := difference{maps.Clone(d.more), maps.Clone(d.less)}
		for _, smaller := range subsets(set) {
			key := strings.Join(smaller, " ")
			left.drop(everybody[key])
			if len(smaller) < len(set) {
				left.drop(all[key])
			}
		}
		if change := (Change{Who: who(label, set), Account: c.account, What: "access", Was: c.say(was), Is: c.say(is)}); len(left.more) > 0 {
			change.Kind = Gains
			c.add(change)
		} else if len(left.less) > 0 {
			change.Kind = Loses
			c.add(change)
		}
	}
	return all
}

func (d difference) drop(others difference) {
	for q := range others.more {
		delete(d.more, q)
	}
	for q := range others.less {
		delete(d.less, q)
	}
}

func who(label string, groups []string) string {
	in := strings.Join(groups, " and ")
	switch {
	case label == "" && in == "":
		return "every user"
	case label == "":
		return "who is in " + in
	case in == "":
		return label
	}
	return label + ", if in " + in
}

// ask asks policy all questions.
func (c comparison) ask(config policy.Config, user string, groups []string) answer {
	a, ok := config.Account(c.account)
	if !ok || !config.IsUser(user) {
		return answer{}
	}
	in := map[string][]string{}
	for _, g := range groups {
		in[g] = []string{user}
	}
	members := policy.Members(in)
	all := answer{}
	for _, q := range c.questions {
		ask := policy.Ask{User: user, Account: c.account, Duration: q.lasts, BreakGlass: q.glass}
		all[q] = config.DecideWho(a, members, ask).Effect
	}
	return all
}

func compared(was, is answer) difference {
	d := difference{map[question]bool{}, map[question]bool{}}
	for _, q := range slices.Concat(slices.Collect(maps.Keys(was)), slices.Collect(maps.Keys(is))) {
		switch before, after := ranks[was[q]], ranks[is[q]]; {
		case after > before:
			d.more[q] = true
		case after < before:
			d.less[q] = true
		}
	}
	return d
}

// questions are the durations at which an answer of either account can change.
func questions(accounts ...policy.Account) []question {
	lasts := map[time.Duration]bool{}
	for _, a := range accounts {
		lasts[a.MaxDuration] = true
		for _, r := range a.Allow {
			lasts[r.Max] = true
		}
	}
	delete(lasts, 0)
	var all []question
	for d := range lasts {
		all = append(all, question{d, false}, question{d, true})
	}
	return all
}

// say puts an answer into words.
func (c comparison) say(a answer) string {
	var atOnce, approved, glass time.Duration
	for q, effect := range a {
		switch {
		case q.glass && effect == policy.Allow:
			glass = max(glass, q.lasts)
		case effect == policy.Allow && !q.glass:
			atOnce = max(atOnce, q.lasts)
		case effect == policy.NeedApproval:
			approved = max(approved, q.lasts)
		}
	}
	var ways []string
	for _, way := range []struct {
		name   string
		lasts  time.Duration
		beyond time.Duration
	}{
		{"at once", atOnce, 0},
		{"with approval", approved, atOnce},
		{"by break-glass", glass, atOnce},
	} {
		if way.lasts > way.beyond {
			ways = append(ways, way.name+", up to "+text.FormatDuration(way.lasts))
		}
	}
	if len(ways) == 0 {
		return "nothing"
	}
	return strings.Join(ways, "; ")
}

// reach is everything by which DecideWho goes.
func reach(c policy.Config, a policy.Account) string {
	var b strings.Builder
	list := func(name string, who []string) { b.WriteString(name + " " + strings.Join(flat(c, who), " ") + "\n") }
	list("deny", a.Deny)
	list("break-glass", a.BreakGlass)
	for _, r := range a.Allow {
		kind := "allow"
		if r.OnCall {
			kind = "oncall"
		}
		list(kind+" "+r.Max.String(), r.Who)
	}
	if a.Approval != nil {
		b.WriteString("approval\n")
	}
	b.WriteString(a.MaxDuration.String())
	return b.String()
}

// everyName is all that a's lists name: who is none of it is anybody.
func everyName(c policy.Config, a policy.Account) []string {
	return flat(c, slices.Concat(a.Deny, a.Allowed(), a.BreakGlass))
}

func userGroups(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(id string) bool { return !policy.IsUserGroup(id) })
}

// groupSets are all sets of none, one or two of them, the small ones first.
func groupSets(was, is []string) [][]string {
	groups := slices.Concat(was, is)
	slices.Sort(groups)
	groups = slices.Compact(groups)
	sets := [][]string{nil}
	for _, g := range groups {
		sets = append(sets, []string{g})
	}
	for i, g := range groups {
		for _, other := range groups[i+1:] {
			sets = append(sets, []string{g, other})
		}
	}
	return sets
}

// subsets are those of a set of up to two, itself too.
func subsets(set []string) [][]string {
	all := [][]string{nil}
	for _, g := range set {
		all = append(all, []string{g})
	}
	if len(set) > 1 {
		all = append(all, set)
	}
	return all
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
