package load

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
)

// A Result is what became of some commands.
type Result struct {
	Sent        int            `json:"sent"`
	Acked       int            `json:"acked"`
	Answered    int            `json:"answered"`
	Twice       int            `json:"answered_twice"` // or more often
	Undelivered int            `json:"undelivered"`    // there was no socket
	Resent      int            `json:"resent"`         // the socket ended first
	Late        int            `json:"late"`           // acknowledged when Slack had given up
	Ack         Times          `json:"ack"`
	Answer      Times          `json:"answer"`
	AckRate     float64        `json:"acked_per_second"`    // from the first command to the last acknowledgement
	AnswerRate  float64        `json:"answered_per_second"` // from the first command to the last answer
	Said        map[string]int `json:"said"`                // how answers begin, with every digit as 0
}

// Times are percentiles, in ms.
type Times struct {
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

// slackWaits is how long Slack waits for an acknowledgement.
// https://docs.slack.dev/interactivity/implementing-slash-commands#responding_to_commands
const slackWaits = 3 * time.Second

// longest is the longest time that is told apart.
const longest = 10 * time.Minute

// Of sums commands up.
func Of(commands []*fakeslack.Command) Result {
	r := Result{Sent: len(commands), Said: map[string]int{}}
	acks, answers := newHistogram(), newHistogram()
	var first, lastAck, lastAnswer time.Duration
	for i, c := range commands {
		due := c.Due()
		if i == 0 || due < first {
			first = due
		}
		if !c.Delivered() {
			r.Undelivered++
		}
		if c.Sends() > 1 {
			r.Resent++
		}
		if after, ok := c.AckAfter(); ok {
			r.Acked++
			if after > slackWaits {
				r.Late++
			}
			record(acks, after)
			lastAck = max(lastAck, due+after)
		}
		if after, ok := c.AnswerAfter(); ok {
			r.Answered++
			record(answers, after)
			lastAnswer = max(lastAnswer, due+after)
			r.Said[c.Said()]++
		}
		if c.Answers() > 1 {
			r.Twice++
		}
	}
	r.Ack, r.Answer = timesOf(acks), timesOf(answers)
	r.AckRate, r.AnswerRate = perSecond(r.Acked, lastAck-first), perSecond(r.Answered, lastAnswer-first)
	return r
}

// Lost is how many were delivered and never acknowledged, and acknowledged and never answered.
func (r Result) Lost() (unacked, unanswered int) {
	return r.Sent - r.Undelivered - r.Acked, r.Acked - r.Answered
}

func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, longest.Microseconds(), 3)
}

func record(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(min(max(d, time.Microsecond), longest).Microseconds()) // it is within the bounds
}

func timesOf(h *hdrhistogram.Histogram) Times {
	ms := func(us int64) float64 { return float64(us) / 1000 }
	return Times{P50: ms(h.ValueAtQuantile(50)), P99: ms(h.ValueAtQuantile(99)), Max: ms(h.Max())}
}

func perSecond(n int, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}
