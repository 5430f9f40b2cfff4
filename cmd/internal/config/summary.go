package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

// A Summary is what a config says, by entry, such as "account prod", for
// telling two configs apart in words. It holds no external ID and no policy,
// but digests of them. A test holds it to every field of the config.
type Summary map[string]entry

// An entry is one Account, User or group, or what is of the config as a whole.
// What is not set is left out.
type entry struct {
	Name   string              `json:"name"` // in lines; "" of the whole
	Values map[string]string   `json:"values,omitempty"`
	Lists  map[string][]string `json:"lists,omitempty"` // sorted: their order decides nothing
}

// WholeEntry is the key of what is of the config as a whole.
const WholeEntry = "config"

// concealed begins a value that lines do not show.
const concealed = "sha256:"

// fixed are the fields that a running process goes on without.
var fixed = []string{
	"slack.audit_channel", "slack.command_prefix", "slack.connections",
	"record.archive", "record.object_lock.days", "record.object_lock.mode", "record.origin",
	"record.replicas", "record.require", "record.sinks", "record.witnesses",
}

func (f *File) summarize() Summary {
	whole := newEntry("")
	known := keysByType{}
	whole.keys(known, "", reflect.ValueOf(f).Elem())
	whole.summarizeWitnesses(&f.Record.Value)
	whole.summarizeSinks(&f.Record.Value)
	s := Summary{WholeEntry: whole}
	for u := range each(f.Users.Value) {
		s["user "+u.Slack.Value] = u.summarize(known)
	}
	for _, g := range f.Groups.Value {
		e := newEntry("group " + g.Key.Value)
		e.list("members", values(g.Value.Value))
		s[e.Name] = e
	}
	for a := range each(f.Accounts.Value) {
		s["account "+a.Name.Value] = a.summarize(known)
	}
	return s
}

func (u *User) summarize(known keysByType) entry {
	e := newEntry("user " + plainName(u.Name.Value) + " (" + u.Slack.Value + ")")
	e.keys(known, "", reflect.ValueOf(u).Elem())
	e.set("credentials", u.key.String())
	if k := u.ageKey; !k.Empty() {
		e.set("age_key", k.Type+" "+k.Fingerprint+" ("+digest(k.Text)[:12]+")")
	}
	return e
}

func (a *Account) summarize(known keysByType) entry {
	e := newEntry("account " + a.Name.Value)
	e.keys(known, "", reflect.ValueOf(a).Elem())
	e.conceal("session_policy", a.policy)
	if a.dmLife > 0 {
		e.set("delivery", "dm, deleted after "+text.FormatDuration(a.dmLife))
	}
	e.rules(a.rules)
	return e
}

// keys sets what the keys of a struct hold, but for those that are told by hand.
func (e entry) keys(known keysByType, prefix string, v reflect.Value) {
	for _, k := range known.of(v.Type()) {
		name := prefix + cmp.Or(k.as, k.name)
		c := cellOf(v.FieldByIndex(k.field))
		switch value := c.value.Interface().(type) {
		case string:
			switch k.change {
			case "":
				e.set(name, value)
			case "quoted": // words of a person's own, which cannot pass for a line of ours then
				e.flag(name, value != "", strconv.Quote(value))
			case "named":
				e.set(name, plainName(value))
			case "concealed":
				e.conceal(name, value)
			}
		case bool:
			e.flag(name, value, "true")
		case int:
			e.flag(name, value != 0, strconv.Itoa(value))
		case time.Duration:
			if k.change == "" {
				e.flag(name, value != 0, text.FormatDuration(value))
			}
		case []At[string]:
			e.list(name, values(value))
		case []Entry[string]:
			var pairs []string
			for _, p := range value {
				pairs = append(pairs, strconv.Quote(p.Key.Value)+"="+strconv.Quote(p.Value.Value))
			}
			e.list(name, pairs)
		default:
			if k.change == "" && c.value.Kind() == reflect.Struct {
				e.keys(known, name+".", c.value)
			}
		}
	}
}

func (e entry) rules(r policy.Rules) {
	var allow []string
	for _, rule := range r.Allow {
		for _, who := range rule.Who {
			if rule.OnCall {
				who += " on call"
			}
			if rule.Max > 0 {
				who += " for up to " + text.FormatDuration(rule.Max)
			}
			allow = append(allow, who)
		}
	}
	e.list("allow", allow)
	if p := r.Approval; p != nil {
		e.set("approval", fmt.Sprintf("by %d, within %s", p.Count, text.FormatDuration(p.Expires)))
		e.list("approvers", p.Approvers)
	}
	if r.Hours != nil {
		e.set("hours", r.Hours.String())
	}
	e.flag("reason", r.Reason.Required, "required")
	if r.Reason.Pattern != nil {
		e.set("reason.pattern", strconv.Quote(r.Reason.Pattern.String()))
	}
}

func newEntry(name string) entry {
	return entry{Name: name, Values: map[string]string{}, Lists: map[string][]string{}}
}

func (e entry) set(field, value string) {
	if value != "" {
		e.Values[field] = value
	}
}

func (e entry) flag(field string, on bool, value string) {
	if on {
		e.set(field, value)
	}
}

func (e entry) conceal(field, value string) { e.flag(field, value != "", concealed+digest(value)) }

func (e entry) list(field string, values []string) {
	if len(values) > 0 {
		e.Lists[field] = slices.Compact(slices.Sorted(slices.Values(values)))
	}
}

// plainName puts quotation marks around a name that could pass for more.
func plainName(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" .@_+-'", r)
	}) {
		return strconv.Quote(name)
	}
	return name
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// WithFixed is s, but for what a process that goes by old goes on with as it was.
func (s Summary) WithFixed(old Summary) Summary {
	whole := newEntry("")
	maps.Copy(whole.Lists, s[WholeEntry].Lists)
	maps.Copy(whole.Values, s[WholeEntry].Values)
	for _, field := range fixed {
		delete(whole.Values, field)
		delete(whole.Lists, field)
		whole.set(field, old[WholeEntry].Values[field])
		whole.list(field, old[WholeEntry].Lists[field])
	}
	s = maps.Clone(s)
	s[WholeEntry] = whole
	return s
}
