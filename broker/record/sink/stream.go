package sink

import (
	"context"
	"io"

	"github.com/assumebot/assumebot/broker/record"
)

// A Stream writes each entry as a line of JSON, such as to standard output, from where
// whoever ships logs takes it.
type Stream struct {
	Origin string // of the record
	To     io.Writer
}

// Take implements [Sink]. A line that was written in part is written again, whole.
func (s Stream) Take(_ context.Context, entries []record.Followed) (taken Taken, err error) {
	for _, e := range entries {
		out, err := lineOf(s.Origin, e)
		if err == nil {
			_, err = s.To.Write(out)
		}
		if err != nil {
			return taken, err
		}
		taken.Count++
	}
	return taken, nil
}
