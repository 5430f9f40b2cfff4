package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// A Reading is one look at the config file and the files that it names. What it
// was parsed from is what its digest is of.
type Reading struct {
	Config   Config
	Problems Problems // none: the config is right
	Digest   string   // the same for the same content, wherever the files are
	files    *fileSet
}

// Err is the Problems, if there are any.
func (r Reading) Err() error {
	if len(r.Problems) == 0 {
		return nil
	}
	return r.Problems
}

// Path is where the config file is.
func (r Reading) Path() string { return r.files.path }

// Refuse makes a config that is right by itself wrong all the same.
func (r *Reading) Refuse(why error) {
	if why != nil {
		r.Problems = Problems{{File: r.files.path, Message: why.Error()}}
	}
}

// Stale reports whether the files say something else by now. They are read only where
// they do not look as they did.
func (r *Reading) Stale() bool {
	if r.files.untouched() {
		return false
	}
	again := newFileSet(r.files.path)
	for _, name := range r.files.names {
		_, _ = again.read(name) // an error is part of the digest
	}
	if again.digest() != r.Digest {
		return true
	}
	r.files = again
	return false
}

// Read reads the config file at path and the files that it names.
func Read(path string) Reading {
	r := Reading{files: newFileSet(path)}
	data, err := r.files.read("")
	if err != nil {
		r.Problems = Problems{{File: path, Message: fmt.Sprintf("cannot be read: %s: name the config file with --config FILE or ASSUMEBOT_CONFIG", WithoutPath(err))}}
	} else if r.Config, err = Parse(path, data, r.files.read); err != nil && !errors.As(err, &r.Problems) {
		r.Refuse(err)
	}
	r.Digest = r.files.digest()
	return r
}

// A fileSet reads the config file and those beside it, and sums up what it read.
// The digest does not depend on where the config file is, so that replicas on
// several hosts agree on it.
type fileSet struct {
	path  string // of the config file
	names []string
	looks []fs.FileInfo // of each, from before it was read; nil: it could not be looked at
	at    time.Time
	sum   hash.Hash
}

func newFileSet(path string) *fileSet { return &fileSet{path: path, at: time.Now(), sum: sha256.New()} }

const (
	// fresh is how young a file may be that can change again without looking otherwise:
	// the coarsest file systems, and clocks of servers, tell times apart by that.
	fresh = 2 * time.Second
	// lookedAt is how long a look is trusted, whatever a file system says.
	lookedAt = time.Minute
)

// untouched reports whether the files certainly are as they were read.
func (f *fileSet) untouched() bool {
	if time.Since(f.at) > lookedAt {
		return false
	}
	for i, name := range f.names {
		was := f.looks[i]
		if was == nil || was.ModTime().After(f.at.Add(-fresh)) {
			return false
		}
		is, err := os.Stat(f.find(name))
		if err != nil || !os.SameFile(was, is) || is.Size() != was.Size() || !is.ModTime().Equal(was.ModTime()) {
			return false
		}
	}
	return true
}

// find is where the file is that the config file calls name, or itself, which is "".
func (f *fileSet) find(name string) string {
	switch {
	case name == "":
		return f.path
	case !filepath.IsAbs(name):
		return filepath.Join(filepath.Dir(f.path), name)
	}
	return name
}

// read reads a file that the config file names, or itself, which is "".
func (f *fileSet) read(name string) ([]byte, error) {
	path, limit := f.find(name), int64(maxPolicyBytes)
	if name == "" {
		limit = maxConfigBytes
	}
	look, _ := os.Stat(path) // nil where it is not there
	data, err := ReadRegular(path, limit)
	f.names, f.looks = append(f.names, name), append(f.looks, look)
	failed := ""
	if err != nil {
		failed = WithoutPath(err)
	}
	fmt.Fprintf(f.sum, "%q %d %q\n", name, len(data), failed)
	_, _ = f.sum.Write(data) // a hash takes everything
	return data, err
}

// ReadRegular reads at most limit+1 bytes of a file as [OpenRegular] opens it, so that
// the caller can tell that there were more.
func ReadRegular(path string, limit int64) ([]byte, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// OpenRegular opens a file that is there to be read again: a pipe or a device could
// keep the reader for ever. The error is ErrNotRegular when it is none.
func OpenRegular(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, ErrNotRegular
	}
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may have become a named pipe since
}

// ErrNotRegular says that something is no regular file.
var ErrNotRegular = errors.New("it is not a regular file")

func (f *fileSet) digest() string { return hex.EncodeToString(f.sum.Sum(nil)) }

// WithoutPath is why a file could not be read, without its path, which the message
// has already.
func WithoutPath(err error) string {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
