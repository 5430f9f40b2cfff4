package main

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/cmd/loadgen/lab"
)

func TestASampleBelongsToTheInnermostPart(t *testing.T) {
	const traces = `File: assumebot
Duration: 8s, Total samples = 1.1s (13%)
-----------+-------------------------------------------------------
      10ms   runtime.memmove
             encoding/json.appendCompact (inline)
             github.com/assumebot/assumebot/broker/event.Encode
-----------+-------------------------------------------------------
     1.02s   internal/runtime/syscall/linux.Syscall6
             net.(*conn).Write
             net/http.persistConnWriter.Write
             encoding/json.Marshal
-----------+-------------------------------------------------------
      20ms   runtime.futex
-----------+-------------------------------------------------------
      30ms   runtime.nextFreeFast (inline)
             runtime.mallocgc
             encoding/json.Marshal
-----------+-------------------------------------------------------
      20ms   main.main
-----------+-------------------------------------------------------
`
	got, err := splitTraces([]byte(traces))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]time.Duration{
		"JSON": 10 * time.Millisecond, "HTTP": 1020 * time.Millisecond, "goroutines and timers": 20 * time.Millisecond,
		"memory and its collection": 30 * time.Millisecond, otherPart: 20 * time.Millisecond,
	} {
		if got[name] != want {
			t.Errorf("%s: got %s, want %s", name, got[name], want)
		}
	}
	if _, err := splitTraces([]byte("-----\nwhat is this\n")); err == nil {
		t.Error("got no error for what pprof does not print")
	}
}

func TestTheCPUOfTheBotAndOfABareLoopIsSplit(t *testing.T) {
	l := startLab(t, lab.Options{Users: 20, Accounts: 5, Profile: true})
	bot, bare, err := profiles(t.Context(), l, "help", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if sum(bot) <= 0 || sum(bare) <= 0 {
		t.Errorf("got %v of the bot and %v of the bare loop, want some of both", bot, bare)
	}
	if own := "the rest of the bot"; bare[own] > 0 {
		t.Errorf("got %v ms of the bare loop in %s, want none", bare[own], own)
	}
}
