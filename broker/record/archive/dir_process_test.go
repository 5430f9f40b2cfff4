package archive_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/assumebot/assumebot/broker/record/archive"
)

// TestADirectoryWriterAsAProcess is a process that writes to an archive, when another
// test starts it. It prints a line for each object that is written.
func TestADirectoryWriterAsAProcess(t *testing.T) {
	rounds, err := strconv.Atoi(os.Getenv("RECORD_TEST_ROUNDS"))
	if err != nil {
		t.Skip("no other test started it")
	}
	switch os.Getenv("RECORD_TEST_TROUBLE") {
	case "nobody": // who may read and not write
		if os.Geteuid() == 0 {
			err = syscall.Setuid(65534)
		}
	case "full": // a disk that takes 4 KiB of a file
		signal.Ignore(syscall.SIGXFSZ)
		err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 4 << 10, Max: 4 << 10})
	}
	d, openErr := archive.OpenDir(os.Getenv("RECORD_TEST_DIR"))
	if err := errors.Join(err, openErr); err != nil {
		t.Fatal(err)
	}
	for n := range rounds {
		if err := writeRound(t.Context(), d, n, os.Stdout); err != nil {
			fmt.Println("failed:", err)
			return
		}
	}
}

// object is what every writer writes to a path.
func object(path string) []byte { return bytes.Repeat([]byte(path+"\n"), 2000) }

// sizeOf is the number that a checkpoint of a writer begins with; 0 for none.
func sizeOf(checkpoint []byte) int {
	number, _, _ := bytes.Cut(checkpoint, []byte(" "))
	n, _ := strconv.Atoi(string(number))
	return n
}

func writeRound(ctx context.Context, d *archive.Dir, n int, told io.Writer) error {
	bundle, partial := fmt.Sprintf("tile/entries/%03d", n%1000), fmt.Sprintf("tile/0/%03d.p/%d", n%1000, 1+n%255)
	for _, path := range []string{bundle, partial} {
		if err := d.Create(ctx, path, object(path)); err != nil {
			return err
		}
		fmt.Fprintln(told, "wrote", path)
	}
	if err := d.Delete(ctx, partial); err != nil {
		return err
	}
	was, err := d.Read(ctx, "checkpoint")
	if err != nil && !errors.Is(err, archive.ErrNoObject) {
		return err
	}
	switch err := d.Replace(ctx, "checkpoint", was, object(fmt.Sprint(sizeOf(was)+1, " of ", os.Getpid()))); {
	case err == nil:
		fmt.Fprintln(told, "wrote checkpoint")
	case !errors.Is(err, archive.ErrChanged):
		return err
	}
	return nil
}

// A writer is a process of TestADirectoryWriterAsAProcess.
type writer struct {
	*exec.Cmd
	out *bufio.Scanner
}

func startWriter(t *testing.T, dir string, rounds int, trouble string) writer {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestADirectoryWriterAsAProcess$")
	cmd.Env = append(os.Environ(), "RECORD_TEST_DIR="+dir, "RECORD_TEST_ROUNDS="+strconv.Itoa(rounds), "RECORD_TEST_TROUBLE="+trouble)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return writer{cmd, bufio.NewScanner(out)}
}

// next is how many lines that begin with prefix are among the next n lines, or those
// until the process ends.
func (w writer) next(n int, prefix string) (found int) {
	for range n {
		if !w.out.Scan() {
			break
		}
		if strings.HasPrefix(w.out.Text(), prefix) {
			found++
		}
	}
	return found
}

func TestAWriterThatIsKilledLeavesNoWrongBytes(t *testing.T) {
	dir := t.TempDir()
	for range 20 {
		var all sync.WaitGroup
		for range 2 {
			w := startWriter(t, dir, 1_000_000, "")
			lines := 1 + rand.IntN(12)
			all.Go(func() {
				w.next(lines, "")
				_ = w.Process.Kill()
				_ = w.Wait() // it was killed
			})
		}
		all.Wait()
		for name, data := range files(t, dir) {
			line, _, _ := bytes.Cut(data, []byte("\n"))
			if temporary := strings.HasPrefix(name, ".tmp/"); !temporary && (!bytes.Equal(data, object(string(line))) || name != "checkpoint" && name != string(line)) {
				t.Errorf("%s has wrong bytes: %.40q", name, data)
			}
		}
	}
	if err := writeRound(t.Context(), openDir(t, dir), 0, io.Discard); err != nil {
		t.Errorf("the next writer: %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, ".tmp")); err != nil || len(left) != 0 {
		t.Errorf("got %d temporary files and %v, want none", len(left), err)
	}
}

func TestProcessesAtOnceLoseNoCheckpoint(t *testing.T) {
	dir := t.TempDir()
	writers := []writer{startWriter(t, dir, 30, ""), startWriter(t, dir, 30, ""), startWriter(t, dir, 30, "")}
	want := 0
	for _, w := range writers {
		want += w.next(1000, "wrote checkpoint")
		if err := w.Wait(); err != nil {
			t.Error(err)
		}
	}
	checkpoint, err := openDir(t, dir).Read(t.Context(), "checkpoint")
	if got := sizeOf(checkpoint); err != nil || got != want || got < 30 {
		t.Errorf("got size %d and %v, want the %d replacements that were told", got, err, want)
	}
}

func TestADiskInTroubleIsNamed(t *testing.T) {
	for trouble, want := range map[string]string{
		"nobody": "permission denied: let the user whom the bot runs as read and write in that directory",
		"full":   "file too large",
	} {
		t.Run(trouble, func(t *testing.T) {
			dir := t.TempDir()
			if trouble == "nobody" {
				if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o555)); err != nil {
					t.Fatal(err)
				}
			}
			w := startWriter(t, dir, 1, trouble)
			w.next(1, "")
			if got := w.out.Text(); !strings.HasPrefix(got, "failed: archive in "+dir+": tile/entries/000: ") || !strings.HasSuffix(got, want) {
				t.Errorf("got %q, want it to end in %q", got, want)
			}
			w.next(1000, "")
			if err := w.Wait(); err != nil {
				t.Error(err)
			}
			if got := files(t, dir); len(got) != 0 {
				t.Errorf("got %d files, want none", len(got))
			}
		})
	}
}
