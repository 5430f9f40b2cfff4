package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

func TestCheckAsksRedisHowItKeepsTheRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(runConfig+"record: {replicas: 2}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	says := func(url string, wants ...string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		getenv := func(name string) string { return map[string]string{"REDIS_URL": url}[name] }
		if err := run(t.Context(), []string{"check", "--config", path, "--redis"}, getenv, &stdout, &stderr); err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(stdout.String(), want) {
				t.Errorf("want %q in\n%s", want, &stdout)
			}
		}
	}
	url := storetest.RealRedis(t)
	says(url, "disk       appendonly no: A CRASH LOSES", "memory     a full Redis refuses writes",
		"2 MUST HAVE AN ENTRY AND 0 ARE CONNECTED: nothing can be issued")
	raw := storetest.Raw(t, url)
	for _, set := range [][2]string{{"appendonly", "yes"}, {"appendfsync", "always"}, {"maxmemory-policy", "allkeys-lru"}} {
		if err := raw.ConfigSet(t.Context(), set[0], set[1]).Err(); err != nil {
			t.Fatal(err)
		}
	}
	says(url, "disk       appendfsync always: what Redis has acknowledged outlives a crash", "A FULL REDIS DROPS KEYS; set maxmemory-policy noeviction")
	says(storetest.StartRedis(t, "--rename-command", "CONFIG", "", "--rename-command", "INFO", "").URL,
		"disk       UNKNOWN, Redis does not say", "memory     UNKNOWN", "2 must have an entry before it counts")
}

func TestCheckHasALineForWhateverRedisSays(t *testing.T) {
	for _, fsync := range []store.Fsync{store.FsyncAlways, store.FsyncSeconds, store.FsyncSystem, store.FsyncOff, store.FsyncUnknown} {
		for _, eviction := range []store.Eviction{store.EvictionNone, store.EvictionSome, store.EvictionUnknown} {
			for _, line := range recordText(config.Record{}, &store.Durability{Fsync: fsync, Eviction: eviction}) {
				if _, text, _ := strings.Cut(line, "\t"); text == "" {
					t.Errorf("%s, %s: %q says nothing", fsync, eviction, line)
				}
			}
		}
	}
}

func TestCheckSaysWhatAFailOverMayLose(t *testing.T) {
	for _, test := range []struct {
		wanted, connected int
		want              string
	}{
		{0, -1, "none is waited for: where Redis has some, a fail-over may lose entries; set record.replicas"},
		{0, 0, "none are connected"},
		{0, 2, "NONE IS WAITED FOR, 2 connected: a fail-over may lose entries; set record.replicas"},
		{1, -1, "1 must have an entry before it counts"},
		{1, 0, "1 MUST HAVE AN ENTRY AND 0 ARE CONNECTED: nothing can be issued"},
		{1, 2, "1 must have an entry before it counts"},
	} {
		if got := replicasText(test.wanted, test.connected); got != test.want {
			t.Errorf("%d of %d: got %q, want %q", test.wanted, test.connected, got, test.want)
		}
	}
}
