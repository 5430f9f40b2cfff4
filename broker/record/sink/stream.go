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

	torn bool // a line was begun and not ended
}

// Take implements [Sink]. A line that was written in part is ended, and written again, whole.
func (s *Stream) Take(_ context.Context, entries []record.Followed) (taken Taken, err error) {
	for _, e := range entries {
		out, err := lineOf(s.Origin, e)
		if err != nil {
			return taken, err
		}
		if s.torn {
			out = append([]byte{'\n'}, out...)
		}
		n, err := s.To.Write(out)
		if err != nil {
			s.torn = n > 0 && out[n-1] != '\n' || n == 0 && s.torn
			return taken, err
		}
		s.torn = false
		taken.Count++
	}
	return taken, nil
}
