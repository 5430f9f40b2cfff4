package record

import (
	"io/fs"
	"strings"
	"syscall"
	"testing"
)

func TestADirectoryThatCannotBeWrittenSaysWhatToDo(t *testing.T) {
	d, err := OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	for cause, want := range map[error]string{
		fs.ErrPermission: "let the user whom the bot runs as read and write in that directory",
		syscall.EROFS:    "let the user whom the bot runs as read and write in that directory",
		syscall.ENOSPC:   "make room there",
	} {
		if got := d.failure("tile/0/000", cause); !strings.HasSuffix(got.Error(), want) {
			t.Errorf("got %v, want what to do about it", got)
		}
	}
}
