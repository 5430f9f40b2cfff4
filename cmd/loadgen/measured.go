package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// A Measured is what one load came to.
type Measured struct {
	load.Result
	CPU      float64          `json:"cpu_ms_per_command"` // of the bot
	Resident float64          `json:"resident_mb"`        // of the bot, at the end
	Peak     float64          `json:"peak_mb"`            // of the bot since it started
	Redis    float64          `json:"redis_commands_per_command"`
	SlackTCP int64            `json:"slack_connections"`
	AWSTCP   int64            `json:"aws_connections"`
	Calls    map[string]int64 `json:"slack_calls"`
}

const megabyte = 1 << 20

// measure has arrive send its commands at the bot of l, and reads what that cost.
func measure(ctx context.Context, l *lab.Lab, arrive func() []*fakeslack.Command) (Measured, error) {
	var m Measured
	before, err := l.Usage()
	if err != nil {
		return m, err
	}
	commands, err := l.Redis.Commands(ctx)
	if err != nil {
		return m, err
	}
	slack, aws := l.Slack.Counts(), l.AWS.Counts()
	m.Result = load.Of(arrive())
	if err := ctx.Err(); err != nil {
		return m, err
	}
	after, err := l.Usage()
	if err != nil {
		return m, err
	}
	done, err := l.Redis.Commands(ctx)
	if err != nil {
		return m, err
	}
	n := float64(max(1, m.Sent))
	m.CPU = float64((after.CPU - before.CPU).Microseconds()) / 1000 / n
	m.Resident, m.Peak = float64(after.Resident)/megabyte, float64(after.Peak)/megabyte
	for name := range maps.Keys(done) {
		if name != "info" {
			m.Redis += float64(done[name]-commands[name]) / n
		}
	}
	now := l.Slack.Counts()
	m.SlackTCP, m.AWSTCP = now.TCP-slack.TCP, l.AWS.Counts().TCP-aws.TCP
	m.Calls = map[string]int64{}
	for method, n := range now.Calls {
		if n > slack.Calls[method] {
			m.Calls[method] = n - slack.Calls[method]
		}
	}
	return m, nil
}

func (m Measured) print(w io.Writer) error {
	unacked, unanswered := m.Lost()
	_, err := fmt.Fprintf(w, `sent %d, acknowledged %d (%.0f/s), answered %d (%.0f/s)
lost: %d undelivered, %d never acknowledged, %d never answered, %d answered twice
ack     p50 %8.2f ms   p99 %8.2f ms   max %8.2f ms
answer  p50 %8.2f ms   p99 %8.2f ms   max %8.2f ms
bot     %.2f ms of CPU a command, %.0f MB resident, %.0f MB at most
redis   %.1f commands a command, those inside of scripts too
new TCP connections: %d to Slack, %d to AWS
`, m.Sent, m.Acked, m.AckRate, m.Answered, m.AnswerRate, m.Undelivered, unacked, unanswered, m.Twice,
		m.Ack.P50, m.Ack.P99, m.Ack.Max, m.Answer.P50, m.Answer.P99, m.Answer.Max, m.CPU, m.Resident, m.Peak, m.Redis, m.SlackTCP, m.AWSTCP)
	if err != nil {
		return err
	}
	for _, method := range slices.Sorted(maps.Keys(m.Calls)) {
		fmt.Fprintf(w, "slack   %6d × %s\n", m.Calls[method], method)
	}
	for _, said := range slices.Sorted(maps.Keys(m.Said)) {
		fmt.Fprintf(w, "said    %6d × %s\n", m.Said[said], said)
	}
	return nil
}
