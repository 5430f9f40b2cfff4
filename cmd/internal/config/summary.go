package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/assumebot/assumebot/broker"
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

// wholeEntry is the key of what is of the config as a whole.
const wholeEntry = "config"

// concealed begins a value that lines do not show.
const concealed = "sha256:"

// fixed are the fields that a running process goes on without.
var fixed = []string{"slack.audit_channel", "slack.command_prefix", "slack.connections"}

// Summarize sums up c.
func Summarize(c Config) Summary {
	s := Summary{wholeEntry: c.summarize()}
	for _, u := range c.Broker.Users {
		s["user "+u.Slack] = summarizeUser(u)
	}
	for name, members := range c.Broker.Groups {
		e := newEntry("group " + name)
		e.list("members", members)
		s["group "+name] = e
	}
	for _, a := range c.Broker.Accounts {
		s["account "+a.Name] = summarizeAccount(a)
	}
	return s
}

func (c Config) summarize() entry {
	e := newEntry("")
	e.list("slack.workspaces", c.Broker.Workspaces)
	e.list("admins", c.Broker.Admins)
	e.set("slack.audit_channel", c.Slack.AuditChannel)
	e.set("slack.approvals_channel", c.Slack.ApprovalsChannel)
	e.set("slack.command_prefix", c.Slack.CommandPrefix)
	e.number("slack.connections", c.Slack.Connections)
	e.number("limits.requests", c.Broker.Limits.Requests)
	e.number("limits.sts_calls", c.Broker.Limits.STSCalls)
	e.typed("contact", c.Broker.Contact)
	e.duration("reveal_window", c.Broker.RevealWindow)
	e.duration("mfa_session", c.Broker.MFASession)
	e.duration("reminder", c.Reminder)
	e.set("signin_endpoint", c.Broker.SigninEndpoint)
	return e
}

func summarizeUser(u broker.User) entry {
	e := newEntry("user " + plainName(u.Name) + " (" + u.Slack + ")")
	e.set("name", plainName(u.Name))
	e.set("session name", u.SessionName)
	e.set("mfa_serial", u.MFASerial)
	e.set("credentials", u.Key.String())
	if !u.AgeKey.Empty() {
		e.set("age_key", u.AgeKey.Type+" "+u.AgeKey.Fingerprint+" ("+digest(u.AgeKey.Text)[:12]+")")
	}
	e.flag("sealed", u.SealRequired, "required")
	return e
}

func summarizeAccount(a broker.Account) entry {
	e := newEntry("account " + a.Name)
	e.set("role_arn", string(a.RoleARN))
	e.conceal("external_id", a.ExternalID)
	e.set("region", a.Region)
	e.duration("duration.default", a.DefaultDuration)
	e.duration("duration.max", a.MaxDuration)
	e.set("mfa", string(a.MFA))
	e.flag("outside_rules", a.OutsideRules, "accepted")
	e.flag("source_identity", a.SourceIdentity, "true")
	var tags []string
	for key, value := range a.Tags {
		tags = append(tags, strconv.Quote(key)+"="+strconv.Quote(value))
	}
	e.list("tags", tags)
	e.conceal("session_policy", a.SessionPolicy)
	e.list("policy_arns", a.PolicyARNs)
	e.set("revoker", string(a.Revoker))
	e.flag("sealed", a.SealRequired, "required")
	if a.DMLife > 0 {
		e.set("delivery", "dm, deleted after "+broker.FormatDuration(a.DMLife))
	}
	e.rules(a.Rules)
	return e
}

func (e entry) rules(r broker.Rules) {
	e.list("deny", r.Deny)
	var allow []string
	for _, rule := range r.Allow {
		for _, who := range rule.Who {
			if rule.OnCall {
				who += " on call"
			}
			if rule.Max > 0 {
				who += " for up to " + broker.FormatDuration(rule.Max)
			}
			allow = append(allow, who)
		}
	}
	e.list("allow", allow)
	e.list("break_glass", r.BreakGlass)
	if p := r.Approval; p != nil {
		e.set("approval", fmt.Sprintf("by %d, within %s", p.Count, broker.FormatDuration(p.Expires)))
		e.list("approvers", p.Approvers)
	}
	e.list("channels", r.Channels)
	if r.Hours != nil {
		e.set("hours", r.Hours.String())
	}
	e.flag("reason", r.Reason.Required, "required")
	if r.Reason.Pattern != nil {
		e.typed("reason.pattern", r.Reason.Pattern.String())
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

func (e entry) number(field string, n int) { e.flag(field, n != 0, strconv.Itoa(n)) }

func (e entry) duration(field string, d time.Duration) {
	e.flag(field, d != 0, broker.FormatDuration(d))
}

// typed sets what is words of a person's own: within quotation marks it cannot
// pass for a line of ours.
func (e entry) typed(field, value string) { e.flag(field, value != "", strconv.Quote(value)) }

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
	for _, field := range fixed {
		delete(s[wholeEntry].Values, field)
		s[wholeEntry].set(field, old[wholeEntry].Values[field])
	}
	return s
}
