package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
)

// A Yard is a bare loop with a Slack of its own, to measure by.
type Yard struct {
	Slack   *fakeslack.Server
	process *Process
}

// Usage is what the bare loop uses.
func (y *Yard) Usage() (Usage, error) { return y.process.Usage() }

// StartYard starts a bare loop: this program's own `bare`. body is what it posts to
// each response_url; nil: it acknowledges alone.
func (l *Lab) StartYard(ctx context.Context, body []byte) (*Yard, error) {
	return l.startYard(ctx, body)
}

// StartSeeingYard starts a bare loop that writes to the Lab's Redis once, and posts body.
func (l *Lab) StartSeeingYard(ctx context.Context, body []byte) (*Yard, error) {
	return l.startYard(ctx, body, l.redisURL, "")
}

// StartIssuingYard starts a bare loop that makes the calls to the Lab's Redis and AWS
// that issuing costs, and posts body.
func (l *Lab) StartIssuingYard(ctx context.Context, body []byte) (*Yard, error) {
	return l.startYard(ctx, body, l.redisURL, l.AWS.URL())
}

func (l *Lab) startYard(ctx context.Context, body []byte, first ...string) (*Yard, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	slack, err := fakeslack.Start()
	if err != nil {
		return nil, err
	}
	args := []string{"bare", slack.URL()}
	if body != nil {
		file := filepath.Join(l.dir, fmt.Sprintf("answer%d.json", len(l.yards)))
		if err := os.WriteFile(file, body, 0o600); err != nil {
			return nil, err
		}
		args = append(append(args, file), first...)
	}
	env, profiles := os.Environ(), ""
	if l.Options.Profile {
		port, err := freePort(ctx)
		if err != nil {
			return nil, err
		}
		profiles = "127.0.0.1:" + port
		env = append(env, ProfileAddr+"="+profiles)
	}
	p, err := startProcess(l.dir, fmt.Sprintf("bare%d", len(l.yards)), env, self, args...)
	if err != nil {
		return nil, err
	}
	p.metrics = profiles
	y := &Yard{Slack: slack, process: p}
	l.yards = append(l.yards, y)
	ctx, cancel := context.WithTimeoutCause(ctx, startWithin, fmt.Errorf("the bare loop did not connect within %s", startWithin))
	defer cancel()
	return y, slack.AwaitSockets(ctx, 1)
}
