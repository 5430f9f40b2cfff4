package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/pprof"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A part is what CPU time is spent on. Which one a sample belongs to says the first frame,
// from the innermost outwards, that begins with one of these.
type part struct {
	name  string
	begin []string
}

const ours = "github.com/assumebot/assumebot/"

var parts = []part{
	{"memory and its collection", []string{
		"runtime.mallocgc", "runtime.newobject", "runtime.makeslice", "runtime.growslice", "runtime.gc", "runtime.bgsweep", "runtime.bgscavenge",
		"runtime.sweepone", "runtime.scanobject", "runtime.(*mheap)", "runtime.(*mcache)", "runtime.(*mcentral)", "runtime.wbBuf",
	}},
	{"goroutines and timers", []string{
		"runtime.schedule", "runtime.findRunnable", "runtime.park_m", "runtime.mcall", "runtime.ready", "runtime.wakep", "runtime.futex",
		"runtime.gopark", "runtime.goready", "runtime.sysmon", "runtime.newproc", "runtime.goexit0", "runtime.morestack", "runtime.newstack", "time.",
	}},
	{"JSON", []string{"encoding/json"}},
	{"XML", []string{"encoding/xml", "github.com/aws/smithy-go/encoding/xml"}},
	{"AWS SDK", []string{"github.com/aws/"}},
	{"HTTP", []string{"net/http", "net/textproto"}},
	{"go-redis", []string{"github.com/redis/"}},
	{"WebSocket and slack-go", []string{"github.com/gorilla/websocket", "github.com/slack-go/", ours + "bot/socketmode"}},
	{"sealing, signing and hashing", []string{"crypto/", "golang.org/x/crypto", ours + "broker/record/tree"}},
	{"logging", []string{"log/slog"}},
	{"the record", []string{ours + "broker/record", ours + "broker/event"}},
	{"what Redis is asked", []string{ours + "store"}},
	{"what people read", []string{ours + "bot/blockkit", ours + "bot/message", ours + "broker/prose"}},
	{"the bare loop's own", []string{ours + "cmd/loadgen"}},
	{"the rest of the bot", []string{ours}},
}

// otherPart is that of samples that belong to none.
const otherPart = "the rest of Go"

func partOf(stack []string) string {
	for _, frame := range stack {
		for _, p := range parts {
			for _, begin := range p.begin {
				if strings.HasPrefix(frame, begin) {
					return p.name
				}
			}
		}
	}
	return otherPart
}

// splitProfile has pprof read a profile, and says what each part took of it.
func splitProfile(ctx context.Context, profile []byte) (map[string]time.Duration, error) {
	dir, err := os.MkdirTemp("", "loadgen-profile-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "cpu.pprof")
	if err := os.WriteFile(file, profile, 0o600); err != nil {
		return nil, err
	}
	read := exec.CommandContext(ctx, "go", "tool", "pprof", "-traces", file) //nolint:gosec // file is our own
	var said bytes.Buffer
	read.Stderr = &said
	out, err := read.Output()
	if err != nil {
		return nil, fmt.Errorf("go tool pprof: %w\n%s", err, said.Bytes())
	}
	return splitTraces(out)
}

// splitTraces reads what `pprof -traces` prints: a line of dashes before each stack, and the
// time it took before its innermost frame.
func splitTraces(traces []byte) (map[string]time.Duration, error) {
	took := map[string]time.Duration{}
	var stack []string
	var value time.Duration
	began := false
	keep := func() {
		if len(stack) > 0 {
			took[partOf(stack)] += value
		}
		stack, value = nil, 0
	}
	lines := bufio.NewScanner(bytes.NewReader(traces))
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "-----"):
			keep()
			began = true
			continue
		case !began || strings.TrimSpace(line) == "":
			continue
		}
		frame := strings.TrimSuffix(strings.TrimSpace(line), " (inline)")
		if len(stack) == 0 {
			first, rest, _ := strings.Cut(frame, " ")
			var err error
			if value, err = time.ParseDuration(first); err != nil {
				return nil, fmt.Errorf("pprof prints %q where a time was expected", line)
			}
			frame = strings.TrimSpace(rest)
		}
		stack = append(stack, frame)
	}
	keep()
	return took, lines.Err()
}

// maxLine is above the longest name of a function.
const maxLine = 1 << 20

// serveProfiles has a bare loop tell where its CPU goes, if it is told where to.
func serveProfiles(addr string) {
	if addr == "" {
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	server := http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: time.Second}
	go func() { fmt.Fprintln(os.Stderr, "profiles:", server.ListenAndServe()) }()
}
