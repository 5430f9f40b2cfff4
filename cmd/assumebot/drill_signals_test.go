//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// It runs itself as a program that holds on as a drill does.
func TestADrillIsNotKilledByALostTerminalASecondSignalOrAnOutputNobodyReads(t *testing.T) {
	if os.Getenv("ASSUMEBOT_TEST_HOLD") != "" {
		ctx, release := stoppable(t.Context())
		defer release()
		_, _ = os.Stdout.WriteString("ready\n")
		<-ctx.Done()
		time.Sleep(100 * time.Millisecond) // in which the second signal comes
		_, _ = os.Stdout.WriteString("nobody reads this\n")
		_, _ = os.Stderr.WriteString("all is taken back")
		return
	}
	t.Parallel()
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	c.Env = append(os.Environ(), "ASSUMEBOT_TEST_HOLD=1")
	var said strings.Builder
	c.Stderr = &said
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
		t.Fatal(err)
	}
	_ = out.Close()
	for _, s := range []os.Signal{syscall.SIGHUP, os.Interrupt, syscall.SIGTERM} {
		if err := c.Process.Signal(s); err != nil {
			t.Error(err)
		}
	}
	_ = c.Wait() // the test framework itself cannot write any more
	if !strings.Contains(said.String(), "all is taken back") {
		t.Errorf("it was killed: %v, %q", c.ProcessState, said.String())
	}
}
