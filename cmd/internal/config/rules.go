package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a container without an operating system has no time zones

	"github.com/assumebot/assumebot/broker"
	"go.yaml.in/yaml/v3"
)

// groupName keeps names of the config's groups apart from Slack's IDs, which are
// in capitals.
var groupName = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,62}$`)

const everybody = "*"

// readGroups reads the file's own groups, before anything names them.
func (d *draft) readGroups(root section) {
	n := root.node("groups")
	if n == nil {
		return
	}
	s, ok := newSection(d.collector, n, "groups")
	if !ok {
		return
	}
	d.config.Broker.Groups, d.groupsAt = map[string][]string{}, s.pos
	for name := range s.values {
		if !groupName.MatchString(name) {
			d.problem(s.at(name), "group %s: a name is 1 to 63 of a-z, 0-9, dot, dash and underscore, and begins with a letter", Quote(name))
		}
		d.checkSize(s, name, "nobody is in it; add user IDs (U…) or user group IDs (S…), or remove it")
		members := []string{}
		for _, who := range s.texts(name, "Slack user and user group IDs") {
			if wrong := checkID(who.v, userID, groupID); wrong != "" {
				d.problem(who.pos, "group %s: %s", name, wrong)
			}
			members = append(members, who.v)
		}
		d.config.Broker.Groups[name] = members
	}
}

// checkWho says what is wrong with an entry of a list of people, "" if nothing.
func (d *draft) checkWho(who string) string {
	if _, named := d.config.Broker.Groups[who]; named {
		return ""
	}
	if groupName.MatchString(who) && checkID(strings.ToUpper(who), userID, groupID) != "" {
		var names []string
		for name := range d.config.Broker.Groups {
			names = append(names, name)
		}
		slices.Sort(names)
		if meant := broker.Nearest(who, names); meant != "" {
			return fmt.Sprintf("there is no group %s under groups: did you mean %s?", Quote(who), meant)
		}
		return fmt.Sprintf("there is no group %s under groups: add it there, or write a user ID (U…) or a user group ID (S…)", Quote(who))
	}
	return checkID(who, userID, groupID)
}

// readWho reads a list of people. Where all is true, "*" is everybody.
func (d *draft) readWho(s section, key string, all bool) []value[string] {
	found := s.texts(key, "Slack user and user group IDs")
	for _, who := range found {
		if who.v == everybody {
			if !all {
				d.problem(who.pos, `%s: "*" is not taken here, which would be everybody: name people (U…), user groups (S…) or groups of this file`, key)
			}
			continue
		}
		if wrong := d.checkWho(who.v); wrong != "" {
			also := ""
			if all {
				also = `; "*" is every user of this file`
			}
			d.problem(who.pos, "%s: %s%s", key, wrong, also)
		}
	}
	return found
}

func texts(values []value[string]) []string {
	var out []string
	for _, v := range values {
		out = append(out, v.v)
	}
	return out
}

// readRules reads who may have the Account, and when.
func (d *draft) readRules(s section, a *accountDraft) {
	a.Deny = texts(d.readWho(s, "deny", true))
	d.readAllow(s, a)
	breakGlass := d.readWho(s, "break_glass", true)
	a.BreakGlass, a.allow = texts(breakGlass), append(a.allow, breakGlass...)
	a.Approval = d.readApproval(s)
	for _, c := range s.texts("channels", "Slack channel IDs") {
		if wrong := checkID(c.v, channelID); wrong != "" {
			d.problem(c.pos, "channels: %s", wrong)
		}
		a.Channels = append(a.Channels, c.v)
	}
	d.checkSize(s, "channels", "nobody could ask for it from anywhere; add a channel's ID, or remove channels")
	a.Hours = d.readHours(s)
	a.Reason = d.readReason(s)
	switch {
	case a.Approval != nil || s.has("approval"):
	case len(a.BreakGlass) > 0:
		d.problem(s.at("break_glass"), "break_glass needs approval: it goes without one, and the approvers are asked to take note; add approval: {approvers: […]} or remove break_glass")
	case slices.ContainsFunc(a.Allow, func(r broker.Rule) bool { return r.OnCall }):
		d.problem(s.at("allow"), "oncall needs approval: everybody else who is allowed needs one; add approval: {approvers: […]}, or name the group without oncall")
	}
}

// readAllow reads entries of three kinds: S01ONCALL, {who: [S02DEVS], max: 30m}
// and {oncall: {group: S03PAGER}}.
func (d *draft) readAllow(s section, a *accountDraft) {
	for _, n := range s.list("allow", "Slack user and user group IDs") {
		if n.Kind == yaml.MappingNode {
			d.readRule(n, a)
		}
	}
	for _, who := range d.plainWho(s) {
		a.Allow = append(a.Allow, broker.Rule{Who: []string{who.v}})
		a.allow = append(a.allow, who)
	}
}

// plainWho are the entries of allow that are not maps.
func (d *draft) plainWho(s section) []value[string] {
	n := s.values["allow"]
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	plain := *n
	plain.Content = slices.DeleteFunc(slices.Clone(n.Content), func(n *yaml.Node) bool { return n.Kind == yaml.MappingNode })
	alone := s
	alone.values = map[string]*yaml.Node{"allow": &plain}
	return d.readWho(alone, "allow", true)
}

func (d *draft) readRule(n *yaml.Node, a *accountDraft) {
	s, ok := newSection(d.collector, n, "an entry of allow", "who", "max", "oncall")
	if !ok {
		return
	}
	var rule broker.Rule
	switch {
	case s.has("who") == s.has("oncall"):
		d.problem(s.pos, "an entry of allow has either who or oncall: write {who: [S02DEVS], max: 30m} or {oncall: {group: S03PAGER}}")
		return
	case s.has("who"):
		d.checkSize(s, "who", "it allows nobody; name people (U…), user groups (S…) or groups of this file")
		who := d.readWho(s, "who", true)
		rule.Who, a.allow = texts(who), append(a.allow, who...)
	default:
		rule.OnCall = true
		on := s.node("oncall")
		if on == nil {
			return
		}
		group, ok := newSection(d.collector, on, "oncall, such as {oncall: {group: S03PAGER}},", "group")
		if !ok || !group.require("group", "the Slack user group (S…) that your pager keeps in step") {
			return
		}
		if v := group.text("group"); v.ok {
			if wrong := checkID(v.v, groupID); wrong != "" {
				d.problem(v.pos, "oncall takes a Slack user group alone: %s", wrong)
			}
			rule.Who = []string{v.v}
		}
	}
	if v := s.duration("max"); v.ok {
		if v.v < broker.MinDuration || v.v > a.MaxDuration {
			d.problem(v.pos, "max is %s: write between %s and the account's duration.max, %s", broker.FormatDuration(v.v), broker.FormatDuration(broker.MinDuration), broker.FormatDuration(a.MaxDuration))
		}
		rule.Max = v.v
	}
	a.Allow = append(a.Allow, rule)
}

const mostApprovers = 10 // that one request may need

func (d *draft) readApproval(account section) *broker.ApprovalPolicy {
	n := account.node("approval")
	if n == nil {
		return nil
	}
	s, ok := newSection(d.collector, n, "approval", "approvers", "count", "expires")
	if !ok || !s.require("approvers", "who decides: Slack user groups (S…), people (U…) or groups of this file") {
		return nil
	}
	d.checkSize(s, "approvers", "nobody could approve; name user groups (S…), people (U…) or groups of this file")
	p := &broker.ApprovalPolicy{Count: 1, Expires: broker.DefaultApprovalWait}
	p.Approvers = texts(d.readWho(s, "approvers", false))
	if v := s.integer("count"); v.ok {
		if v.v < 1 || v.v > mostApprovers {
			d.problem(v.pos, "count is %d: write 1 to %d", v.v, mostApprovers)
		}
		p.Count = v.v
	}
	if people, exact := d.people(p.Approvers); exact && len(people) > 0 && len(people) < p.Count {
		d.problem(s.at("count"), "count is %d, and approvers are %d: nobody could ever be served; name more or lower count", p.Count, len(people))
	}
	if v := s.duration("expires"); v.ok {
		if v.v < broker.MinApprovalWait || v.v > broker.MaxApprovalWait {
			d.problem(v.pos, "expires is %s: write between %s and %s", broker.FormatDuration(v.v), broker.FormatDuration(broker.MinApprovalWait), broker.FormatDuration(broker.MaxApprovalWait))
		}
		p.Expires = v.v
	}
	return p
}

// people are those whom a list names; exact is false when a Slack user group may
// hold more.
func (d *draft) people(who []string) (people []string, exact bool) {
	exact = true
	for _, entry := range who {
		members, named := d.config.Broker.Groups[entry]
		if !named {
			members = []string{entry}
		}
		for _, m := range members {
			exact = exact && !strings.HasPrefix(m, "S")
			people = append(people, m)
		}
	}
	slices.Sort(people)
	return slices.Compact(people), exact
}

// readReason reads required, or {pattern: ^INC-\d+}.
func (d *draft) readReason(account section) broker.ReasonPolicy {
	n := account.node("reason")
	if n == nil {
		return broker.ReasonPolicy{}
	}
	if n.Kind == yaml.ScalarNode {
		v := account.text("reason")
		if v.ok && v.v != "required" {
			d.problem(v.pos, `reason is %s: write required, or {pattern: '^INC-\d+'} for what it must match`, Quote(v.v))
		}
		return broker.ReasonPolicy{Required: true}
	}
	s, ok := newSection(d.collector, n, "reason", "pattern")
	if !ok || !s.require("pattern", "the regular expression that a reason must match, such as '^(INC|CHG)-\\d+'") {
		return broker.ReasonPolicy{Required: true}
	}
	p := broker.ReasonPolicy{Required: true}
	if v := s.text("pattern"); v.ok {
		re, err := regexp.Compile(v.v)
		if err != nil {
			d.problem(v.pos, "pattern is not a regular expression (RE2): %v", err)
		}
		p.Pattern = re
	}
	return p
}

var clockRange = regexp.MustCompile(`^(\d{2}):(\d{2})-(\d{2}):(\d{2})$`)

// readHours reads {days: [mon-fri], time: 08:00-18:00, zone: Europe/Berlin}.
func (d *draft) readHours(account section) *broker.Hours {
	n := account.node("hours")
	if n == nil {
		return nil
	}
	s, ok := newSection(d.collector, n, "hours", "days", "time", "zone")
	if !ok || !s.require("zone", "the time zone that it goes by, such as Europe/Berlin or UTC") {
		return nil
	}
	h := &broker.Hours{Zone: time.UTC}
	if v := s.text("zone"); v.ok {
		zone, err := time.LoadLocation(v.v)
		if err != nil || v.v == "Local" {
			d.problem(v.pos, "zone %s is not a time zone of the IANA database: write one such as Europe/Berlin or UTC", Quote(v.v))
		} else {
			h.Zone = zone
		}
	}
	if !s.has("days") && !s.has("time") {
		d.problem(s.pos, "hours says nothing: write days: [mon-fri] or time: \"08:00-18:00\", or both")
	}
	d.readDays(s, h)
	if v := s.text("time"); v.ok {
		from, to, ok := readClock(v.v)
		if !ok {
			d.problem(v.pos, "time is %s: write \"08:00-18:00\"; 22:00-06:00 is over midnight", Quote(v.v))
		}
		h.From, h.To = from, to
	}
	return h
}

// readClock reads 08:00-18:00; 24:00 ends a day.
func readClock(text string) (from, to time.Duration, ok bool) {
	m := clockRange.FindStringSubmatch(text)
	if m == nil {
		return 0, 0, false
	}
	at := func(hour, minute string) time.Duration {
		d, _ := time.ParseDuration(hour + "h" + minute + "m") // of digits
		return d
	}
	from, to = at(m[1], m[2]), at(m[3], m[4])
	const day = 24 * time.Hour
	if m[2] > "59" || m[4] > "59" || from >= day || to > day || from == to {
		return 0, 0, false
	}
	if to == day {
		to = 0
	}
	return from, to, true
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// readDays reads mon, or mon-fri; none is every day.
func (d *draft) readDays(s section, h *broker.Hours) {
	if !s.has("days") {
		h.Days = [7]bool{true, true, true, true, true, true, true}
		return
	}
	d.checkSize(s, "days", "nobody could have it on any day; write [mon-fri], or remove days")
	for _, v := range s.texts("days", "days such as mon or mon-fri") {
		first, last, ranged := strings.Cut(v.v, "-")
		if !ranged {
			last = first
		}
		from, to := slices.Index(weekdays, first), slices.Index(weekdays, last)
		if from < 0 || to < 0 {
			d.problem(v.pos, "days: %s is no day: write mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri", Quote(v.v))
			continue
		}
		for day := from; ; day = (day + 1) % 7 {
			h.Days[day] = true
			if day == to {
				break
			}
		}
	}
}

// plain reports whether no rule of the Account gives less, or more, than another.
func (a accountDraft) plain() bool {
	return !slices.ContainsFunc(a.Allow, func(r broker.Rule) bool { return r.Max > 0 || r.OnCall })
}
