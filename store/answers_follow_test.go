package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestAnAnswerIsRefusedByWhatItAnnounces(t *testing.T) {
	value := func(n int) string { return fmt.Sprintf("$%d\r\n%s\r\n", n, strings.Repeat("v", n)) }
	for _, c := range []struct {
		why, answer string
		refused     bool
	}{
		{"nothing that is large", "*3\r\n" + value(5) + ":123456789012\r\n+OK\r\n$-1\r\n*-1\r\n-ERR x\r\n_\r\n%1\r\n" + value(0) + value(1), false},
		{"the largest value", value(mostValue), false},
		{"a larger value", fmt.Sprintf("*1\r\n$%d\r\n", mostValue+1), true},
		{"a larger one of RESP3", fmt.Sprintf("=%d\r\n", mostValue+1), true},
		{"more than a number holds", "$99999999999999999999\r\n", true},
		{"a number of many digits", "$" + strings.Repeat("9", 100) + "\r\n", true},
		{"a map of more than a number holds", "%99999999999999999999\r\n", true},
		{"a long list", fmt.Sprintf("*%d\r\n", mostItems+1), true},
		{"lists in lists", strings.Repeat("*1\r\n", mostNested+1), true},
		{"lists in lists, with something between", strings.Repeat("*2\r\n+OK\r\n", mostNested+1), true},
		{"lists side by side", "*40\r\n" + strings.Repeat("*1\r\n*2\r\n:1\r\n$-1\r\n", 40) + "*0\r\n" + strings.Repeat("*1\r\n", mostNested) + "+OK\r\n", false},
		{"many lists", strings.Repeat(fmt.Sprintf("*%d\r\n", mostItems/64), 65), true},
		{"a value that looks like an answer", "$14\r\n$999999999999\n\r\n" + value(3), false},
		{"a line that looks like one", "+$999999999999\r\n" + value(3), false},
		{"a large one after others", value(3) + value(0) + "+OK\r\n$999999999\r\n", true},
		{"many", strings.Repeat(value(1<<20), 16), true},
	} {
		for _, piece := range []int{1, 7, 4096, len(c.answer)} {
			conn := &answerConn{}
			var err error
			for rest := c.answer; rest != "" && err == nil; {
				n := min(piece, len(rest))
				err, rest = conn.follow([]byte(rest[:n])), rest[n:]
			}
			if size := (*sizeError)(nil); errors.As(err, &size) != c.refused {
				t.Errorf("%s, in pieces of %d: got %v", c.why, piece, err)
			}
		}
	}
}
