package main

import (
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
)

const outsideText = "its credentials can assume, without the bot, every role that trusts the person's IAM user; check cannot see which roles trust whom"

// rulesText is what an account's rules say beside whom they allow, a line each.
func rulesText(b policy.Config, a policy.Account) []string {
	var lines []string
	add := func(what, rules string) { lines = append(lines, what+"\t"+text.Printable(rules)) }
	if !a.HasRole() {
		add("outside rules", outsideText)
	}
	for _, r := range a.Allow {
		if r.Max > 0 {
			add("for at most "+text.FormatDuration(r.Max), namesText(b, r.Who))
		}
		if r.OnCall {
			add("on call, at once", namesText(b, r.Who))
		}
	}
	if len(a.Deny) > 0 {
		add("never", namesText(b, a.Deny))
	}
	if p := a.Approval; p != nil {
		add("with approval", fmt.Sprintf("%d of %s, within %s", p.Count, namesText(b, p.Approvers), text.FormatDuration(p.Expires)))
	}
	if len(a.BreakGlass) > 0 {
		add("break-glass", namesText(b, a.BreakGlass)+"; with any reason and at any hour, but from the same channels, and never those who are denied")
	}
	if len(a.Channels) > 0 {
		add("asked from", strings.Join(a.Channels, ", "))
	}
	if a.Hours != nil {
		add("hours", a.Hours.String())
	}
	switch {
	case a.Reason.Pattern != nil:
		add("reason", "must match "+a.Reason.Pattern.String())
	case a.Reason.Required:
		add("reason", "required")
	}
	if a.Revoker != "" {
		add("revoker", string(a.Revoker)+"; "+a.RoleARN.RoleName()+" must have a permissions boundary, so that it can only take away")
	}
	return lines
}

// namesText names people by their names and everything else as the file does.
func namesText(b policy.Config, who []string) string {
	var names []string
	for _, id := range who {
		u, known := b.User(id)
		of, group := b.Groups[id]
		switch {
		case id == "*":
			return "every user"
		case known:
			names = append(names, u.SessionName)
		case group:
			names = append(names, id+" ("+namesText(b, of.Members)+")")
		case strings.HasPrefix(id, "S"):
			names = append(names, "group "+id)
		default:
			names = append(names, id)
		}
	}
	if len(names) == 0 {
		return "NOBODY"
	}
	return strings.Join(names, ", ")
}
