// Package objectstest is what every archive's storage must do: one suite, run against
// each that there is.
package objectstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/assumebot/assumebot/broker/record/archive"
)

// Run tests one kind of storage. Fresh makes an empty archive and returns what opens
// it once more, as another process would.
func Run(t *testing.T, fresh func(t *testing.T) (open func() archive.Objects)) {
	for name, steps := range cases() {
		t.Run(name, func(t *testing.T) {
			open := fresh(t)
			writers := []archive.Objects{open(), open()}
			for i, s := range steps {
				err := s.do(t.Context(), writers[i%2])
				if refused := errors.Is(s.want, errRefused) && err != nil; !refused && !errors.Is(err, s.want) {
					t.Errorf("step %d, %s: got %v, want %v", i, s.what, err, s.want)
				}
			}
		})
	}
	t.Run("of writers at once one is first", func(t *testing.T) { oneIsFirst(t, fresh(t)) })
	t.Run("writers at once who agree are all told that it is there", func(t *testing.T) { allAgree(t, fresh(t)) })
	t.Run("no replacement is lost", func(t *testing.T) { noReplacementIsLost(t, fresh(t)) })
	t.Run("the largest object", func(t *testing.T) { largest(t, fresh(t)) })
	t.Run("a context that has ended", func(t *testing.T) { ended(t, fresh(t)) })
}

// errRefused stands for any error.
var errRefused = errors.New("any error")

// A step is one call, and what it must say.
type step struct {
	what string
	do   func(context.Context, archive.Objects) error
	want error
}

func create(path, data string, want error) step {
	return step{"create " + path, func(ctx context.Context, o archive.Objects) error { return o.Create(ctx, path, []byte(data)) }, want}
}

func replace(was, data string, want error) step {
	var before []byte
	if was != "" {
		before = []byte(was)
	}
	return step{"replace", func(ctx context.Context, o archive.Objects) error {
		return o.Replace(ctx, "checkpoint", before, []byte(data))
	}, want}
}

func remove(path string, want error) step {
	return step{"delete " + path, func(ctx context.Context, o archive.Objects) error { return o.Delete(ctx, path) }, want}
}

// reads is that path holds these bytes; none: that it is not there.
func reads(path, data string) step {
	want := error(nil)
	if data == "" {
		want = archive.ErrNoObject
	}
	return step{"read " + path, func(ctx context.Context, o archive.Objects) error {
		got, err := o.Read(ctx, path)
		if err == nil && string(got) != data {
			return fmt.Errorf("got %.80q", got)
		}
		return err
	}, want}
}

func cases() map[string][]step {
	const full, partial, bundle, aside = "tile/0/x001/234", "tile/0/x001/234.p/5", "tile/entries/000.p/7", "aside/x004/711"
	refused := []step{
		create("checkpoint", "x", errRefused), create(full, "", errRefused),
		remove("checkpoint", errRefused), remove(full, errRefused),
		{"replace a tile", func(ctx context.Context, o archive.Objects) error { return o.Replace(ctx, full, nil, []byte("x")) }, errRefused},
		replace("", "", errRefused),
	}
	for _, path := range []string{"", "/" + full, "../" + full, "tile/0/../../../etc/passwd", ".tmp/x", "tile/0/000.p/256", strings.Repeat("x001/", 1000)} {
		refused = append(refused, create(path, "x", errRefused), remove(path, errRefused),
			step{"read " + path, func(ctx context.Context, o archive.Objects) error { _, err := o.Read(ctx, path); return err }, errRefused})
	}
	return map[string][]step{
		"what is created is read":    {create(full, "a", nil), reads(full, "a"), create(bundle, "b", nil), reads(bundle, "b"), reads(full, "a")},
		"nothing is there":           {reads(full, ""), reads("checkpoint", ""), reads(aside, ""), remove(partial, nil), remove(aside, nil)},
		"the same bytes are success": {create(full, "a", nil), create(full, "a", nil), create(full, "a", nil), reads(full, "a")},
		"other bytes are an alarm":   {create(full, "a", nil), create(full, "b", archive.ErrOtherBytes), reads(full, "a"), create(full, "aa", archive.ErrOtherBytes)},
		"a partial tile and its full": {create(partial, "a", nil), create(full, "ab", nil), reads(partial, "a"), remove(partial, nil), reads(partial, ""),
			reads(full, "ab")},
		"deleted twice": {create(partial, "a", nil), remove(partial, nil), remove(partial, nil), create(partial, "b", nil), reads(partial, "b")},
		"one partial tile of two": {create(partial, "a", nil), create(partial+"0", "b", nil), remove(partial, nil), reads(partial+"0", "b"), reads(partial, ""),
			remove(partial+"0", nil), reads(partial+"0", "")},
		"free text is erased": {create(aside, "a", nil), reads(aside, "a"), remove(aside, nil), reads(aside, ""),
			create(aside, "b", nil), remove(aside, nil), reads(aside, "")},
		"a checkpoint follows another": {replace("", "1", nil), reads("checkpoint", "1"), replace("1", "2", nil), replace("2", "3", nil), reads("checkpoint", "3")},
		"a replacement is repeated":    {replace("", "1", nil), replace("", "1", nil), replace("1", "2", nil), replace("1", "2", nil), reads("checkpoint", "2")},
		"somebody replaced it": {replace("", "1", nil), replace("", "2", archive.ErrChanged), replace("2", "3", archive.ErrChanged), reads("checkpoint", "1"),
			replace("1", "2", nil), replace("1", "3", archive.ErrChanged), reads("checkpoint", "2")},
		"there is nothing to replace":  {replace("1", "2", archive.ErrChanged), reads("checkpoint", "")},
		"what is no object is refused": refused,
	}
}

// writing runs write for n writers at once.
func writing(open func() archive.Objects, n int, write func(i int, o archive.Objects)) {
	var all sync.WaitGroup
	for i := range n {
		o := open()
		all.Go(func() { write(i, o) })
	}
	all.Wait()
}

func oneIsFirst(t *testing.T, open func() archive.Objects) {
	const path = "tile/0/000"
	var first atomic.Pointer[string]
	writing(open, 8, func(i int, o archive.Objects) {
		data := strings.Repeat(strconv.Itoa(i), 8192)
		switch err := o.Create(t.Context(), path, []byte(data)); {
		case err == nil:
			if !first.CompareAndSwap(nil, &data) {
				t.Error("two of them wrote it")
			}
		case !errors.Is(err, archive.ErrOtherBytes):
			t.Errorf("got %v, want %v", err, archive.ErrOtherBytes)
		}
	})
	if first.Load() == nil {
		t.Fatal("nobody wrote it")
	}
	if got, err := open().Read(t.Context(), path); err != nil || string(got) != *first.Load() {
		t.Errorf("got %.20q and %v, want what the first wrote", got, err)
	}
}

func allAgree(t *testing.T, open func() archive.Objects) {
	writing(open, 8, func(_ int, o archive.Objects) {
		for n := range 5 {
			if err := o.Create(t.Context(), fmt.Sprintf("tile/entries/%03d", n), []byte("the same")); err != nil {
				t.Error(err)
			}
		}
	})
}

func noReplacementIsLost(t *testing.T, open func() archive.Objects) {
	const each, writers = 5, 4
	if err := open().Replace(t.Context(), "checkpoint", nil, []byte("0 by nobody")); err != nil {
		t.Fatal(err)
	}
	writing(open, writers, func(i int, o archive.Objects) {
		for done := 0; done < each; {
			was, err := o.Read(t.Context(), "checkpoint")
			if err != nil {
				t.Error(err)
				return
			}
			number, _, _ := bytes.Cut(was, []byte(" "))
			n, _ := strconv.Atoi(string(number))
			err = o.Replace(t.Context(), "checkpoint", was, fmt.Appendf(nil, "%d by %d", n+1, i))
			if err == nil {
				done++
			} else if !errors.Is(err, archive.ErrChanged) {
				t.Error(err)
				return
			}
		}
	})
	got, err := open().Read(t.Context(), "checkpoint")
	if want := fmt.Sprintf("%d by ", each*writers); err != nil || !strings.HasPrefix(string(got), want) {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
}

func largest(t *testing.T, open func() archive.Objects) {
	const path = "tile/entries/000"
	data := bytes.Repeat([]byte("0123456789abcdef"), archive.MaxObject/16)
	data = append(data, make([]byte, archive.MaxObject-len(data))...)
	if err := open().Create(t.Context(), path, append(data, 0)); err == nil {
		t.Error("one byte too many was taken")
	}
	if err := open().Create(t.Context(), path, data); err != nil {
		t.Fatal(err)
	}
	if got, err := open().Read(t.Context(), path); err != nil || !bytes.Equal(got, data) {
		t.Errorf("got %d bytes and %v, want the %d that were written", len(got), err, len(data))
	}
}

func ended(t *testing.T, open func() archive.Objects) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := open()
	_, read := o.Read(ctx, "tile/0/000")
	for what, err := range map[string]error{
		"create": o.Create(ctx, "tile/0/000", []byte("x")), "replace": o.Replace(ctx, "checkpoint", nil, []byte("x")),
		"read": read, "delete": o.Delete(ctx, "aside/000"),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want that it was given up", what, err)
		}
	}
}
