package config

import (
	"fmt"

	"github.com/assumebot/assumebot/broker/text"
)

// SlackConfig is what the file says of Slack.
type SlackConfig struct {
	CommandPrefix string // aws- gives /aws-assume
	AuditChannel  string // channel ID
	Connections   int    // sockets per process
	Replicas      int    // processes that are meant to run
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
	Connections      At[int]          `key:"connections" default:"2" example:"2" doc:"Sockets per process."`
	Replicas         At[int]          `key:"replicas" default:"1" example:"3" doc:"Processes that run at once, so that their sockets can be counted."`
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
		"connections": {shape: between(1, maxConnections), more: fmt.Sprintf(
			"Slack allows %d for all processes, and each needs one more while it changes one: (connections + 1) × replicas.", MaxSockets)},
		"replicas": {shape: between(1, maxProcesses), more: "Count what an update starts before it stops the old ones."},
	}
}

const (
	// MaxSockets is how many an app may have open.
	// https://docs.slack.dev/apis/events-api/using-socket-mode/
	MaxSockets = 10
	// maxConnections leaves the one that a process opens before it closes another.
	maxConnections     = MaxSockets - 1
	defaultConnections = 2 // as the tag of Connections says
	// maxProcesses have one each, and that.
	maxProcesses = MaxSockets / 2
)

// MostSockets is how many all processes together have open at once: each opens the
// next before it closes one.
func (s SlackConfig) MostSockets() int { return s.Replicas * (s.Connections + 1) }

// shape is that sum, case by case: JSON Schema does none.
func (Slack) shape() object {
	atMost := func(n int) object { return object{"maximum": n} }
	fits := []any{object{"properties": object{"replicas": atMost(1)}}}
	for n := MaxSockets/2 - 1; n > 0; n-- {
		one := object{"properties": object{"connections": atMost(n), "replicas": atMost(MaxSockets / (n + 1))}}
		if n < defaultConnections {
			one["required"] = []string{"connections"}
		}
		fits = append(fits, one)
	}
	return object{"anyOf": fits}
}

// A Slack command has at most 32 characters with its slash; the longest of
// ours has nine.
var commandPrefix = text.NewPattern(`^[a-z0-9][a-z0-9_-]{0,20}$`)

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
	s.checkSockets(c)
}

func (s *Slack) checkSockets(c *collector) {
	n, r := &s.Connections, &s.Replicas
	if n.OK && (n.Value < 1 || n.Value > maxConnections) {
		refuse(c, n, "connections is %d: Slack allows %d sockets per app, and one is for the change of another, so write 1 to %d (2 is right for most)",
			n.Value, MaxSockets, maxConnections)
	}
	if r.OK && (r.Value < 1 || r.Value > maxProcesses) {
		refuse(c, r, "replicas is %d: Slack allows %d sockets per app, and a process needs two, so write 1 to %d", r.Value, MaxSockets, maxProcesses)
	}
	set := s.settings()
	if most := set.MostSockets(); most > MaxSockets {
		c.problem(r.Position, "replicas is %d and connections %d: Slack allows %d sockets per app, and while each process changes one these are "+
			"%d × (%d + 1) = %d; lower connections to %d, or replicas to %d", set.Replicas, set.Connections, MaxSockets,
			set.Replicas, set.Connections, most, MaxSockets/set.Replicas-1, MaxSockets/(set.Connections+1))
	}
}

func (s *Slack) settings() SlackConfig {
	return SlackConfig{
		CommandPrefix:    s.CommandPrefix.Value,
		AuditChannel:     s.AuditChannel.Value,
		Connections:      s.Connections.Value,
		Replicas:         s.Replicas.Value,
		ApprovalsChannel: s.ApprovalsChannel.Value,
	}
}
