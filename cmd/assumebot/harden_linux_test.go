package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
)

// nobody is whom the program runs as where the test runs as root, who may read
// everything.
const nobody = 65534

// TestRunLeavesNoCoreAndHidesItsEnvironment looks at the program from outside. Of
// a process that is not dumpable, /proc/PID/environ belongs to root, whoever runs
// it (proc(5)).
func TestRunLeavesNoCoreAndHidesItsEnvironment(t *testing.T) {
	s := startSlack(t)
	cmd, log := program(t, s)
	if os.Getuid() == 0 {
		asNobody(t, cmd)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	log.await(t, saysReady, 1)
	proc := filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid))
	limits, err := os.ReadFile(filepath.Join(proc, "limits"))
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^Max core file size +0 +0 `).Match(limits) {
		t.Errorf("got limits\n%s\nwant a core file size of 0", limits)
	}
	environ, err := os.Stat(filepath.Join(proc, "environ"))
	if err != nil {
		t.Fatal(err)
	}
	if owner := environ.Sys().(*syscall.Stat_t).Uid; owner != 0 {
		t.Errorf("got an environment that uid %d may read, want it root's alone", owner)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v, want exit 0\n%s", err, log)
	}
}

// asNobody moves the program and its config to where nobody may read them.
func asNobody(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, path := range map[string]*string{"assumebot": &cmd.Path, "config.yaml": &cmd.Args[3]} {
		to := filepath.Join(dir, name)
		copyFile(t, *path, to)
		*path = to
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}
