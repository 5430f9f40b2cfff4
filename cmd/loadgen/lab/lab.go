package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/loadgen/fakeaws"
	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
)

// A Lab is everything that takes part in one load test. Whoever started it closes it.
type Lab struct {
	Options Options
	Slack   *fakeslack.Server // the bot's
	AWS     *fakeaws.Server
	Redis   *Redis
	Far     *Far       // stands before Redis; nil without Options.Far
	Bots    []*Process // replicas

	dir, bot  string // where files are, and the program
	config    string
	redisURL  string // as the bot is told
	seal      string
	recordKey string
	yards     []*Yard
	ending    []*Process // replicas that were told to end
	all       []*Process // replicas that were ever started
	started   int        // replicas, so far
	codes     atomic.Int64
}

// NextCode is another number each time.
func (l *Lab) NextCode() int { return int(l.codes.Add(1)) }

// startWithin is what a process may take until it serves.
const startWithin = 30 * time.Second

// Start starts the fakes, Redis and the bot, and waits until its sockets are open.
func Start(ctx context.Context, o Options) (_ *Lab, err error) {
	l := &Lab{Options: o.withDefaults(), bot: o.Bot, seal: app.NewSealKey().Reveal()}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	if l.dir, err = os.MkdirTemp("", "loadgen-"); err != nil {
		return nil, err
	}
	if l.recordKey, _, err = tree.NewKey("example.com/loadgen"); err != nil {
		return nil, err
	}
	if l.Slack, err = fakeslack.Start(); err != nil {
		return nil, err
	}
	if l.AWS, err = fakeaws.Start(); err != nil {
		return nil, err
	}
	if l.bot == "" {
		if l.bot, err = Build(ctx, l.dir); err != nil {
			return nil, err
		}
	}
	if l.Redis, err = l.startRedis(ctx); err != nil {
		return nil, err
	}
	l.redisURL = l.Redis.URL
	if l.Options.Far {
		if l.Far, err = startFar(ctx, l.Redis.client.Options().Addr); err != nil {
			return nil, err
		}
		l.redisURL = strings.Replace(l.Redis.URL, l.Redis.client.Options().Addr, l.Far.address(), 1)
	}
	return l, l.startBots(ctx)
}

// Build builds the bot as it is released.
func Build(ctx context.Context, dir string) (path string, err error) {
	path = filepath.Join(dir, "assumebot")
	args := []string{"build", "-trimpath", "-tags=grpcnotrace", "-ldflags=-s -w", "-o", path, "github.com/assumebot/assumebot/cmd/assumebot"}
	build := exec.CommandContext(ctx, "go", args...) //nolint:gosec // path is our own
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the bot (or give --bot PATH): %w\n%s", err, out)
	}
	return path, nil
}

func (l *Lab) startBots(ctx context.Context) error {
	l.AWS.SetDelay(l.Options.STS)
	l.Slack.SetPeople(l.Options.Users)
	l.Slack.Limit("users.info", l.Options.UsersInfo)
	if l.Options.Group > 0 {
		l.Slack.SetGroup(l.Options.group())
	}
	l.config = filepath.Join(l.dir, "assumebot.yaml")
	if err := os.WriteFile(l.config, l.Options.config(), 0o600); err != nil {
		return err
	}
	for range l.Options.Replicas {
		if _, err := l.StartBot(ctx); err != nil {
			return err
		}
	}
	return l.AwaitBots(ctx)
}

// StartBot starts one more replica; AwaitBots waits for its sockets.
func (l *Lab) StartBot(ctx context.Context) (*Process, error) {
	name := fmt.Sprintf("bot%d", l.started)
	env, metrics := append(l.environment(), "SLACK_API_URL="+l.Slack.URLOf(name)), ""
	if l.Options.Metrics {
		port, err := freePort(ctx)
		if err != nil {
			return nil, err
		}
		metrics = "127.0.0.1:" + port
		env = append(env, "ASSUMEBOT_METRICS_ADDR="+metrics)
	}
	if l.Options.Profile {
		env = append(env, "ASSUMEBOT_PPROF=on")
	}
	p, err := startProcess(l.dir, name, env, l.bot, "run", "--config", l.config)
	if err != nil {
		return nil, err
	}
	p.metrics = metrics
	l.started++
	l.Bots, l.all = append(l.Bots, p), append(l.all, p)
	return p, nil
}

// Restart ends the first replica, starts it again and returns how long it took from its
// start until Slack's first hello.
func (l *Lab) Restart(ctx context.Context) (time.Duration, error) {
	l.Bots[0].Stop()
	return l.another(ctx)
}

// Replace kills a replica, as a crash would, and starts another, which is the last from
// then on. Which one is chance.
func (l *Lab) Replace(ctx context.Context) error {
	i := rand.IntN(len(l.Bots))
	l.Bots[0], l.Bots[i] = l.Bots[i], l.Bots[0]
	l.Bots[0].Kill()
	_, err := l.another(ctx)
	return err
}

// another starts a replica in the place of the first, which has ended. Sockets are
// counted as they open: those of the first may look open for a moment.
func (l *Lab) another(ctx context.Context) (hello time.Duration, err error) {
	l.Bots = l.Bots[1:]
	opened, began := l.Slack.Counts().Sockets, time.Now()
	if _, err := l.StartBot(ctx); err != nil {
		return 0, err
	}
	waiting, cancel := context.WithTimeoutCause(ctx, startWithin, errors.New("the bot did not connect"))
	defer cancel()
	if err := l.Slack.AwaitOpened(waiting, opened+1); err != nil {
		return 0, err
	}
	hello = time.Since(began)
	if err := l.Slack.AwaitOpened(waiting, opened+int64(l.Options.Connections)); err != nil {
		return 0, err
	}
	return hello, l.AwaitBots(ctx)
}

// AwaitBots waits until the sockets of all replicas that run are open.
func (l *Lab) AwaitBots(ctx context.Context) error {
	l.Bots = slices.DeleteFunc(l.Bots, func(p *Process) bool {
		select {
		case <-p.done:
			return len(l.Bots) > 1
		default:
			return false
		}
	})
	ctx, cancel := context.WithTimeoutCause(ctx, startWithin, fmt.Errorf("the bot did not connect within %s", startWithin))
	defer cancel()
	ended := make(chan error, len(l.Bots))
	for _, p := range l.Bots {
		go func() {
			select {
			case <-p.done:
				ended <- fmt.Errorf("the bot ended before it served (%w):\n%s", cmpErr(p.err), p.Tail())
			case <-ctx.Done():
			}
		}()
	}
	open := make(chan error, 1)
	go func() { open <- l.Slack.AwaitSockets(ctx, len(l.Bots)*l.Options.Connections) }()
	select {
	case err := <-ended:
		return err
	case err := <-open:
		return err
	}
}

func cmpErr(err error) error {
	if err == nil {
		return errors.New("without an error")
	}
	return err
}

// environment hides what would have the bot go elsewhere.
func (l *Lab) environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "AWS_") || strings.HasPrefix(v, "SLACK_") || strings.HasPrefix(v, "ASSUMEBOT_")
	})
	env = append(env,
		"SLACK_API_URL="+l.Slack.URL(), "SLACK_APP_TOKEN="+fakeslack.AppToken, "SLACK_BOT_TOKEN="+fakeslack.BotToken,
		"REDIS_URL="+l.redisURL, "ASSUMEBOT_SEAL_KEYS="+l.seal, "ASSUMEBOT_RECORD_KEY="+l.recordKey,
		"AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL="+l.AWS.URL(), "AWS_ACCESS_KEY_ID=AKIALOADBOT000000000", "AWS_SECRET_ACCESS_KEY=0",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true")
	return append(env, l.Options.keys()...)
}

// Usage is what all replicas use together.
func (l *Lab) Usage() (Usage, error) {
	var sum Usage
	for _, p := range l.Bots {
		u, err := p.Usage()
		if err != nil {
			return sum, err
		}
		sum.CPU += u.CPU
		sum.Resident += u.Resident
		sum.File += u.File
		sum.Peak += u.Peak
		sum.Threads += u.Threads
	}
	return sum, nil
}

// Close ends all of it at once and removes its files: a bot that is asked to end still
// posts to the audit channel, for seconds.
func (l *Lab) Close() {
	for _, y := range l.yards {
		y.process.Kill()
		_ = y.Slack.Close()
	}
	for _, p := range append(l.ending, l.Bots...) {
		p.Kill()
	}
	if l.Far != nil {
		l.Far.close()
	}
	if l.Redis != nil {
		l.Redis.close()
	}
	if l.Slack != nil {
		_ = l.Slack.Close()
	}
	if l.AWS != nil {
		_ = l.AWS.Close()
	}
	_ = os.RemoveAll(l.dir)
}
