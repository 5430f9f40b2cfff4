package storetest

import (
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// A Durable is a redis-server that has on disk whatever it acknowledged, so that it can
// be killed at any moment and started again.
type Durable struct {
	URL string

	t    testing.TB
	dir  string
	args []string
	runs process
}

// StartDurable starts one that only this test reaches; it ends with the test. Where there
// is no redis-server it does as [RealRedis]. args are arguments of its own.
func StartDurable(t testing.TB, args ...string) *Durable {
	t.Helper()
	dir := tempDir(t)
	socket := filepath.Join(dir, "redis.sock")
	d := &Durable{URL: "unix://" + socket, t: t, dir: dir, args: slices.Concat([]string{
		"--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--appendonly", "yes", "--appendfsync", "always",
	}, args)}
	d.Start()
	t.Cleanup(func() { d.Kill() })
	return d
}

// Kill ends it by SIGKILL.
func (d *Durable) Kill() { d.runs.kill() }

// Start starts it again, on what it had on disk.
func (d *Durable) Start() {
	d.t.Helper()
	d.runs = launch(d.t, redisServer, d.dir, d.args)
	if socket := d.URL[len("unix://"):]; !answers(d.t, d.runs, "unix", socket) {
		d.t.Fatalf("redis-server did not start: %s", d.runs.log())
	}
}

// Freeze stops it by SIGSTOP: it keeps its connections and answers nothing. What it was
// sent meanwhile it does once it is thawed.
func (d *Durable) Freeze() { d.signal(syscall.SIGSTOP) }

// Thaw has it go on.
func (d *Durable) Thaw() { d.signal(syscall.SIGCONT) }

func (d *Durable) signal(s syscall.Signal) {
	d.t.Helper()
	if err := d.runs.signal(s); err != nil {
		d.t.Error(err)
	}
}
