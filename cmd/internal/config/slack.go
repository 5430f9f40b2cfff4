package config

import (
	"fmt"
	"regexp"
	"strings"
)

// SlackConfig is what the file says of Slack.
type SlackConfig struct {
	CommandPrefix string // aws- gives /aws-assume
	AuditChannel  string // channel ID
	Connections   int    // sockets per process
	// ApprovalsChannel is where approvals are asked for: the audit channel unless
	// it is named.
	ApprovalsChannel string
}

// Slack allows 10 sockets per app; two bridge the hourly change of one.
// https://docs.slack.dev/apis/events-api/using-socket-mode/
const (
	defaultConnections = 2
	maxConnections     = 10
)

// A Slack command has at most 32 characters with its slash; the longest of
// ours has nine.
var commandPrefix = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,20}$`)

// An idKind is a kind of Slack ID: its first letters, and where a person finds one.
type idKind struct{ name, letters, where string }

var (
	workspaceID = idKind{"workspace ID", "T", "it is the T… in Slack's address in a browser, app.slack.com/client/T…"}
	userID      = idKind{"user ID", "UW", "open the person's profile in Slack, then the three dots, Copy member ID"}
	groupID     = idKind{"user group ID", "S", "open the user group in Slack, then the three dots, Copy group ID"}
	channelID   = idKind{"channel ID", "CG", "open the channel's details in Slack; the ID is at the bottom of About"}
)

var (
	slackID      = regexp.MustCompile(`^[A-Z][A-Z0-9]{2,30}$`)
	lowerSlackID = regexp.MustCompile(`^[a-z][a-z0-9]*[0-9][a-z0-9]*$`)
)

func (k idKind) match(v string) bool {
	return slackID.MatchString(v) && strings.Contains(k.letters, v[:1])
}

// shape is "U… or W…".
func (k idKind) shape() string { return strings.Join(strings.Split(k.letters, ""), "… or ") + "…" }

// checkID says what is wrong with v, "" if it is of one of kinds.
func checkID(v string, kinds ...idKind) string {
	var wants, wheres []string
	for _, k := range kinds {
		if k.match(v) {
			return ""
		}
		wants = append(wants, fmt.Sprintf("a %s (%s)", k.name, k.shape()))
		wheres = append(wheres, k.where)
	}
	want, where := strings.Join(wants, " or "), strings.Join(wheres, "; ")
	for _, k := range []idKind{workspaceID, userID, groupID, channelID} {
		if k.match(v) {
			return fmt.Sprintf("%s is a %s; %s is needed: %s", Quote(v), k.name, want, where)
		}
	}
	upper := strings.ToUpper(v)
	switch {
	case lowerSlackID.MatchString(v) && checkID(upper, kinds...) == "":
		return fmt.Sprintf("Slack IDs are in capitals: write %s", upper)
	case strings.HasPrefix(v, "@") || strings.HasPrefix(v, "#"):
		return fmt.Sprintf("%s is a display name, which can change hands; %s is needed: %s", Quote(v), want, where)
	}
	return fmt.Sprintf("%s is not %s: %s", Quote(v), want, where)
}

func (d *draft) readSlack(root section) {
	d.config.Slack = SlackConfig{Connections: defaultConnections}
	if !root.require("slack", "a map with workspaces and audit_channel") {
		return
	}
	n := root.node("slack")
	if n == nil {
		return
	}
	s, ok := newSection(d.collector, n, "slack", "workspaces", "command_prefix", "audit_channel", "approvals_channel", "connections")
	if !ok {
		return
	}
	if s.require("workspaces", "the IDs of the workspaces whose people may speak to the bot") {
		d.checkSize(s, "workspaces", "nobody could speak to the bot; add your workspace's ID (T…)")
		for _, w := range s.texts("workspaces", "workspace IDs") {
			if wrong := checkID(w.v, workspaceID); wrong != "" {
				d.problem(w.pos, "%s", wrong)
			}
			d.config.Broker.Workspaces = append(d.config.Broker.Workspaces, w.v)
		}
	}
	if s.require("audit_channel", "the ID of the channel that every request is told to (C…)") {
		if v := s.text("audit_channel"); v.ok {
			if wrong := checkID(v.v, channelID); wrong != "" {
				d.problem(v.pos, "audit_channel: %s", wrong)
			}
			d.config.Slack.AuditChannel = v.v
		}
	}
	d.config.Slack.ApprovalsChannel = d.config.Slack.AuditChannel
	if v := s.text("approvals_channel"); v.ok {
		if wrong := checkID(v.v, channelID); wrong != "" {
			d.problem(v.pos, "approvals_channel: %s", wrong)
		}
		d.config.Slack.ApprovalsChannel = v.v
	}
	if v := s.textOrEmpty("command_prefix"); v.ok && v.v != "" {
		if !commandPrefix.MatchString(v.v) {
			d.problem(v.pos, "command_prefix %s: 1 to 21 of a-z, 0-9, dash and underscore, without the slash, such as aws-", Quote(v.v))
		}
		d.config.Slack.CommandPrefix = v.v
	}
	if v := s.integer("connections"); v.ok {
		if v.v < 1 || v.v > maxConnections {
			d.problem(v.pos, "connections is %d: Slack allows 10 sockets per app, so write 1 to 10 (2 is right for most; count every replica)", v.v)
		}
		d.config.Slack.Connections = v.v
	}
}
