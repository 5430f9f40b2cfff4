package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

const showAbout = `Show entries of the record: their number, time, kind, who, and what the Event says, with free text where it was not erased.
Nothing is checked: verify does that.`

func recordShowCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:               "show (NUMBER | FROM..TO | --last COUNT) " + placeUse + " [--json]",
		Short:             "Show entries for a person",
		Long:              showAbout,
		Example:           "  assumebot record show 4711 --redis\n  assumebot record show --last 20 --dir /srv/assumebot/archive",
		Args:              cobra.MaximumNArgs(2),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	place := newPlaceFlags(c, getenv)
	last := c.Flags().Int64("last", 0, "the newest entries, `COUNT` of them")
	asJSON := c.Flags().Bool("json", false, "one JSON object a line, with the entry's bytes as they are")
	c.RunE = func(c *cobra.Command, args []string) error {
		from, to, file, err := shownRange(c, args, *last)
		if err != nil {
			return err
		}
		return place.open(ctx, c, file, false, func(ctx context.Context, r *app.RecordReader, _ app.Settings) error {
			if *last > 0 {
				_, next, err := r.Source.Bounds(ctx)
				if err != nil {
					return err
				}
				from, to = max(0, next-*last), next
			}
			return show(ctx, c.OutOrStdout(), r.Source, from, to, *asJSON)
		})
	}
	return c
}

// shownRange reads which entries to show: from one number up to another.
func shownRange(c *cobra.Command, args []string, last int64) (from, to int64, file string, err error) {
	switch {
	case last < 0:
		return 0, 0, "", usagef(c, "--last %d: how many entries?", last)
	case last > 0 && len(args) < 2:
		return 0, 0, oneOrNone(args), nil
	case last > 0 || len(args) > 2:
		return 0, 0, "", usagef(c, "unexpected %q", args[len(args)-1])
	case len(args) == 0:
		return 0, 0, "", usagef(c, "which entries? Give a number, FROM..TO or --last COUNT")
	}
	first, end, several := strings.Cut(args[0], "..")
	if from, err = entryNumber(c, first); err != nil {
		return 0, 0, "", err
	}
	switch to = from + 1; {
	case several && end == "":
		to = tree.MaxSize
	case several:
		if to, err = entryNumber(c, end); err != nil {
			return 0, 0, "", err
		}
		if to++; to <= from {
			return 0, 0, "", usagef(c, "%q: from the lower number to the higher", args[0])
		}
	}
	return from, to, oneOrNone(args[1:]), nil
}

func show(ctx context.Context, w io.Writer, source audit.Source, from, to int64, asJSON bool) error {
	found := false
	x := audit.Export{Source: source, From: from, To: to}
	err := x.Each(ctx, func(e entry.Entry) error {
		if asJSON {
			found = true
			return showJSON(w, e)
		}
		if found {
			_, _ = fmt.Fprintln(w) // the next line tells of an error
		}
		found = true
		return showEntry(w, e)
	})
	if err == nil && !found {
		err = fmt.Errorf("entry %s is not here: it is not written yet, or the store has let it go; an archive may have it", number(from))
	}
	return err
}

// shownEntry is an entry as --json writes it.
type shownEntry struct {
	Number int64           `json:"number"`
	Leaf   json.RawMessage `json:"leaf,omitempty"`  // the Event
	Raw    []byte          `json:"bytes,omitempty"` // what stands there, in base64, where it is none
	Fields []audit.Field   `json:"fields,omitempty"`
}

func showJSON(w io.Writer, e entry.Entry) error {
	s := shownEntry{Number: e.Number, Raw: e.Leaf}
	if fields, err := audit.Fields(e.Leaf, e.Aside); err == nil {
		s.Leaf, s.Raw, s.Fields = e.Leaf, nil, fields
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return out.Encode(s)
}

// showEntry prints an entry in lines of a name and a value.
func showEntry(w io.Writer, e entry.Entry) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			_, _ = fmt.Fprintf(tab, "%s\t%s\n", terminal(name), terminal(strings.ReplaceAll(value, "\t", " "))) // Flush tells of errors
		}
	}
	line("record", number(e.Number))
	ev, err := event.Decode(e.Leaf, e.Aside)
	if err != nil {
		line("cannot be read", err.Error())
		return tab.Flush()
	}
	line("time", event.At(ev.Time).Format("2006-01-02 15:04:05.000 UTC"))
	line("kind", string(ev.Kind))
	who := event.Person{ID: ev.Actor.User, Name: ev.Actor.Name}.String()
	if who == "" {
		who = "the bot"
	}
	line("who", who)
	line("channel", ev.Actor.Channel)
	line("team", ev.Actor.Team)
	line("request", ev.Request)
	line("replica", ev.Replica)
	fields, err := audit.Fields(e.Leaf, e.Aside)
	for _, f := range fields {
		line("  "+f.Name, f.Value)
	}
	if err != nil {
		line("cannot be read", err.Error())
	}
	return tab.Flush()
}
