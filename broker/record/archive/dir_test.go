package archive_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/archive/objectstest"
)

func openDir(t *testing.T, name string) *archive.Dir {
	t.Helper()
	d, err := archive.OpenDir(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestADirectoryKeepsAnArchive(t *testing.T) {
	objectstest.Run(t, func(t *testing.T) func() archive.Objects {
		name := t.TempDir()
		return func() archive.Objects { return openDir(t, name) }
	})
}

// files are those of a directory, by their paths, without locks.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || e.Name() == ".writing" || e.Name() == ".replacing" {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err == nil {
			found[name], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestOnlyItsOwnerMayReadADirectory(t *testing.T) {
	dir := t.TempDir()
	d := openDir(t, dir)
	if err := errors.Join(d.Create(t.Context(), "tile/0/x001/234", []byte("a")), d.Replace(t.Context(), "checkpoint", nil, []byte("b"))); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{
		"tile": 0o700, "tile/0/x001": 0o700, ".tmp": 0o700, "tile/0/x001/234": 0o600, "checkpoint": 0o600, ".writing": 0o600, ".replacing": 0o600,
	} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v and %v, want %v", name, info.Mode(), err, want)
		}
	}
}

func TestADirectoryThatIsOnlyReadIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	if _, err := openDir(t, dir).Read(t.Context(), "checkpoint"); !errors.Is(err, archive.ErrNoObject) {
		t.Errorf("got %v, want %v", err, archive.ErrNoObject)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("got %v and %v, want it empty", entries, err)
	}
}

func TestADirectoryThatIsNotThereIsNotMade(t *testing.T) {
	if _, err := archive.OpenDir(filepath.Join(t.TempDir(), "unmounted")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that it does not exist", err)
	}
}

func TestWhatADeadWriterLeftIsIgnoredAndSwept(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 250 {
		if err := os.WriteFile(filepath.Join(dir, ".tmp", strconv.Itoa(i)), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := openDir(t, dir).Create(t.Context(), "tile/0/000", []byte("whole")); err != nil {
		t.Fatal(err)
	}
	if got := files(t, dir); len(got) != 1 || string(got["tile/0/000"]) != "whole" {
		t.Errorf("got %d files, want the object alone", len(got))
	}
}

func TestWhatALivingWriterHasIsNotSwept(t *testing.T) {
	dir := t.TempDir()
	d := openDir(t, dir)
	if err := d.Create(t.Context(), "tile/0/000", []byte("a")); err != nil {
		t.Fatal(err)
	}
	lock, err := os.Open(filepath.Join(dir, ".writing"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(dir, ".tmp", "half")
	if err := os.WriteFile(half, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	another := openDir(t, dir)
	if err := another.Create(t.Context(), "tile/0/001", []byte("b")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(half); err != nil {
		t.Errorf("the file of a writer that lives is gone: %v", err)
	}
	_ = lock.Close() // it died
	if err := another.Create(t.Context(), "tile/0/002", []byte("c")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(half); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want the file of the dead writer gone", err)
	}
}

func TestNothingOutsideOfTheDirectoryIsReached(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "000"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"aside", ".tmp"} {
		if err := os.Symlink(outside, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(outside, "000"), filepath.Join(dir, "checkpoint")); err != nil {
		t.Fatal(err)
	}
	d := openDir(t, dir)
	_, checkpoint := d.Read(t.Context(), "checkpoint")
	_, aside := d.Read(t.Context(), "aside/000")
	for what, err := range map[string]error{
		"read a checkpoint": checkpoint, "read an aside": aside, "delete": d.Delete(t.Context(), "aside/000"),
		"create": d.Create(t.Context(), "aside/001", []byte("x")), "write": d.Create(t.Context(), "tile/0/000", []byte("x")),
		"replace": d.Replace(t.Context(), "checkpoint", []byte("secret"), []byte("x")),
	} {
		if err == nil || errors.Is(err, archive.ErrNoObject) {
			t.Errorf("%s: got %v, want it refused", what, err)
		}
	}
	if got := files(t, outside); len(got) != 1 || string(got["000"]) != "secret" {
		t.Errorf("got %q outside, want what was there", got)
	}
}

func TestWhatIsNoFileIsNotRead(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "checkpoint"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "tile/0/000"), 0o700); err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(dir, "tile/0/001")
	if err := os.WriteFile(large, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(large, archive.MaxObject+1); err != nil {
		t.Fatal(err)
	}
	d := openDir(t, dir)
	for _, path := range []string{"checkpoint", "tile/0/000", "tile/0/001"} {
		if got, err := d.Read(t.Context(), path); err == nil || errors.Is(err, archive.ErrNoObject) {
			t.Errorf("%s: got %d bytes and %v, want it refused", path, len(got), err)
		}
	}
	if err := d.Create(t.Context(), "tile/0/001/", []byte("x")); err == nil {
		t.Error("created beneath a file")
	}
}
