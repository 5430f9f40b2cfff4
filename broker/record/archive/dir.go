package archive

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"syscall"
	"time"

	"github.com/assumebot/assumebot/broker/retry"
)

// A Dir is an archive in a directory of one host. It is safe for concurrent use, also
// by several processes.
//
// An object is written to a file in .tmp, flushed, and then linked to its path, which
// fails where there is something: whoever is killed when, a path has all of an object
// or nothing. The directories above it are flushed before a write is answered. A
// checkpoint is compared and renamed while .replacing is locked.
//
// Whoever has a file in .tmp shares the lock of .writing. So one who gets that lock
// alone knows that all files there are of writers that died, and removes them.
type Dir struct {
	root *os.Root

	mu    sync.Mutex
	swept bool
}

const (
	dirTemporary = ".tmp"
	dirWriting   = ".writing"
	dirReplacing = ".replacing"
)

// OpenDir opens the archive in a directory that is there. It writes nothing: one who
// only reads needs no more than that.
func OpenDir(name string) (*Dir, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("open the directory of the archive: %w", err)
	}
	return &Dir{root: root}, nil
}

// Close gives the directory back.
func (d *Dir) Close() error { return d.root.Close() }

// Create implements [Objects].
func (d *Dir) Create(ctx context.Context, name string, data []byte) error {
	if _, err := CheckCreate(name, data); err != nil {
		return err
	}
	there, err := d.holds(name, data)
	if err == nil && !there {
		err = d.put(ctx, data, func(temporary string) error { return d.link(temporary, name) })
		if errors.Is(err, fs.ErrExist) { // another was first
			if there, err = d.holds(name, data); err == nil && !there {
				err = errors.New("it was deleted at the same time")
			}
		}
	}
	if err == nil {
		err = d.flush(name)
	}
	return d.failure(name, err)
}

// Read implements [Objects].
func (d *Dir) Read(ctx context.Context, name string) ([]byte, error) {
	if _, err := KindOf(name); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := d.read(name)
	return data, d.failure(name, err)
}

// Replace implements [Objects].
func (d *Dir) Replace(ctx context.Context, name string, was, data []byte) error {
	if err := CheckReplace(name, data); err != nil {
		return err
	}
	err := d.locked(ctx, dirReplacing, exclusive, func() error { return d.replace(ctx, name, was, data) })
	return d.failure(name, err)
}

// Delete implements [Objects].
func (d *Dir) Delete(ctx context.Context, name string) error {
	if err := CheckDelete(name); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return d.failure(name, err)
	}
	if kind, _ := KindOf(name); kind == KindPartial {
		_ = d.root.Remove(path.Dir(name)) // fails unless it was the last partial tile there
	}
	return d.failure(name, d.flush(name))
}

func (d *Dir) failure(name string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("archive in %s: %s: %w", d.root.Name(), name, err)
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		err = fmt.Errorf("%w: let the user whom the bot runs as read and write in that directory", err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		err = fmt.Errorf("%w: make room there", err)
	}
	return err
}

func (d *Dir) read(name string) ([]byte, error) {
	f, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // not to wait for whoever writes to a named pipe
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoObject
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("no regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxObject+1))
	if err == nil && len(data) > MaxObject {
		err = fmt.Errorf("more than %d bytes", MaxObject)
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

// holds reports whether an object is there; ErrOtherBytes when it is not data.
func (d *Dir) holds(name string, data []byte) (bool, error) {
	found, err := d.read(name)
	switch {
	case errors.Is(err, ErrNoObject):
		return false, nil
	case err == nil && !bytes.Equal(found, data):
		err = ErrOtherBytes
	}
	return err == nil, err
}

// replace is Replace, with the lock held.
func (d *Dir) replace(ctx context.Context, name string, was, data []byte) error {
	found, err := d.read(name)
	place := func(temporary string) error { return d.root.Rename(temporary, name) }
	switch {
	case errors.Is(err, ErrNoObject) && was == nil:
		place = func(temporary string) error { return d.link(temporary, name) }
	case errors.Is(err, ErrNoObject):
		return ErrChanged
	case err != nil:
		return err
	case bytes.Equal(found, data):
		return d.flush(name)
	case was == nil || !bytes.Equal(found, was):
		return ErrChanged
	}
	if err := d.put(ctx, data, place); err != nil {
		return err
	}
	return d.flush(name)
}

// put writes data to a temporary file, flushes it and calls place with its name.
func (d *Dir) put(ctx context.Context, data []byte, place func(temporary string) error) error {
	if err := d.sweep(ctx); err != nil {
		return err
	}
	return d.locked(ctx, dirWriting, shared, func() error {
		temporary := path.Join(dirTemporary, rand.Text())
		defer func() { _ = d.root.Remove(temporary) }() // else it is swept
		if err := d.write(temporary, data); err != nil {
			return err
		}
		return place(temporary)
	})
}

func (d *Dir) write(name string, data []byte) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// link gives a file its second name, unless something has it already.
func (d *Dir) link(temporary, name string) error {
	var err error
	for range 3 { // Delete may remove the directory in between
		if err = d.root.MkdirAll(path.Dir(name), 0o700); err != nil {
			return err
		}
		if err = d.root.Link(temporary, name); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// flush flushes the directories above an object. All of them: another process may
// have made them, and died before it flushed them.
func (d *Dir) flush(name string) error {
	for name != "." {
		name = path.Dir(name)
		f, err := d.root.Open(name)
		if errors.Is(err, fs.ErrNotExist) { // Delete removed it
			continue
		}
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// sweep removes what writers left in .tmp that died. While others write it does
// nothing, and is tried again with the next write.
func (d *Dir) sweep(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.swept {
		return nil
	}
	if err := d.root.Mkdir(dirTemporary, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	lock, err := d.lockFile(dirWriting)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if free, err := flock(lock, exclusive); err != nil || !free {
		return err
	}
	f, err := d.root.Open(dirTemporary)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read from
	for ctx.Err() == nil {
		left, err := f.Readdirnames(100)
		for _, name := range left {
			if err := d.root.Remove(path.Join(dirTemporary, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			d.swept = true
			return nil
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (d *Dir) lockFile(name string) (*os.File, error) {
	return d.root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
}

var errLocked = errors.New("another process holds the lock of the archive")

// locked calls do while it has a lock: alone, or with others who share it.
func (d *Dir) locked(ctx context.Context, name string, how sharing, do func() error) error {
	lock, err := d.lockFile(name)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }() // which gives the lock up
	err = retry.Pace{First: time.Millisecond, Longest: 50 * time.Millisecond}.Do(ctx, func() error {
		got, err := flock(lock, how)
		switch {
		case err != nil:
			return retry.Final(err)
		case !got:
			return errLocked
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return do()
}
