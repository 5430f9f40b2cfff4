//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package archive

import (
	"errors"
	"os"
)

type sharing int

const (
	exclusive sharing = iota
	shared
)

// flock refuses: only with this lock may several processes write to one directory.
func flock(*os.File, sharing) (bool, error) {
	return false, errors.New("an archive in a directory cannot be written on this system, which has no flock")
}
