package main

import (
	"fmt"
	"time"

	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store"
)

// recordText says what it rests on that nothing is lost from the record, or changed
// in it, unseen: a line for each, with what to do where it is not well. redis is nil
// when Redis was not asked.
func recordText(r config.Record, redis *store.Durability) []string {
	var lines []string
	line := func(what, text string) { lines = append(lines, what+"\t"+text) }
	if r.Origin != "" {
		line("origin", r.Origin)
	}
	connected := -1
	if redis == nil {
		line("Redis", "not asked how it keeps the record; --redis asks it")
	} else {
		connected = redis.Replicas
		line("disk", fsyncText[redis.Fsync])
		line("memory", evictionText[redis.Eviction])
	}
	line("replicas", replicasText(r.Replicas, connected))
	line("archive", archiveText(r))
	line("witnesses", witnessesText(r))
	for _, s := range r.Sinks {
		line("sink", sinkText(s))
	}
	if r.Archive == "" && len(r.Witnesses) == 0 {
		line("rewind", "NOT SEEN when Redis goes back while no replica of the bot runs; set record.archive or record.witnesses")
	}
	return lines
}

var fsyncText = map[store.Fsync]string{
	store.FsyncAlways:  "appendfsync always: what Redis has acknowledged outlives a crash",
	store.FsyncSeconds: "appendfsync everysec: A CRASH MAY LOSE A SECOND; set appendfsync always",
	store.FsyncSystem:  "appendfsync no: A CRASH OF THE HOST MAY LOSE HALF A MINUTE; set appendfsync always",
	store.FsyncOff:     "appendonly no: A CRASH LOSES WHAT CAME AFTER THE LAST SNAPSHOT; set appendonly yes and appendfsync always",
	store.FsyncUnknown: "UNKNOWN, Redis does not say; see that appendfsync is always",
}

var evictionText = map[store.Eviction]string{
	store.EvictionNone:    "a full Redis refuses writes",
	store.EvictionSome:    "A FULL REDIS DROPS KEYS; set maxmemory-policy noeviction",
	store.EvictionUnknown: "UNKNOWN, Redis does not say; see that maxmemory-policy is noeviction",
}

// replicasText is of how many must have an entry, and how many are connected, -1 where
// that is unknown.
func replicasText(wanted, connected int) string {
	switch {
	case connected >= 0 && connected < wanted:
		return fmt.Sprintf("%d MUST HAVE AN ENTRY AND %d ARE CONNECTED: nothing can be issued", wanted, connected)
	case wanted > 0:
		return fmt.Sprintf("%d must have an entry before it counts", wanted)
	case connected == 0:
		return "none are connected"
	case connected > 0:
		return fmt.Sprintf("NONE IS WAITED FOR, %d connected: a fail-over may lose entries; set record.replicas", connected)
	}
	return "none is waited for: where Redis has some, a fail-over may lose entries; set record.replicas"
}

func archiveText(r config.Record) string {
	locked := ""
	if lock := r.ObjectLock; lock.For > 0 {
		locked = fmt.Sprintf(", full tiles locked for %d days (%s)", lock.For/(24*time.Hour), lock.Mode)
	}
	switch {
	case r.Archive == "":
		return "none: the record is where Redis is, and nowhere else"
	case r.RequireArchive:
		return r.Archive + ", required" + locked
	}
	return r.Archive + locked + ", not required: credentials may be shown whose entries it lacks"
}

func sinkText(s config.Sink) string {
	switch {
	case s.File != "":
		return fmt.Sprintf("%s: %s and %d full files of %d MB", s.Name, s.File, s.Keep, s.Size>>20)
	case s.OCSF:
		return s.Name + ": a webhook, as events of OCSF, signed with the key in " + s.Secret
	case s.Webhook != "":
		return s.Name + ": a webhook, signed with the key in " + s.Secret
	}
	return s.Name + ": standard output"
}

func witnessesText(r config.Record) string {
	switch n := len(r.Witnesses); {
	case n == 0:
		return "none: whoever has the bot's keys can rewrite the record"
	case r.RequireWitnesses:
		return fmt.Sprintf("%d, required", n)
	default:
		return fmt.Sprintf("%d, not required: credentials may be shown whose entries they have not seen", n)
	}
}
