package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/cmd/demo/world"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

// With --drill the demo keeps the fakes up for one run of `assumebot drill`, which is a
// program of its own, beside a replica of the same program that serves.

// startsWithin is how long a program may take until it answers.
const startsWithin = 20 * time.Second

// drillWith has program drill against the fakes, and check the report.
func drillWith(ctx context.Context, program string, stdout, stderr io.Writer) (err error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return fmt.Errorf("%w\nBuild one and name it: go build -o assumebot ./cmd/assumebot && go run ./cmd/demo --drill ./assumebot", err)
	}
	w, dir, end, err := newSceneWithFiles() //nolint:contextcheck // it ends what ctx must not end
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	env, served, err := w.drillEnvironment(ctx, dir)
	if err != nil {
		return err
	}
	p := drilling{path: path, dir: dir, env: env, stdout: stdout, stderr: stderr}
	if served != nil {
		defer served()
		stop, err := p.serve(ctx, w)
		if err != nil {
			return err
		}
		defer stop()
	} else {
		_, _ = fmt.Fprintln(stdout, "Neither redis-server nor valkey-server is in PATH: the drill has a Redis of its own,\n"+
			"serves alone, and its report is not signed.")
	}
	alice, _ := w.person("alice")
	p.stdin = alice.Device.Code() + "\n"
	report := filepath.Join(dir, "drill.report")
	err = p.run(ctx, "drill", "--user", "alice", "--admin", "bob", "--account", "staging", "--by", "carol", "--out", report, "--yes")
	if err == nil && served != nil {
		err = p.run(ctx, "drill", "verify", report)
	}
	_, _ = fmt.Fprintln(stdout, "The demo takes its files away, and the report with them.")
	return err
}

// drillEnvironment is that of the program: with a real Redis and keys where one is installed,
// whose end is done by served.
func (w *scene) drillEnvironment(ctx context.Context, dir string) (env []string, served func(), err error) {
	settings := append(w.Environment(), world.Setting{Name: "ASSUMEBOT_CONFIG", Value: filepath.Join(dir, configFile)})
	server, err := exec.LookPath("redis-server")
	if err != nil {
		server, err = exec.LookPath("valkey-server")
	}
	if err == nil {
		socket := filepath.Join(dir, "redis.sock")
		if served, err = startRedis(ctx, server, dir, socket); err != nil {
			return nil, nil, err
		}
		key, _, err := tree.NewKey("example.com/demo")
		if err != nil {
			served()
			return nil, nil, err
		}
		settings = slices.DeleteFunc(settings, func(s world.Setting) bool { return s.Name == "REDIS_URL" })
		settings = append(settings, world.Setting{Name: "REDIS_URL", Value: "unix://" + socket},
			world.Setting{Name: "ASSUMEBOT_RECORD_KEY", Value: key}, world.Setting{Name: "ASSUMEBOT_SEAL_KEYS", Value: app.NewSealKey().Reveal()})
	}
	unset := append(world.Unset(), "ASSUMEBOT_CONFIG_FILE")
	for _, s := range settings {
		unset = append(unset, s.Name, s.Name+"_FILE")
	}
	for _, each := range os.Environ() {
		name, _, _ := strings.Cut(each, "=")
		if !slices.Contains(unset, name) {
			env = append(env, each)
		}
	}
	for _, s := range settings {
		env = append(env, s.Name+"="+s.Value)
	}
	return env, served, nil
}

func startRedis(ctx context.Context, server, dir, socket string) (stop func(), err error) {
	c := exec.CommandContext(ctx, server, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", dir) //nolint:gosec // found in PATH
	if err := c.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = c.Process.Kill() // it keeps nothing
		_ = c.Wait()
	}
	for until := time.Now().Add(startsWithin); time.Now().Before(until); {
		if _, err := os.Stat(socket); err == nil {
			return stop, nil
		}
		if err := waitReally(ctx, 20*time.Millisecond); err != nil {
			break
		}
	}
	stop()
	return nil, fmt.Errorf("%s did not start", filepath.Base(server))
}

// A drilling is the program that drills, and what it is run with.
type drilling struct {
	path, dir, stdin string
	env              []string
	stdout, stderr   io.Writer
}

func (p drilling) command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, p.path, args...) //nolint:gosec // a person names it
	c.Env, c.Stdin, c.Stdout, c.Stderr = p.env, strings.NewReader(p.stdin), p.stdout, p.stderr
	// Told to stop, it takes back what it imposed.
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = time.Minute
	return c
}

func (p drilling) run(ctx context.Context, args ...string) error {
	if err := p.command(ctx, args...).Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(p.path), strings.Join(args[:min(2, len(args))], " "), err)
	}
	return nil
}

// serve runs a replica that serves, until stop.
func (p drilling) serve(ctx context.Context, w *scene) (stop func(), err error) {
	c := p.command(context.WithoutCancel(ctx), "run", "--log-level", "error")
	if err := c.Start(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startsWithin)
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer cancel()
		_ = c.Wait() // it has said what went wrong
	}()
	stop = func() {
		_ = c.Process.Signal(os.Interrupt)
		<-ended
	}
	if err := w.Slack.Await(ctx, func(s *slacktest.Server) bool { return len(s.Connections()) > 0 }); err != nil {
		stop()
		return nil, fmt.Errorf("the replica did not come to serve: %w", err)
	}
	return stop, nil
}
