package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/assumebot/assumebot/broker/cloudtrail"
	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/reconcile"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

const reconcileAbout = `Hold the record against AWS CloudTrail: calls by the bot's IAM users that the bot did not make, and Grants that CloudTrail lacks.
Exit code: 0 nothing found, 3 an alarm, 4 it cannot tell, 1 it failed.`

const (
	// exitAlarm tells whoever runs it every day that somebody must look.
	exitAlarm = 3
	// exitCannotTell says that nothing was found and that this does not mean that there is nothing.
	exitCannotTell = 4
)

func recordReconcileCommand(ctx context.Context, getenv func(string) string) *cobra.Command {
	c := &cobra.Command{
		Use:     "reconcile --cloudtrail PLACE " + placeUse + " [flags]",
		Short:   "Hold the record against AWS CloudTrail",
		Long:    reconcileAbout,
		Example: "  assumebot record reconcile --redis --cloudtrail s3://b/AWSLogs --since 3d",
		Args:    noFileOrOne,
	}
	r := reconciling{place: newPlaceFlags(c, getenv), getenv: getenv}
	r.trails = c.Flags().StringArray("cloudtrail", nil, "its log files: `PLACE` s3://…, a directory or a file")
	r.users = c.Flags().StringArray("iam-user", nil, "the `ARN` of one that the bot signs for; else AWS is asked")
	r.tools = c.Flags().StringArray("address", nil, "`CIDR` from where the bot and check call too")
	r.since = c.Flags().String("since", "", "from this `TIME` on, such as 3d or 2026-05-01")
	r.json = c.Flags().Bool("json", false, "print JSON")
	r.post = c.Flags().Bool("post", false, "put new alarms on the record: the channel shows them")
	r.attach = c.Flags().Bool("attach", false, "put what Grants were used for on the record")
	c.RunE = func(c *cobra.Command, args []string) error { return r.run(ctx, c, oneOrNone(args)) }
	return c
}

type reconciling struct {
	place                placeFlags
	trails, users, tools *[]string
	since                *string
	json, post, attach   *bool
	getenv               func(string) string
}

// asked is what the flags say.
type asked struct {
	since  time.Time
	tools  []netip.Prefix
	config policy.Config
	named  bool // there is a config
}

func (r reconciling) run(ctx context.Context, c *cobra.Command, file string) error {
	a, err := r.read(c)
	if err != nil {
		return err
	}
	return r.place.open(ctx, c, file, *r.post || *r.attach, func(ctx context.Context, at *app.RecordReader, s app.Settings) error {
		users, unknown, err := r.iamUsers(ctx, a)
		if err != nil {
			return err
		}
		do := func(ctx context.Context) error {
			done, err := r.match(ctx, at, a, users)
			if err != nil {
				return err
			}
			done.CannotTell = append(done.CannotTell, unknown...)
			if err := r.write(ctx, at, s, &done); err != nil {
				return err
			}
			return r.print(c.OutOrStdout(), done)
		}
		if !*r.post && !*r.attach {
			return do(ctx)
		}
		if at.Seal == nil {
			return errors.New("ASSUMEBOT_SEAL_KEYS is not set, and what --post and --attach write is sealed with it")
		}
		// What another run posts at the same time would be posted twice.
		only := lease.New(at.Store.Leases, "reconcile", time.Minute, slog.New(slog.DiscardHandler))
		err = only.Do(ctx, func(ctx context.Context, _ *lease.Hold) error { return do(ctx) })
		if errors.Is(err, lease.ErrTaken) {
			return errors.New("another run with --post or --attach goes on: wait for its end; one that died stands in the way for a minute")
		}
		return err
	})
}

// read reads the flags.
func (r reconciling) read(c *cobra.Command) (a asked, err error) {
	switch {
	case len(*r.trails) == 0:
		return a, usagef(c, "which log files? Give --cloudtrail s3://BUCKET/AWSLogs, a directory or a file")
	case (*r.post || *r.attach) && !*r.place.redis:
		return a, usagef(c, "--post and --attach write to the record: give --redis")
	}
	if a.since, err = sinceWhen(c, *r.since, time.Now()); err != nil {
		return a, err
	}
	for _, arn := range *r.users {
		if !app.IsIAMUser(arn) {
			return a, usagef(c, "--iam-user %q: write the ARN of an IAM user, such as arn:aws:iam::111111111111:user/alice", arn)
		}
	}
	for _, text := range *r.tools {
		p, err := netip.ParsePrefix(text)
		if one, wrong := netip.ParseAddr(text); wrong == nil {
			p, err = one.Prefix(one.BitLen())
		}
		if err != nil {
			return a, usagef(c, "--address %q: write an address, or a range such as 192.0.2.0/24", text)
		}
		a.tools = append(a.tools, p)
	}
	path := *r.place.config
	if path == "" {
		path = r.getenv("ASSUMEBOT_CONFIG")
	}
	if path == "" {
		if len(*r.users) == 0 {
			return a, usagef(c, "which IAM users? Give --config FILE, and AWS is asked whose its keys are, or --iam-user ARN for each")
		}
		return a, nil
	}
	cfg, err := config.Load(path)
	a.config, a.named = cfg.Broker, true
	return a, err
}

// sinceWhen reads a time, or how long ago it was.
func sinceWhen(c *cobra.Command, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	ago, err := time.ParseDuration(text)
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		var n int
		if n, err = strconv.Atoi(days); err == nil && (n < 0 || n > mostDays) {
			err = errors.New("too many days")
		}
		ago = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || ago <= 0 {
		return time.Time{}, usagef(c, "--since %q: write how long ago as 3d or 48h, or a time as 2026-05-01 or 2026-05-01T12:00:00Z", text)
	}
	return now.Add(-ago), nil
}

// mostDays is more than any trail keeps.
const mostDays = 36_500

func (r reconciling) iamUsers(ctx context.Context, a asked) (users []reconcile.User, unknown []string, err error) {
	if len(*r.users) > 0 {
		return app.NamedIAMUsers(*r.users, a.config.Users), nil, nil
	}
	users, unknown, err = app.IAMUsers(ctx, a.config.Users, r.getenv)
	if err == nil && len(users) == 0 {
		err = errors.Join(errors.New("no IAM user is known, so nothing can be judged"), errors.New(strings.Join(unknown, "\n")))
	}
	return users, unknown, err
}

// A reconciled is what came of it all. Its JSON is what --json prints.
type reconciled struct {
	reconcile.Report
	NotRead  []string `json:"not_read"`           // files that could not be read, with the reason
	Posted   *int64   `json:"posted,omitempty"`   // number of the entry with the new alarms
	New      int      `json:"new"`                // how many alarms the record did not tell, or not as of now
	Attached int      `json:"attached,omitempty"` // of how many Grants the record says now what they were used for

	of    string
	match *reconcile.Match
}

// maxNotRead is as many files as are named that could not be read; then it is given up.
const maxNotRead = 100

func (r reconciling) match(ctx context.Context, at *app.RecordReader, a asked, users []reconcile.User) (reconciled, error) {
	done := reconciled{NotRead: []string{}, of: strings.Join(*r.trails, " ")}
	began := time.Now()
	sources, err := recordSources(ctx, at, a.since)
	if err != nil {
		return done, err
	}
	index, err := reconcile.Read(ctx, a.since, sources...)
	if err != nil {
		return done, fmt.Errorf("read the record: %w", err)
	}
	done.match = reconcile.NewMatch(index, users, reconcile.Window{
		Since: a.since, RecordUntil: reconcile.RecordEnd(index, at.Store != nil, began), Tools: a.tools,
	})
	files := 0
	for _, place := range *r.trails {
		source, err := app.OpenTrail(ctx, place, r.getenv)
		if err != nil {
			return done, fmt.Errorf("--cloudtrail %w", err)
		}
		err = source.Each(ctx, a.since, func(name string, in io.Reader, err error) error {
			if err == nil {
				err = cloudtrail.Read(in, func(e cloudtrail.Event) error {
					done.match.Take(e)
					return ctx.Err()
				})
			}
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case errors.Is(err, cloudtrail.ErrDigest):
			case err != nil:
				done.NotRead = append(done.NotRead, name+": "+err.Error())
			default:
				files++
			}
			if len(done.NotRead) >= maxNotRead {
				return fmt.Errorf("%d files cannot be read, and no further ones are tried; the first is %s", maxNotRead, done.NotRead[0])
			}
			return nil
		})
		if err != nil {
			return done, err
		}
	}
	done.Report = done.match.Report(files, len(done.NotRead) == 0)
	done.New = len(done.match.New(done.Alarms))
	done.Grants = done.match.Usages()
	return done, nil
}

// recordSources are where the record is read: the store, and before it the archive, where the
// store does not reach back far enough.
func recordSources(ctx context.Context, at *app.RecordReader, since time.Time) ([]audit.Source, error) {
	if at.Store == nil || at.Archived == nil {
		return []audit.Source{at.Source}, nil
	}
	first, next, err := at.Source.Bounds(ctx)
	if err != nil {
		return nil, err
	}
	if first == 0 {
		return []audit.Source{at.Source}, nil
	}
	if first < next && !since.IsZero() {
		if reaches, err := reconcile.ReachesBack(ctx, at.Source, since); err != nil || reaches {
			return []audit.Source{at.Source}, err
		}
	}
	return []audit.Source{at.Archived, at.Source}, nil
}

func (r reconciling) print(w io.Writer, done reconciled) error {
	if *r.json {
		out := json.NewEncoder(w)
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		if err := out.Encode(done); err != nil {
			return err
		}
	} else if err := done.show(w, *r.post); err != nil {
		return err
	}
	switch {
	case len(done.Alarms) > 0:
		return exitCode(exitAlarm)
	case len(done.NotRead) > 0:
		return fmt.Errorf("%s could not be read, the first is %s", count(len(done.NotRead), "file"), done.NotRead[0])
	case len(done.CannotTell) > 0:
		return exitCode(exitCannotTell)
	}
	return nil
}
