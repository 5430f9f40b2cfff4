package app

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
)

// A reading is one look at the config file and the files that it names. What it
// was parsed from is what its digest is of.
type reading struct {
	config   Config
	problems Problems // none: the config is right
	files    *fileSet
	digest   string
}

func (r reading) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return r.problems
}

// refuse makes a config that is right by itself wrong all the same.
func (r *reading) refuse(why error) {
	if why != nil {
		r.problems = Problems{{File: r.files.path, Message: why.Error()}}
	}
}

// stale reports whether the files say something else by now.
func (r reading) stale() bool {
	again := newFileSet(r.files.path)
	for _, name := range r.files.names {
		_, _ = again.read(name) // an error is part of the digest
	}
	return again.digest() != r.digest
}

func readConfig(path string) reading {
	r := reading{files: newFileSet(path)}
	data, err := r.files.read("")
	if err != nil {
		r.problems = Problems{{File: path, Message: fmt.Sprintf("cannot be read: %s: name the config file with --config FILE or ASSUMEBOT_CONFIG", reason(err))}}
	} else if r.config, err = ParseConfig(path, data, r.files.read); err != nil && !errors.As(err, &r.problems) {
		r.refuse(err)
	}
	r.digest = r.files.digest()
	return r
}

// A fileSet reads the config file and those beside it, and sums up what it read.
// The digest does not depend on where the config file is, so that replicas on
// several hosts agree on it.
type fileSet struct {
	path  string // of the config file
	names []string
	sum   hash.Hash
}

func newFileSet(path string) *fileSet { return &fileSet{path: path, sum: sha256.New()} }

// read reads a file that the config file names, or itself, which is "".
func (f *fileSet) read(name string) ([]byte, error) {
	path, limit := name, int64(maxPolicyBytes)
	switch {
	case name == "":
		path, limit = f.path, maxConfigBytes
	case !filepath.IsAbs(name):
		path = filepath.Join(filepath.Dir(f.path), name)
	}
	data, err := readRegular(path, limit)
	f.names = append(f.names, name)
	failed := ""
	if err != nil {
		failed = reason(err)
	}
	fmt.Fprintf(f.sum, "%q %d %q\n", name, len(data), failed)
	_, _ = f.sum.Write(data) // a hash takes everything
	return data, err
}

// readRegular reads a file that is there to be read again; a pipe or a device
// could keep the reader for ever.
func readRegular(path string, limit int64) ([]byte, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, errors.New("it is not a regular file")
	}
	return readFile(path, limit)
}

func (f *fileSet) digest() string { return hex.EncodeToString(f.sum.Sum(nil)) }
