package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A Process is one of the programs that take part.
type Process struct {
	Name    string
	cmd     *exec.Cmd
	log     string
	metrics string        // where it tells them, and profiles; "": nowhere
	done    chan struct{} // closed once it has ended
	err     error         // readable then
	ended   time.Time     // so is this
}

func startProcess(dir, name string, env []string, path string, args ...string) (*Process, error) {
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has it
	cmd := exec.Command(path, args...) //nolint:gosec,noctx // our own programs, which Stop ends
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{Name: name, cmd: cmd, log: log.Name(), done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		p.ended = time.Now()
		close(p.done)
	}()
	return p, nil
}

// PID is its number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed once it has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Signal sends it a signal; one that has ended takes none.
func (p *Process) Signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// Kill ends it at once, as a crash would.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.done
}

// stopWithin is what a process that finishes its work may take.
const stopWithin = 20 * time.Second

// Stop asks it to end, and kills it if it does not.
func (p *Process) Stop() {
	p.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopWithin):
		p.Kill()
	}
}

// Tail is the end of what it printed.
func (p *Process) Tail() string {
	data, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	const enough = 2000
	return string(data[max(0, len(data)-enough):])
}

// A Usage is what a process has used.
type Usage struct {
	CPU      time.Duration // user and system, since it started
	Resident int64         // bytes now
	File     int64         // of these, pages of the program's file, which the kernel may drop and read again
	Peak     int64         // bytes at most
	Threads  int
}

// tick is what /proc counts CPU time in: 1/100 s on every Linux that Go runs on.
const tick = 10 * time.Millisecond

var errProc = errors.New("/proc does not say: only Linux has it")

// Usage reads /proc.
func (p *Process) Usage() (Usage, error) {
	var u Usage
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
	if err != nil {
		return u, fmt.Errorf("%w: %w", errProc, err)
	}
	// The name, which may hold anything, ends at the last bracket.
	// https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 13 {
		return u, errProc
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return u, errProc
	}
	u.CPU = time.Duration(user+system) * tick
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		return u, fmt.Errorf("%w: %w", errProc, err)
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64) // names and masks are no numbers
		switch name {
		case "VmRSS":
			u.Resident = n << 10
		case "RssFile":
			u.File = n << 10
		case "VmHWM":
			u.Peak = n << 10
		case "Threads":
			u.Threads = int(n)
		}
	}
	return u, nil
}
