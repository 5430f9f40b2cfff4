package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/store/storetest"
)

// A crowd is many Users with a device each, so that each can send a fresh code
// in every round.
type crowd struct {
	*world
	devices []*awstest.Device

	mu      sync.Mutex
	replied map[string]chan time.Time
}

func newCrowd(b *testing.B, n int) (*crowd, string) {
	w := newWorld(b)
	devices, config := w.crowd(n)
	c := &crowd{world: w, devices: devices, replied: map[string]chan time.Time{}}
	for i := range n {
		c.replied[crowdID(i)] = make(chan time.Time, 1)
	}
	c.slack.Subscribe(func(change slacktest.Change) {
		if change.Kind == slacktest.MessagePosted && change.Message.Ephemeral {
			c.mu.Lock()
			replied := c.replied[change.Message.To]
			c.mu.Unlock()
			if replied != nil {
				replied <- time.Now()
			}
		}
	})
	return c, config
}

// round lets everybody ask at once, and measures from the envelope.
func (c *crowd) round(b *testing.B) (acks, replies []time.Duration) {
	acks, replies = make([]time.Duration, len(c.devices)), make([]time.Duration, len(c.devices))
	var asking sync.WaitGroup
	for i, device := range c.devices {
		asking.Go(func() {
			id := crowdID(i)
			began := time.Now()
			d, err := c.slack.Command(id, "C0GENERAL", "/assume", "staging "+device.Code())
			if err == nil {
				err = d.Wait(b.Context())
			}
			if err != nil {
				b.Error(err)
				return
			}
			acks[i] = d.AckLatency()
			select {
			case at := <-c.replied[id]:
				replies[i] = at.Sub(began)
			case <-time.After(patience):
				b.Error("no reply")
			}
		})
	}
	asking.Wait()
	return acks, replies
}

func percentiles(b *testing.B, name string, d []time.Duration) {
	slices.Sort(d)
	at := func(p float64) float64 { return float64(d[int(p*float64(len(d)-1))].Microseconds()) / 1000 }
	b.ReportMetric(at(0.5), name+"-p50-ms")
	b.ReportMetric(at(0.99), name+"-p99-ms")
}

// BenchmarkAssume measures from envelope to acknowledgement and to reply, over
// real HTTP, WebSocket and a real redis-server. Allocations are those of the
// whole process, the fakes' included.
func BenchmarkAssume(b *testing.B) {
	for _, people := range []int{1, 50} {
		for _, latency := range []time.Duration{0, 50 * time.Millisecond} {
			b.Run(fmt.Sprintf("people=%d/sts=%s", people, latency), func(b *testing.B) {
				c, config := newCrowd(b, people)
				c.limit = 1 << 20 // counted, and never reached
				c.run(config, c.settingsOn(storetest.RealRedis(b)))
				if latency > 0 {
					c.aws.Inject(awstest.Fault{Action: "AssumeRole", Latency: latency})
				}
				c.round(b) // connections are up after it
				var acks, replies []time.Duration
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				for b.Loop() {
					c.world.mu.Lock()
					c.offset += 30 * time.Second
					c.world.mu.Unlock()
					a, r := c.round(b)
					acks, replies = append(acks, a...), append(replies, r...)
				}
				runtime.ReadMemStats(&after)
				percentiles(b, "ack", acks)
				percentiles(b, "reply", replies)
				b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(len(acks)), "allocs/request")
			})
		}
	}
}

// BenchmarkProgram measures the program itself as a process of its own: its
// size, the time from start to the first hello, its resident memory idle and
// after 2,000 requests of 50 people.
func BenchmarkProgram(b *testing.B) {
	c, config := newCrowd(b, 50)
	binary := buildProgram(b)
	info, err := os.Stat(binary)
	if err != nil {
		b.Fatal(err)
	}
	c.writes(config)
	program := c.program(binary, storetest.RealRedis(b), "run", "--config", filepath.Join(c.dir, "config.yaml"))
	began := time.Now()
	if err := program.Start(); err != nil {
		b.Fatal(err)
	}
	c.await("a socket", func() bool { return len(c.slack.Connections()) > 0 })
	connected := time.Since(began)
	c.await("two sockets", func() bool { return len(c.slack.Connections()) == 2 })
	idle := resident(b, program.Process.Pid)
	for b.Loop() {
		for range 40 {
			c.world.mu.Lock()
			c.offset += 30 * time.Second
			c.world.mu.Unlock()
			c.round(b)
		}
	}
	b.ReportMetric(resident(b, program.Process.Pid), "loaded-MB")
	b.ReportMetric(float64(connected.Microseconds())/1000, "start-to-connected-ms")
	b.ReportMetric(float64(info.Size())/1e6, "binary-MB")
	b.ReportMetric(idle, "idle-MB")
	if err := program.Process.Signal(os.Interrupt); err != nil {
		b.Fatal(err)
	}
	if err := program.Wait(); err != nil {
		b.Errorf("got %v at the end, want exit 0", err)
	}
}

// resident is VmRSS in MB.
func resident(b *testing.B, pid int) float64 {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		b.Skip("no /proc here to read the resident memory from: ", err)
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			if err != nil {
				b.Fatal(err)
			}
			return kb / 1000
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
