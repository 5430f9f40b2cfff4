package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/archive"
)

// A File writes each entry as a line of JSON to the end of a file that nobody but the bot
// may read. A file that is full gets the name PATH.1, the one before PATH.2, and so on.
type File struct {
	Origin string // of the record
	Path   string
	Size   int64 // bytes after which a file is full
	Keep   int   // full files; older ones are deleted
}

// Take implements [Sink]. All of it is on the disk, or none: what a crash left of a line is
// cut off. Who writes holds the lock of the file, so that a process which stood still writes
// over nothing that another has written meanwhile.
func (f File) Take(_ context.Context, entries []record.Followed) (taken Taken, err error) {
	var all bytes.Buffer
	for _, e := range entries {
		out, err := lineOf(f.Origin, e)
		if err != nil {
			return taken, err
		}
		all.Write(out)
	}
	file, size, err := f.open()
	if err != nil {
		return taken, err
	}
	if _, err = file.Write(all.Bytes()); err == nil {
		err = file.Sync()
	}
	if err != nil {
		err = errors.Join(err, file.Truncate(size))
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return taken, err
	}
	taken.Count = len(entries)
	return taken, nil
}

// open is the file that is not full yet, locked, and how many bytes of it are whole lines.
func (f File) open() (file *os.File, size int64, err error) {
	if file, size, err = f.openOne(); err != nil || size < f.Size {
		return file, size, err
	}
	if err := errors.Join(f.rotate(), file.Close()); err != nil {
		return nil, 0, err
	}
	return f.openOne()
}

func (f File) openOne() (file *os.File, size int64, err error) {
	if file, err = f.openRegular(); err != nil {
		return nil, 0, err
	}
	free, err := archive.Lock(file)
	if err == nil && !free {
		err = fmt.Errorf("another process is writing to %s", f.Path)
	}
	if err == nil {
		err = f.isThere(file) // and not a full one, since another process has rotated it
	}
	if err == nil {
		err = file.Chmod(0o600)
	}
	if err == nil {
		size, err = whole(file)
	}
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, size, nil
}

// openRegular opens the file, or makes it. It follows no link, whenever that is put there.
func (f File) openRegular() (*os.File, error) {
	file, err := os.OpenFile(f.Path, os.O_RDWR|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		file, err = os.OpenFile(f.Path, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			err = syncDir(filepath.Dir(f.Path))
		}
		switch {
		case errors.Is(err, fs.ErrExist): // a link to nothing
			return nil, fmt.Errorf("%s is no regular file: name another one", f.Path)
		case err != nil && file != nil:
			return nil, errors.Join(err, file.Close())
		}
	}
	if err != nil {
		return nil, err
	}
	if err := f.isThere(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// isThere says why file is not what stands at the path itself.
func (f File) isThere(file *os.File) error {
	there, err := os.Lstat(f.Path)
	if err != nil {
		return err
	}
	if !there.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file: name another one", f.Path)
	}
	is, err := file.Stat()
	if err == nil && !os.SameFile(there, is) {
		err = fmt.Errorf("%s is another file by now", f.Path)
	}
	return err
}

// syncDir has a directory keep the names in it through a crash.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// lineMost is more bytes than a line has.
const lineMost = 1 << 20

// whole is how many bytes of file are whole lines. What a crash left of one is cut off;
// what no line of a record can be begun with is somebody else's, and stays.
func whole(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return 0, err
	}
	tail := make([]byte, min(info.Size(), lineMost))
	from := info.Size() - int64(len(tail))
	if _, err := file.ReadAt(tail[:1], info.Size()-1); err != nil || tail[0] == '\n' {
		return info.Size(), err
	}
	if _, err := file.ReadAt(tail, from); err != nil {
		return 0, err
	}
	begun := bytes.LastIndexByte(tail, '\n') + 1
	if left := tail[begun:]; !bytes.HasPrefix(left, lineHead[:min(len(left), len(lineHead))]) {
		return 0, fmt.Errorf("%s holds something else than lines of a record: name another file, or move it away", file.Name())
	}
	size := from + int64(begun)
	return size, file.Truncate(size)
}

// rotate moves each file one on. The oldest is replaced.
func (f File) rotate() error {
	for n := f.Keep; n > 0; n-- {
		older := fmt.Sprintf("%s.%d", f.Path, n)
		newer := fmt.Sprintf("%s.%d", f.Path, n-1)
		if n == 1 {
			newer = f.Path
		}
		if err := os.Rename(newer, older); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncDir(filepath.Dir(f.Path))
}
