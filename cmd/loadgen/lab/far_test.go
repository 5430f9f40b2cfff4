package lab

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// echo answers what it is sent, until the client ends.
func echo(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return ln.Addr().String()
}

func TestWhatGoesFarArrivesWholeAndInOrderAndNotEarly(t *testing.T) {
	f, err := startFar(t.Context(), echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	const distance = 20 * time.Millisecond
	f.SetDelay(distance)
	c, err := net.Dial("tcp", f.address())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	want := strings.Repeat("0123456789", 50_000)
	began := time.Now()
	go func() { _, _ = io.WriteString(c, want) }()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Errorf("what came back is not what was sent: %v", err)
	}
	if took := time.Since(began); took < distance {
		t.Errorf("a trip took %s, want at least %s", took, distance)
	}
	f.close()
	if _, err := c.Read(got); err == nil {
		t.Error("the connection is open although the way is closed")
	}
}
