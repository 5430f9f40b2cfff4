package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// Whoever can write to Redis can put half a gigabyte under any key of the bot, or millions of
// items into an index, and go-redis makes room for whatever an answer announces. So each
// connection reads along: what announces more than the bot ever keeps ends the connection
// before it is read. The record is cut by scripts besides, so that an entry which
// is too long is read as one that fails its check.

const (
	// mostValue bounds one value. The largest is a copy of large groups of Slack.
	mostValue = 8 << 20
	// mostItems bounds the lists of all that answers what was sent at once, together.
	mostItems = 1 << 18
	// mostNested bounds how deep lists are in lists. Those of a stream have four.
	mostNested = 16
	// mostAnswer bounds all that answers what was sent at once. A page of the longest
	// entries of the record has 9 MB.
	mostAnswer = 16 << 20
)

// A sizeError is an answer that is not read.
type sizeError struct{ what string }

func (e *sizeError) Error() string {
	return "Redis answers with " + e.what + ", more than the bot ever keeps there: somebody else wrote to it"
}

// An answerConn ends where an answer is too large.
type answerConn struct {
	net.Conn
	read    atomic.Int64 // since something was sent
	items   atomic.Int64 // announced since then
	lists   []int64      // how much is left of each list that is being read, the outermost first
	skip    int64        // what is left of a value and of its end
	line    []byte       // the begin of what is no value, up to maxHead
	refused error
}

// maxHead is enough for a type and a number.
const maxHead = 24

func newAnswerConn(conn net.Conn) net.Conn {
	c := &answerConn{Conn: conn}
	if raw, ok := conn.(syscall.Conn); ok { // go-redis sees by it whether an idle connection still stands
		return struct {
			*answerConn
			syscall.Conn
		}{c, raw}
	}
	return c
}

func (c *answerConn) Write(p []byte) (int, error) {
	c.read.Store(0)
	c.items.Store(0)
	return c.Conn.Write(p)
}

func (c *answerConn) Read(p []byte) (int, error) {
	if c.refused != nil {
		return 0, c.refused
	}
	n, err := c.Conn.Read(p)
	if c.refused = c.follow(p[:n]); c.refused != nil {
		return 0, c.refused
	}
	return n, err
}

// follow takes in what came next.
// https://redis.io/docs/latest/develop/reference/protocol-spec/
func (c *answerConn) follow(p []byte) error {
	if c.read.Add(int64(len(p))) > mostAnswer {
		return &sizeError{fmt.Sprintf("more than %d bytes at once", mostAnswer)}
	}
	for len(p) > 0 {
		if c.skip > 0 {
			n := min(c.skip, int64(len(p)))
			c.skip, p = c.skip-n, p[n:]
			continue
		}
		line, rest, whole := bytes.Cut(p, []byte("\n"))
		c.line, p = append(c.line, line[:min(len(line), maxHead-len(c.line))]...), rest
		if whole {
			if err := c.head(string(c.line)); err != nil {
				return err
			}
			c.line = c.line[:0]
		}
	}
	return nil
}

// head takes in what announces a value or a list. What is neither is go-redis's to refuse.
func (c *answerConn) head(line string) error {
	if line == "" {
		return nil
	}
	if line[0] == '+' || line[0] == '-' || line[0] == '_' || line[0] == ',' { // announces nothing
		c.ended()
		return nil
	}
	n, ok := announced(line[1:])
	if !ok {
		c.ended()
		return nil
	}
	switch line[0] {
	case '$', '=', '!':
		if n > mostValue {
			return &sizeError{fmt.Sprintf("a value of %d bytes", n)}
		}
		c.skip = n + int64(len("\r\n"))
	case '*', '%', '~', '>', '|':
		n = min(n, mostItems+1)
		if line[0] == '%' || line[0] == '|' {
			n *= 2 // names and values
		}
		if all := c.items.Add(n); all > mostItems {
			return &sizeError{fmt.Sprintf("lists of %d items", all)}
		}
		if n == 0 {
			break
		}
		if c.lists = append(c.lists, n); len(c.lists) > mostNested {
			return &sizeError{fmt.Sprintf("lists in lists, %d deep", len(c.lists))}
		}
		return nil
	}
	c.ended()
	return nil
}

// ended counts what has ended, and each list that ends with it.
func (c *answerConn) ended() {
	for last := len(c.lists) - 1; last >= 0; last-- {
		if c.lists[last]--; c.lists[last] > 0 {
			return
		}
		c.lists = c.lists[:last]
	}
}

// announced reads a size; one that no number holds is too large too.
func announced(digits string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimSuffix(digits, "\r"), 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxInt64, true
	}
	return n, err == nil && n >= 0
}

// namesKeys adds to a [*sizeError] which keys were read.
type namesKeys struct{}

func (namesKeys) DialHook(next redis.DialHook) redis.DialHook { return next }

func (namesKeys) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if name(cmd, err) {
			return cmd.Err()
		}
		return err
	}
}

func (namesKeys) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		for _, cmd := range cmds { // those after it were not answered any more
			if name(cmd, cmd.Err()) {
				return cmd.Err()
			}
		}
		return err
	}
}

// name adds the keys of cmd to its error, if that is of a size.
func name(cmd redis.Cmder, err error) bool {
	if size := (*sizeError)(nil); !errors.As(err, &size) {
		return false
	}
	var keys []string
	for _, arg := range cmd.Args() {
		if key, _ := arg.(string); strings.HasPrefix(key, prefix) && len(keys) < 4 {
			keys = append(keys, key)
		}
	}
	cmd.SetErr(fmt.Errorf("%s of %s: %w", cmd.Name(), strings.Join(keys, ", "), err))
	return true
}
