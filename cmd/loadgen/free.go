package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
	"github.com/assumebot/assumebot/cmd/loadgen/lab"
	"github.com/assumebot/assumebot/cmd/loadgen/load"
)

// A shape is how commands arrive: one of the three.
type shape struct {
	command, text string
	rate          float64
	during        time.Duration
	atOnce, count int
	burst         int
}

// runCommand is one load of one's own choice.
func runCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var o lab.Options
	var s shape
	f := flag.NewFlagSet("run", flag.ContinueOnError)
	labFlags(f, &o)
	f.StringVar(&s.command, "command", "/assume", "what people type")
	f.StringVar(&s.text, "text", "help", "what stands after it; {account} and {code} are replaced")
	f.Float64Var(&s.rate, "rate", 0, "commands a second, on a fixed schedule")
	f.DurationVar(&s.during, "for", 10*time.Second, "how long, with --rate")
	f.IntVar(&s.atOnce, "at-once", 0, "so many people, each typing again once answered")
	f.IntVar(&s.count, "count", 2000, "commands altogether, with --at-once")
	f.IntVar(&s.burst, "burst", 0, "so many commands at the same instant")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args, stderr); err != nil {
		return err
	}
	if s.rate == 0 && s.atOnce == 0 && s.burst == 0 {
		s.atOnce = 50
	}
	l, err := lab.Start(ctx, o)
	if err != nil {
		return err
	}
	defer l.Close()
	m, err := measure(ctx, l, func() []*fakeslack.Command { return s.arrive(ctx, l) })
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(stdout, m)
	}
	return m.print(stdout)
}

func (s shape) arrive(ctx context.Context, l *lab.Lab) []*fakeslack.Command {
	crowd := typing(l, s.command, s.text)
	switch {
	case s.rate > 0:
		return crowd.Steady(ctx, s.rate, s.during)
	case s.burst > 0:
		return crowd.Burst(ctx, s.burst)
	}
	return crowd.AtOnce(ctx, s.atOnce, s.count, load.Answered)
}

// typing has the Users of the config type in turn. A code is new each time: the bot
// takes each once from each person.
func typing(l *lab.Lab, command, text string) load.Crowd {
	users, accounts := l.Options.Users, l.Options.Accounts
	return load.Crowd{Slack: l.Slack, Types: func(i int) fakeslack.Ask {
		said := text
		if strings.Contains(text, "{") {
			code := fmt.Sprintf("%06d", l.NextCode()*7919%1_000_000)
			said = strings.NewReplacer("{account}", lab.AccountName(i%accounts), "{code}", code).Replace(text)
		}
		return fakeslack.Ask{User: fakeslack.UserID(i % users), Command: command, Text: said}
	}}
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
