package cloudtrail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// A Source is where log files are: a directory, a file, or a bucket of S3.
type Source interface {
	// Each calls do with each log file that may hold an event of since or later, and with
	// the name under which a person finds it. r is valid until do returns. What cannot be
	// opened comes with the reason and no r. An error of do ends it, and is returned as it
	// is.
	Each(ctx context.Context, since time.Time, do func(name string, r io.Reader, err error) error) error
	// String names the place.
	String() string
}

// Files are the log files at a path: of a directory all in it and below.
func Files(path string) Source { return files(path) }

type files string

func (f files) String() string { return string(f) }

var (
	errLink       = errors.New("it is a symbolic link, and links are not followed here: name what it leads to")
	errNotRegular = errors.New("it is not a regular file")
)

// Each implements Source. Links in a directory are not followed, and are told.
func (f files) Each(ctx context.Context, since time.Time, do func(string, io.Reader, error) error) error {
	info, err := os.Stat(string(f))
	if err != nil {
		return reason(string(f), err)
	}
	if !info.IsDir() {
		return opened(string(f), func() (*os.File, error) { return os.OpenFile(string(f), os.O_RDONLY|syscall.O_NONBLOCK, 0) }, do)
	}
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return reason(string(f), err)
	}
	defer func() { _ = root.Close() }() // only read from
	return fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		name := filepath.Join(string(f), path)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return do(name, nil, errors.New(withoutPath(err)))
		case d.IsDir() || !IsLog(path):
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			return do(name, nil, errLink)
		}
		if end, ok := LastIn(path); ok && end.Before(since) {
			return nil
		}
		return opened(name, func() (*os.File, error) { return root.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) }, do)
	})
}

// opened calls do with a file, which may have become a named pipe or a device since.
func opened(name string, open func() (*os.File, error), do func(string, io.Reader, error) error) error {
	file, err := open()
	if err != nil {
		return do(name, nil, errors.New(withoutPath(err)))
	}
	defer func() { _ = file.Close() }() // only read from
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return do(name, nil, errNotRegular)
	}
	return do(name, file, nil)
}

func reason(path string, err error) error { return fmt.Errorf("%s: %s", path, withoutPath(err)) }

// withoutPath is why a file could not be read, without its path, which stands before it.
func withoutPath(err error) string {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
