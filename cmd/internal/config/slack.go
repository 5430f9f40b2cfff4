package config

import "regexp"

// SlackConfig is what the file says of Slack.
type SlackConfig struct {
	CommandPrefix string // aws- gives /aws-assume
	AuditChannel  string // channel ID
	Connections   int    // sockets per process
	// ApprovalsChannel is where approvals are asked for: the audit channel unless
	// it is named.
	ApprovalsChannel string
}

// Slack is the key of that name.
type Slack struct {
	Workspaces       At[[]At[string]] `key:"workspaces" example:"[T0123EXAMPLE]" doc:"Whose people may speak to the bot at all."`
	CommandPrefix    At[string]       `key:"command_prefix" may:"blank" example:"aws-" doc:"aws- gives /aws-assume; the app's manifest must say so too."`
	AuditChannel     At[string]       `key:"audit_channel" example:"C0123AUDIT" doc:"Where every request is told. The bot must be a member."`
	ApprovalsChannel At[string]       `key:"approvals_channel" example:"C0123APPROVALS" doc:"Where approvals are asked for, if not in the audit channel."`
	Connections      At[int]          `key:"connections" default:"2" example:"2" doc:"Sockets per process; all processes together may have 10."`
}

func (Slack) hints() map[string]hint {
	return map[string]hint{
		"workspaces": {
			missing: "the IDs of the workspaces whose people may speak to the bot",
			empty:   "nobody could speak to the bot; add your workspace's ID (T…)",
			of:      "workspace IDs",
			shape:   ids(workspaceID),
		},
		"audit_channel":     {missing: "the ID of the channel that every request is told to (C…)", shape: ids(channelID)},
		"approvals_channel": {shape: ids(channelID), more: "The bot must be a member, and so must every approver."},
		"command_prefix": {shape: matching(commandPrefix.String(), "1 to 21 of `a-z 0-9 - _`"),
			more: "assumebot manifest prints that manifest. It counts from the next start."},
		"connections": {shape: between(1, maxConnections)},
	}
}

// Slack allows 10 sockets per app; two, the default, bridge the hourly change of one.
// https://docs.slack.dev/apis/events-api/using-socket-mode/
const maxConnections = 10

// A Slack command has at most 32 characters with its slash; the longest of
// ours has nine.
var commandPrefix = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,20}$`)

func (s *Slack) check(c *collector) {
	for _, w := range s.Workspaces.Value {
		if wrong := checkID(w.Value, workspaceID); wrong != "" {
			c.problem(w.Position, "%s", wrong)
		}
	}
	if a := s.AuditChannel; a.OK {
		if wrong := checkID(a.Value, channelID); wrong != "" {
			c.problem(a.Position, "audit_channel: %s", wrong)
		}
	}
	if a := s.ApprovalsChannel; a.OK {
		if wrong := checkID(a.Value, channelID); wrong != "" {
			c.problem(a.Position, "approvals_channel: %s", wrong)
		}
	}
	s.ApprovalsChannel.resolve(s.AuditChannel.Value)
	if p := s.CommandPrefix; p.Value != "" && !commandPrefix.MatchString(p.Value) {
		c.problem(p.Position, "command_prefix %s: 1 to 21 of a-z, 0-9, dash and underscore, without the slash, such as aws-", Quote(p.Value))
	}
	if n := s.Connections; n.OK && (n.Value < 1 || n.Value > maxConnections) {
		c.problem(n.Position, "connections is %d: Slack allows 10 sockets per app, so write 1 to 10 (2 is right for most; count every replica)", n.Value)
	}
}

func (s *Slack) settings() SlackConfig {
	return SlackConfig{
		CommandPrefix:    s.CommandPrefix.Value,
		AuditChannel:     s.AuditChannel.Value,
		Connections:      s.Connections.Value,
		ApprovalsChannel: s.ApprovalsChannel.Value,
	}
}
