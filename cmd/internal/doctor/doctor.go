// Package doctor asks Slack, Redis and AWS whether what the config and the settings
// need is there, and says of each thing what it found and what to do.
//
// These hold:
//
//   - Nothing is issued: no check calls AssumeRole or GetSessionToken, and none posts.
//   - Every check has a deadline, all together have one, and what one check meets hides
//     no other. The order of findings is that of the checks.
//   - What a service does not say is NotTold, never OK.
//   - Answers are read bounded, and no finding holds a secret or what is not printable.
//
// Neither Slack nor AWS can be tried where the tests run. What the checks rest on is
// named beside each call, in bot/webapi/probe.go and broker/awsapi/inspect.go.
package doctor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/text"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// A State is what is to be thought of a thing.
type State string

// The states. A service that refuses to say is NotTold.
const (
	OK      State = "ok"
	Warning State = "warning"
	Wrong   State = "wrong"
	NotTold State = "not_told"
)

// A Finding is one line for a person, and one object for a program. Its fields, the
// states and the names of checks stay; checks may come to be.
type Finding struct {
	Check   string `json:"check"`   // what was looked at, such as slack-scopes
	Subject string `json:"subject"` // which one of several: a name or an ID; "" for all, or where there is one
	State   State  `json:"state"`
	What    string `json:"what"` // what was found
	Do      string `json:"do"`   // what to do; "" where there is nothing
}

// A Patient is what is examined.
type Patient struct {
	Config   config.Config
	Settings app.Settings
	Getenv   func(string) string // where users' keys are
	AWS      *awsapi.Place       // nil: where the SDK's own settings say
	Wrapped  int                 // how many of the keys in Settings KMS had to open
	Now      func() time.Time
}

const (
	// within bounds the whole examination.
	within = 28 * time.Second
	// atOnce is how many things of one service are asked at once.
	atOnce = 6
)

// Examine looks at everything, within half a minute.
func Examine(ctx context.Context, p Patient) []Finding {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return together(ctx, 8,
		look{check: "slack", limit: within, see: p.slack},
		look{check: "slack-socket", limit: 2 * slackLimit, see: p.slackSocket},
		look{check: "slack-app", limit: slackLimit, see: p.slackApp},
		look{check: "redis", limit: redisLimit, see: p.redis},
		look{check: "aws-region", limit: awsLimit, see: p.regions},
		look{check: "aws-sts", limit: awsLimit, see: p.amazon},
		look{check: "record", limit: 2 * recordLimit, see: p.record},
		look{check: "record-sink", limit: 2 * sinkLimit, see: p.sinks},
	)
}

// A look finds out one thing. Its findings take its check and subject where they have
// none of their own.
type look struct {
	check, subject string
	limit          time.Duration
	see            func(context.Context) []Finding
}

// together takes the looks, so many at once, and returns what they found in their order.
// What does not come back in time is not waited for.
func together(ctx context.Context, atOnce int, looks ...look) []Finding {
	found := make([][]Finding, len(looks))
	places := make(chan struct{}, atOnce)
	var looking sync.WaitGroup
	for i, l := range looks {
		looking.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			found[i] = l.take(ctx)
		})
	}
	looking.Wait()
	var all []Finding
	for _, some := range found {
		all = append(all, some...)
	}
	return all
}

func (l look) take(ctx context.Context) []Finding {
	ctx, cancel := context.WithTimeout(ctx, l.limit)
	defer cancel()
	done := make(chan []Finding, 1)
	go func() { done <- l.see(ctx) }()
	var found []Finding
	select {
	case found = <-done:
	case <-ctx.Done():
		found = notTold("see that it can be reached from here, and check again", "no answer in time")
	}
	for i := range found {
		if found[i].Check == "" {
			found[i].Check = l.check
		}
		if found[i].Subject == "" {
			found[i].Subject = l.subject
		}
		f := &found[i] // may repeat what others said
		f.Subject, f.What, f.Do = text.Printable(f.Subject), text.Printable(f.What), text.Printable(f.Do)
	}
	return found
}

// The four below are one finding each; do is what to do.

func fine(what string, args ...any) []Finding {
	return []Finding{{State: OK, What: fmt.Sprintf(what, args...)}}
}

func warn(do, what string, args ...any) []Finding {
	return []Finding{{State: Warning, What: fmt.Sprintf(what, args...), Do: do}}
}

func wrong(do, what string, args ...any) []Finding {
	return []Finding{{State: Wrong, What: fmt.Sprintf(what, args...), Do: do}}
}

func notTold(do, what string, args ...any) []Finding {
	return []Finding{{State: NotTold, What: fmt.Sprintf(what, args...), Do: do}}
}

// of gives findings a check, and a subject where they have none.
func of(check, subject string, found []Finding) []Finding {
	for i := range found {
		found[i].Check = check
		if found[i].Subject == "" {
			found[i].Subject = subject
		}
	}
	return found
}

// Worst is Wrong where anything is.
func Worst(found []Finding) State {
	worst := OK
	for _, f := range found {
		switch {
		case f.State == Wrong:
			return Wrong
		case f.State == Warning, f.State == NotTold && worst == OK:
			worst = f.State
		}
	}
	return worst
}
