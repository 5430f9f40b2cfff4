package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Redis is what the bot keeps its state in.
type Redis struct {
	URL     string   // as the bot is told, but for what stands between
	Process *Process // nil: it was there already; of several, the primary
	client  *redis.Client
	close   func() // it is as it was found then

	dir      string
	args     []string // of redis-server
	sentinel *sentinel
}

// appendDir is where redis-server keeps what it acknowledged.
const appendDir = "appendonlydir"

func (l *Lab) startRedis(ctx context.Context) (*Redis, error) {
	r := &Redis{URL: l.Options.RedisURL, dir: l.dir, close: func() {}}
	port := ""
	if r.URL == "" {
		var err error
		if port, err = freePort(ctx); err != nil {
			return nil, err
		}
		r.URL = "redis://127.0.0.1:" + port + "/0"
		r.args = []string{"--port", port, "--bind", "127.0.0.1", "--dir", l.dir, "--save", "", "--appendonly", "yes",
			"--appendfsync", l.Options.Fsync, "--appenddirname", appendDir, "--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0",
			"--enable-debug-command", "yes", "--loading-process-events-interval-bytes", "1024"}
		if err := r.start(); err != nil {
			return nil, err
		}
		r.close = r.end
	}
	options, err := redis.ParseURL(r.URL)
	if err != nil {
		return r, errors.New("--redis is not a URL that Redis clients take, such as redis://127.0.0.1:6379/0")
	}
	r.client = redis.NewClient(options)
	if err := r.await(ctx); err != nil {
		return r, err
	}
	if n, err := r.client.DBSize(ctx).Result(); err != nil || n > 0 {
		return r, errors.Join(err, fmt.Errorf("the Redis of --redis holds %d keys: it must be empty, since a load test flushes it", n))
	}
	if r.Process == nil {
		r.close = func() { _ = r.client.FlushDB(context.WithoutCancel(ctx)).Err(); _ = r.client.Close() }
	}
	if l.Options.Sentinel && r.Process != nil {
		if r.sentinel, err = startSentinel(ctx, l.dir, port); err != nil {
			return r, err
		}
		r.URL = r.sentinel.url()
	}
	return r, nil
}

// start starts redis-server, on what it had on disk.
func (r *Redis) start() error {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return errors.New("redis-server is not installed: install it, or give --redis URL of an empty one")
	}
	r.Process, err = startProcess(r.dir, "redis", nil, path, r.args...)
	return err
}

// end ends all that was started.
func (r *Redis) end() {
	if r.sentinel != nil {
		r.sentinel.close()
	}
	r.Process.Kill()
	if r.client != nil {
		_ = r.client.Close()
	}
}

// Commands are how often Redis did each command, from whomever.
func (r *Redis) Commands(ctx context.Context) (map[string]int64, error) {
	info, err := r.client.Info(ctx, "commandstats").Result()
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for line := range strings.Lines(info) {
		name, stats, ok := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":calls=")
		if !ok {
			continue
		}
		calls, _, _ := strings.Cut(stats, ",")
		n, err := strconv.ParseInt(calls, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("INFO commandstats: %w", err)
		}
		out[name] = n
	}
	return out, nil
}

// Held is what Redis keeps.
type Held struct {
	Keys, Ending int64 // of all keys, those that end by themselves
	Bytes        int64
}

// Held asks Redis.
func (r *Redis) Held(ctx context.Context) (Held, error) {
	info, err := r.client.Info(ctx, "everything").Result()
	if err != nil {
		return Held{}, err
	}
	var h Held
	for line := range strings.Lines(info) {
		line = strings.TrimSpace(line)
		if n, ok := strings.CutPrefix(line, "used_memory:"); ok {
			h.Bytes, err = strconv.ParseInt(n, 10, 64)
		} else if strings.HasPrefix(line, "db0:") {
			_, err = fmt.Sscanf(line, "db0:keys=%d,expires=%d", &h.Keys, &h.Ending)
		}
		if err != nil {
			return Held{}, fmt.Errorf("INFO: %q: %w", line, err)
		}
	}
	return h, nil
}

// LongestLife is what the key of Redis that ends last has left.
func (r *Redis) LongestLife(ctx context.Context) (longest time.Duration, err error) {
	keys := r.client.Scan(ctx, 0, "", 1000).Iterator()
	for keys.Next(ctx) {
		left, err := r.client.PTTL(ctx, keys.Val()).Result()
		if err != nil {
			return 0, err
		}
		longest = max(longest, left)
	}
	return longest, keys.Err()
}

func freePort(ctx context.Context) (string, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(ln.Addr().String())
	return port, errors.Join(err, ln.Close())
}

// pause reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
