//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package archive

import (
	"errors"
	"os"
	"syscall"
)

type sharing int

const (
	exclusive sharing = syscall.LOCK_EX
	shared    sharing = syscall.LOCK_SH
)

// flock takes the lock of a file until that is closed; false when another has it.
func flock(f *os.File, how sharing) (bool, error) {
	err := syscall.Flock(int(f.Fd()), int(how)|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
