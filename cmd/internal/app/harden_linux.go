package app

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Harden keeps this process's memory, which holds keys and codes, out of core
// files and from other processes of the same user. RLIMIT_CORE alone does not stop
// a core_pattern that pipes to a program (core(5)); a process that is not dumpable
// writes no core at all, and /proc/self/environ and the like are root's. It is
// called first, before a secret is read. The error names what could not be set.
func Harden() error {
	var problems []error
	limit := unix.Rlimit{}
	// Not set again where it is 0 already: a sandbox may refuse the call.
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 || limit.Max != 0 {
		if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
			problems = append(problems, fmt.Errorf("set RLIMIT_CORE to 0: %w", err))
		}
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		problems = append(problems, fmt.Errorf("set PR_SET_DUMPABLE to 0: %w", err))
	}
	return errors.Join(problems...)
}
