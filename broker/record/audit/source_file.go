package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
)

// A FileSource is an export in a file. It is read once to find out where what stands, of
// which it remembers one offset in 256 entries and one a tile. Entries are taken in the
// order of the lines, whatever numbers these say.

// maxLine is the most bytes of a line: a leaf and an Aside, of which every byte may be
// escaped by six.
const maxLine = 6*(tree.MaxLeaf+entry.MaxAside) + 8<<10

// A FileSource reads what Export.JSONL writes. It is not for concurrent use.
type FileSource struct {
	file   io.ReadSeeker
	from   *bufio.Reader // of file
	filter string
	first  int64
	count  int64   // of entries
	blocks []int64 // offset of each 256th line with an entry
	tiles  map[string]int64
	note   []byte
}

// FromFile reads an export. The error is ErrDamaged when it is none.
func FromFile(file io.ReadSeeker) (*FileSource, error) {
	s := &FileSource{file: file, from: bufio.NewReaderSize(file, maxLine), tiles: map[string]int64{}}
	lines, err := s.linesAt(0)
	if err != nil {
		return nil, err
	}
	var head exportLine
	if err := lines.next(&head); err != nil {
		return nil, orDamaged(err)
	}
	if head.Version != exportVersion || head.First == nil || *head.First < 0 || *head.First > tree.MaxSize {
		return nil, fmt.Errorf("%w: its first line is not that of an export of version %d", ErrDamaged, exportVersion)
	}
	s.first, s.filter = *head.First, head.Filter
	for {
		offset := lines.offset
		var l exportLine
		switch err := lines.next(&l); {
		case errors.Is(err, io.EOF):
			return s, nil
		case err != nil:
			return nil, err
		case s.note != nil:
			return nil, fmt.Errorf("%w: line %d comes after the checkpoint", ErrDamaged, lines.number)
		}
		if err := s.index(l, offset); err != nil {
			return nil, fmt.Errorf("%w: line %d %w", ErrDamaged, lines.number, err)
		}
	}
}

func orDamaged(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it is empty", ErrDamaged)
	}
	return err
}

// index remembers where a line is.
func (s *FileSource) index(l exportLine, offset int64) error {
	switch {
	case l.Number != nil:
		if *l.Number < 0 || *l.Number > tree.MaxSize || len(l.Aside) > entry.MaxAside {
			return errors.New("has no entry that could be")
		}
		if s.count%tree.TileWidth == 0 {
			s.blocks = append(s.blocks, offset)
		}
		s.count++
	case l.Tile != "":
		if _, err := tree.ParseTilePath(l.Tile); err != nil {
			return errors.New("has no tile that could be")
		}
		s.tiles[l.Tile] = offset
	case l.Checkpoint != nil:
		s.note = []byte(*l.Checkpoint)
	default:
		return errors.New("is not one of an export")
	}
	return nil
}

// Filter is what the export left out, in the words of who made it; "" of nothing.
func (s *FileSource) Filter() string { return s.filter }

// Checkpoint implements [Source].
func (s *FileSource) Checkpoint(context.Context) ([]byte, error) {
	if len(s.note) == 0 {
		return nil, nil
	}
	return s.note, nil
}

// Bounds implements [Source].
func (s *FileSource) Bounds(context.Context) (first, next int64, err error) {
	return s.first, s.first + s.count, nil
}

// Read implements [Source].
func (s *FileSource) Read(ctx context.Context, from int64, limit int) ([]entry.Entry, error) {
	var out []entry.Entry
	err := s.lines(ctx, from, func(l exportLine) bool {
		if len(out) < limit {
			out = append(out, entryOf(l))
		}
		return len(out) < limit
	})
	return out, err
}

// Asides implements [Source]. Where two lines have one number the first counts.
func (s *FileSource) Asides(ctx context.Context, numbers []int64) (map[int64][]byte, error) {
	wanted, out := make(map[int64]bool, len(numbers)), make(map[int64][]byte, len(numbers))
	first, last := int64(tree.MaxSize), int64(0)
	for _, n := range numbers {
		wanted[n] = true
		first, last = min(first, n), max(last, n)
	}
	at := first
	err := s.lines(ctx, first, func(l exportLine) bool {
		if n := *l.Number; wanted[n] && l.Aside != "" && out[n] == nil {
			out[n] = []byte(l.Aside)
		}
		at++
		return at <= last
	})
	return out, err
}

// Tiles implements [Source].
func (s *FileSource) Tiles(ctx context.Context, paths []string) (map[string][]byte, error) {
	out := make(map[string][]byte, len(paths))
	for _, path := range paths {
		offset, ok := s.tiles[path]
		if !ok {
			continue
		}
		lines, err := s.linesAt(offset)
		if err != nil {
			return nil, err
		}
		var l exportLine
		if err := errors.Join(ctx.Err(), lines.next(&l)); err != nil {
			return nil, err
		}
		out[path] = l.Data
	}
	return out, nil
}

// lines calls do for the lines of entries, beginning with the one in the place of entry
// from, until it returns false.
func (s *FileSource) lines(ctx context.Context, from int64, do func(exportLine) bool) error {
	place := from - s.first
	if place < 0 || place >= s.count {
		return nil
	}
	lines, err := s.linesAt(s.blocks[place/tree.TileWidth])
	if err != nil {
		return err
	}
	for at := place / tree.TileWidth * tree.TileWidth; at < s.count; {
		var l exportLine
		if err := errors.Join(ctx.Err(), lines.next(&l)); err != nil {
			return err
		}
		if l.Number == nil {
			continue
		}
		if at >= place && !do(l) {
			return nil
		}
		at++
	}
	return nil
}

func entryOf(l exportLine) entry.Entry {
	e := entry.Entry{Number: *l.Number, Sealed: entry.Sealed{Leaf: []byte(l.Leaf)}}
	if l.Raw != nil {
		e.Leaf = l.Raw
	}
	if l.Sealed != nil {
		e.After, e.Root, e.ID, e.MACs = l.Sealed.After, l.Sealed.Root, l.Sealed.ID, l.Sealed.MACs
	}
	return e
}

// lineReader reads lines of bounded length.
type lineReader struct {
	from   *bufio.Reader
	offset int64 // of the next line
	number int   // of the last, from where reading began
}

func (s *FileSource) linesAt(offset int64) (*lineReader, error) {
	if _, err := s.file.Seek(offset, io.SeekStart); err != nil {
		return nil, err
	}
	s.from.Reset(s.file)
	return &lineReader{from: s.from, offset: offset}, nil
}

// next reads a line; io.EOF after the last.
func (r *lineReader) next(l *exportLine) error {
	r.number++
	line, err := r.from.ReadSlice('\n')
	r.offset += int64(len(line))
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return fmt.Errorf("%w: line %d is too long", ErrDamaged, r.number)
	case errors.Is(err, io.EOF) && len(bytes.TrimSpace(line)) > 0: // the last, or what is left of it
	case err != nil:
		return err
	}
	if err := json.Unmarshal(line, l); err != nil {
		return fmt.Errorf("%w: line %d is no JSON of an export", ErrDamaged, r.number)
	}
	return nil
}
