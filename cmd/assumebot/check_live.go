package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/cmd/internal/doctor"
)

// checkLive asks Slack, Redis and AWS whether what cfg and the environment name is
// there. It returns an error when something is wrong, and that of [app.NeedsPerson]
// when a setting is missing.
func checkLive(ctx context.Context, c *cobra.Command, cfg config.Config, getenv func(string) string, asJSON bool) error {
	settings, err := app.ReadSettings(getenv)
	wrapped, _ := settings.WrappedByKMS()
	if err == nil {
		err = settings.CheckConfig(cfg)
	}
	if err == nil {
		settings, err = settings.Unwrapped(ctx, getenv)
	}
	if err != nil {
		return app.NeedsPerson(fmt.Errorf("cannot check:\n%w", err))
	}
	found := doctor.Examine(ctx, doctor.Patient{Config: cfg, Settings: settings, Wrapped: wrapped, Getenv: getenv, Now: time.Now})
	out := c.OutOrStdout()
	if asJSON {
		err = printJSON(out, found)
	} else {
		err = printFindings(out, paletteOf(out, getenv), len(cfg.Warnings), found)
	}
	wrong := countOf(found, doctor.Wrong)
	switch {
	case err != nil:
		return err
	case wrong == 1:
		return errors.New("1 check found something wrong")
	case wrong > 1:
		return fmt.Errorf("%d checks found something wrong", wrong)
	}
	return nil
}

func printJSON(w io.Writer, found []doctor.Finding) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(append([]doctor.Finding{}, found...)) // [] where there is none, not null
}

// printFindings prints a line for each finding, how many there are of each state, and how
// many warnings the config has, which were said before.
func printFindings(w io.Writer, colours palette, warnings int, found []doctor.Finding) error {
	words := map[doctor.State]string{
		doctor.OK:      colours.good("ok      "),
		doctor.Warning: colours.warn("warning "),
		doctor.Wrong:   colours.bad("wrong   "),
		doctor.NotTold: "not told",
	}
	lines := alike(found)
	width := 0
	names := make([]string, len(lines))
	for i, f := range lines {
		names[i] = oneLine(strings.TrimSpace(f.Check + " " + f.Subject))
		width = max(width, len([]rune(names[i])))
	}
	var b strings.Builder
	for i, f := range lines {
		what := f.What
		if f.Do != "" {
			what += ": " + f.Do
		}
		fmt.Fprintf(&b, "%s  %-*s  %s\n", words[f.State], width, names[i], oneLine(what))
	}
	fmt.Fprintf(&b, "\n%d ok, %s, %d wrong, %d not told\n", countOf(found, doctor.OK), count(countOf(found, doctor.Warning), "warning"),
		countOf(found, doctor.Wrong), countOf(found, doctor.NotTold))
	if warnings > 0 {
		fmt.Fprintf(&b, "the config is right%s\n", withWarnings(warnings))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// alike makes one line of several that differ in their subject alone.
func alike(found []doctor.Finding) []doctor.Finding {
	const most = 3 // subjects that are named
	var lines []doctor.Finding
	more, first := 0, ""
	for _, f := range found {
		if n := len(lines) - 1; n >= 0 && f.Subject != "" && first != "" {
			last := lines[n]
			last.Subject = f.Subject
			if last == f {
				if more++; more < most {
					lines[n].Subject += ", " + f.Subject
				} else {
					lines[n].Subject = fmt.Sprintf("%s and %d more", first, more)
				}
				continue
			}
		}
		lines, more, first = append(lines, f), 0, f.Subject
	}
	return lines
}

// oneLine is text as it may be printed within a line.
func oneLine(text string) string { return keeping(text, "") }

func countOf(found []doctor.Finding, state doctor.State) int {
	n := 0
	for _, f := range found {
		if f.State == state {
			n++
		}
	}
	return n
}
