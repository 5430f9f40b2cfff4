package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/lab"
)

// A row is a part of the table that is measured at once.
type row struct {
	name    string
	what    string
	measure func(context.Context, *bench) ([]Figure, error)
}

// A Figure is one measurement beside its goal.
type Figure struct {
	Row   string  `json:"row"`
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
	Goal  float64 `json:"goal"`
	Is    bound   `json:"is"`             // what Value must be of Goal
	Note  string  `json:"note,omitempty"` // what it was made from
	// Cases are what it counts, one by one, where they are to be looked into.
	Cases []string `json:"cases,omitempty"`
}

type bound string

const (
	atLeast bound = "≥"
	atMost  bound = "≤"
	noGoal  bound = ""
)

func (f Figure) met() bool {
	switch f.Is {
	case atLeast:
		return f.Value >= f.Goal
	case atMost:
		return f.Value <= f.Goal
	}
	return true
}

// A bench is what all rows share.
type bench struct {
	bot, redis string
	long       bool          // as often as the goals say
	during     time.Duration // how long soak and each profile of parts are; 0: as long says
	times      int           // how often recycles and kills happen; 0: as long says
	log        io.Writer
}

// often is how often something happens that is short or long.
func (b *bench) often(short, long int) int {
	switch {
	case b.times > 0:
		return b.times
	case b.long:
		return long
	}
	return short
}

// start starts a Lab for one row.
func (b *bench) start(ctx context.Context, o lab.Options) (*lab.Lab, error) {
	o.Bot, o.RedisURL = b.bot, b.redis
	return lab.Start(ctx, o)
}

// rows are in the order in which they are measured.
func rows() []row {
	return []row{
		{"help", "/assume help beside bare loops, 50 at once and one at a time", measureHelp},
		{"assume", "/assume ACCOUNT CODE as fast as it goes, 50 at once, STS 0", measureAssume},
		{"parts", "where the CPU of a command goes, by profiles of the bot and of bare loops", measureParts},
		{"trips", "Redis trips in sequence of one /assume ACCOUNT CODE", measureTrips},
		{"steady", "/assume ACCOUNT CODE at 200 a second, STS 50 ms", measureSteady},
		{"connections", "2,000 × /assume ACCOUNT CODE, 50 at once", measureConnections},
		{"cold", "300 different people in a minute, cold, while users.info allows 100", measureCold},
		{"burst", "10,000 commands at the same instant", measureBurst},
		{"groups", "/assume ACCOUNT CODE with user groups of 0 to 100,000 members", measureGroups},
		{"configs", "/assume help with configs of 100 × 10 to 10,000 × 10,000", measureConfigs},
		{"who", "/assume who with 100,000 Grants", measureWho},
		{"idle", "a start, 30 s of nothing, and 500 commands a second", measureIdle},
		{"mixed", "mixed commands at 100 a second, STS 50 ms", measureMixed},
		{"flood", "/assume help of one person beside another's 1,000 a second", measureFlood},
		{"recycles", "sockets that end, by Slack and by TCP, with a command every 5 ms", measureRecycles},
		{"kills", "replicas that are killed, five at 20 /assume ACCOUNT CODE a second", measureKills},
		{"soak", "what people type in a day, at 20 a second, for as long as --for says", measureSoak},
		{"rolling", "three replicas replaced one after another, at 50 /assume ACCOUNT CODE a second", measureRolling},
		{"faults", "Redis, STS and Slack that fail, at 20 /assume ACCOUNT CODE a second", measureFaults},
	}
}

var errMissed = errors.New("not every goal is met")

func tableCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	b := &bench{log: stderr}
	f := flag.NewFlagSet("table", flag.ContinueOnError)
	only := f.String("only", "", "measure these rows alone, `NAME[,NAME]`: "+names())
	asJSON := f.Bool("json", false, "print JSON")
	f.BoolVar(&b.long, "long", false, "200 recycles, 50 TCP kills, 1,000 kills and an hour of soak, instead of 5, 5, 10 and 2 minutes")
	f.DurationVar(&b.during, "for", 0, "how long soak is, instead of 2m or, with --long, 1h, and each profile of parts, instead of 8s")
	f.IntVar(&b.times, "times", 0, "how often recycles and kills happen, instead of as --long says")
	f.StringVar(&b.bot, "bot", "", "the program to measure, `PATH`; built from this tree otherwise")
	f.StringVar(&b.redis, "redis", "", "an empty Redis at `URL`, which is flushed; a redis-server is started otherwise")
	if err := parse(f, args, stderr); err != nil {
		return err
	}
	chosen, err := choose(*only)
	if err != nil {
		fmt.Fprintln(stderr, "loadgen:", err)
		return errUsage
	}
	if b.bot == "" {
		dir, err := os.MkdirTemp("", "loadgen-bot-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		if b.bot, err = lab.Build(ctx, dir); err != nil {
			return err
		}
	}
	fmt.Fprintln(stderr, surroundings())
	figures, err := b.measureAll(ctx, chosen, stdout, *asJSON)
	if *asJSON {
		err = errors.Join(err, printJSON(stdout, figures))
	}
	if err == nil && slices.ContainsFunc(figures, func(f Figure) bool { return !f.met() }) {
		err = errMissed
	}
	return err
}

// measureAll measures row after row. One that cannot be measured does not stop the others.
func (b *bench) measureAll(ctx context.Context, chosen []row, stdout io.Writer, quiet bool) (all []Figure, err error) {
	for _, r := range chosen {
		if ctx.Err() != nil {
			return all, errors.Join(err, ctx.Err())
		}
		fmt.Fprintf(b.log, "measuring %s: %s\n", r.name, r.what)
		figures, failed := r.measure(ctx, b)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", r.name, failed))
		}
		for i := range figures {
			figures[i].Row = r.name
		}
		all = append(all, figures...)
		if !quiet {
			printRow(stdout, r, figures)
		}
	}
	return all, err
}

func printRow(w io.Writer, r row, figures []Figure) {
	fmt.Fprintf(w, "%s: %s   (go run ./cmd/loadgen table --only %s)\n", r.name, r.what, r.name)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range figures {
		mark, goal := "✔", string(f.Is)+" "+number(f.Goal)+f.Unit
		switch {
		case f.Is == noGoal:
			mark, goal = " ", ""
		case !f.met():
			mark = "✗"
		}
		fmt.Fprintf(t, "  %s %s\t%s\t%s\t%s\n", mark, f.Name, goal, number(f.Value)+f.Unit, f.Note)
	}
	_ = t.Flush()
	for _, f := range figures {
		printCases(w, f)
	}
}

// mostCases bounds how many are printed; --json has all.
const mostCases = 12

func printCases(w io.Writer, f Figure) {
	if len(f.Cases) == 0 {
		return
	}
	fmt.Fprintf(w, "  %s:\n", f.Name)
	for i, c := range f.Cases {
		if i == mostCases {
			fmt.Fprintf(w, "    and %d more, which --json lists\n", len(f.Cases)-i)
			break
		}
		fmt.Fprintf(w, "    %s\n", c)
	}
}

// number shows three digits that count, and all before the point.
func number(v float64) string {
	switch {
	case v >= 100 || v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// surroundings say how quiet the machine is: figures of a busy one are of little use,
// and ratios of some.
func surroundings() string {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return fmt.Sprintf("%d processors; there is no /proc here to say how busy they are", runtime.NumCPU())
	}
	return fmt.Sprintf("%d processors; load average before: %s", runtime.NumCPU(), strings.TrimSpace(string(load)))
}

func names() string {
	var all []string
	for _, r := range rows() {
		all = append(all, r.name)
	}
	return strings.Join(all, ", ")
}

func choose(only string) ([]row, error) {
	if only == "" {
		return rows(), nil
	}
	var chosen []row
	for _, name := range strings.Split(only, ",") {
		i := slices.IndexFunc(rows(), func(r row) bool { return r.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no row %q: there are %s", name, names())
		}
		chosen = append(chosen, rows()[i])
	}
	return chosen, nil
}
