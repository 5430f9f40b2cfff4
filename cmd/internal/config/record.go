package config

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/record/witness"
	"github.com/assumebot/assumebot/broker/text"
)

// Record is what the file says of the record.
type Record struct {
	Origin           string // "": whatever ASSUMEBOT_RECORD_KEY is called
	Replicas         int    // of Redis, that have an entry before it counts
	Archive          string // a directory, s3://BUCKET/PREFIX, or "": there is none
	RequireArchive   bool   // nothing counts before it is in the archive
	RequireWitnesses bool   // nothing is issued while a witness does not cosign
	Witnesses        []Witness
	Sinks            []Sink
	ObjectLock       awsapi.ObjectLock // of the archive in S3
}

// A Witness cosigns the record's checkpoints.
type Witness struct{ URL, Key string }

// InS3 reports whether the archive is in S3, and not in a directory.
func (r Record) InS3() bool { return strings.HasPrefix(r.Archive, s3Scheme) }

// RecordSection is the key of that name.
type RecordSection struct {
	Origin    At[string]               `key:"origin" example:"example.com/assumebot" doc:"What the record is called, as its key is."`
	Replicas  At[int]                  `key:"replicas" example:"1" doc:"How many replicas of Redis must have an entry before it counts."`
	Archive   At[string]               `key:"archive" change:"quoted" example:"s3://my-bucket/assumebot" doc:"Where the record is kept for good."`
	Lock      At[ObjectLockSection]    `key:"object_lock" example:"{mode: COMPLIANCE, days: 400}" doc:"How long full tiles in S3 cannot be deleted."`
	Witnesses At[[]At[WitnessSection]] `key:"witnesses" change:"-" doc:"Who cosigns the record, so that nobody can rewrite it unseen."`
	Sinks     At[[]At[SinkSection]]    `key:"sinks" change:"-" doc:"Who is told the record beside the audit channel."`
	Require   At[[]At[string]]         `key:"require" example:"[archive, witnesses]" doc:"What must have the record before credentials are shown."`
}

// ObjectLockSection is record.object_lock.
type ObjectLockSection struct {
	Mode At[string] `key:"mode" example:"COMPLIANCE" doc:"COMPLIANCE, which nobody can lift, or GOVERNANCE."`
	Days At[int]    `key:"days" example:"400" doc:"How long, from when a tile is written."`
}

// WitnessSection is an entry of record.witnesses.
type WitnessSection struct {
	URL At[string] `key:"url" example:"https://witness.example/prefix" doc:"Where it takes checkpoints."`
	Key At[string] `key:"key" doc:"Its public key, as the witness publishes it."`

	name string // of the key
}

func (RecordSection) hints() map[string]hint {
	return map[string]hint{
		"origin": {more: "The key is made by assumebot keygen record NAME.", shape: shape{
			object{"pattern": `^[^\x00-\x20\x7f-\x9f+,]+$`, "maxLength": 200}, "up to 200 bytes without white space, `+` and `,`",
		}},
		"replicas":    {shape: between(0, maxReplicas)},
		"object_lock": {more: "It is for an archive in S3."},
		"archive":     {shape: notURL(), more: "A directory is for replicas on one host alone."},
		"require": {of: "archive and witnesses", empty: "nothing would be required; name archive or witnesses, or remove it", shape: words("archive", "witnesses"),
			more: "Without it, that the archive or a witness is away is an alarm alone."},
		"witnesses": {of: "witnesses", entry: "this witness", empty: "nobody would cosign; add {url: …, key: …}, or remove it",
			more: fmt.Sprintf("Up to %d.", maxWitnesses)},
		"sinks": {of: "sinks", entry: "this sink", empty: "nobody would be told; add {name: …, file: …}, or remove it", more: fmt.Sprintf("Up to %d.", maxSinks)},
	}
}

func (ObjectLockSection) hints() map[string]hint {
	return map[string]hint{
		"mode": {missing: "COMPLIANCE, which nobody can lift, or GOVERNANCE", shape: words(lockCompliance, lockGovernance),
			more: "The latter binds whoever lacks s3:BypassGovernanceRetention."},
		"days": {missing: "how long a tile cannot be deleted, such as 400", shape: between(1, maxLockDays)},
	}
}

func (WitnessSection) hints() map[string]hint {
	return map[string]hint{
		"url": {missing: "where the witness takes checkpoints, such as https://witness.example/prefix",
			shape: matching("^[Hh][Tt][Tt][Pp][Ss]?://", "URL; `http` is for loopback alone")},
		"key": {missing: "the public key that the witness publishes, in the form NAME+HASH+KEY"},
	}
}

const (
	// maxReplicas is more than anybody's Redis has.
	maxReplicas = 5
	// maxWitnesses have their cosignatures in one checkpoint, which record.MaxNote bounds.
	maxWitnesses = 12
	// maxLockDays are the 100 years that S3 takes at most.
	maxLockDays = 36_500

	s3Scheme = "s3://"

	lockCompliance, lockGovernance = "COMPLIANCE", "GOVERNANCE"
)

// anyScheme begins a URL, also one that was mistyped.
var anyScheme = text.NewPattern(`^[A-Za-z][A-Za-z0-9+.-]*:`)

func (r *RecordSection) check(c *collector) {
	if o := r.Origin; o.OK {
		if err := tree.CheckOrigin(o.Value); err != nil {
			c.problem(o.Position, "origin %s: %v; it is the NAME of `assumebot keygen record NAME`", Quote(o.Value), err)
		}
	}
	if n := r.Replicas; n.Value < 0 || n.Value > maxReplicas {
		c.problem(n.Position, "replicas is %d: write 0 to %d, how many replicas of Redis must have an entry before it counts", n.Value, maxReplicas)
	}
	r.checkArchive(c)
	r.checkLock(c)
	r.checkWitnesses(c)
	r.checkSinks(c)
	for _, word := range r.Require.Value {
		switch {
		case word.Value != "archive" && word.Value != "witnesses":
			c.problem(word.Position, "require %s: write archive, witnesses or both", Quote(word.Value))
		case word.Value == "archive" && !r.Archive.Set, word.Value == "witnesses" && !r.Witnesses.Set:
			c.problem(word.Position, "require names %s, and record has none: add %[1]s, or remove it here", word.Value)
		}
	}
}

func (r *RecordSection) checkArchive(c *collector) {
	a := r.Archive
	switch {
	case strings.HasPrefix(a.Value, s3Scheme):
		if err := awsapi.CheckArchive(a.Value); err != nil {
			c.problem(a.Position, "archive %v", err)
		}
	case anyScheme.MatchString(a.Value):
		c.problem(a.Position, "archive %s: write a directory, or s3://BUCKET/PREFIX", Quote(a.Value))
	}
}

func (r *RecordSection) checkLock(c *collector) {
	mode, days := r.Lock.Value.Mode, r.Lock.Value.Days
	if r.Lock.Set && !strings.HasPrefix(r.Archive.Value, s3Scheme) {
		c.problem(r.Lock.Position, "object_lock is for an archive in S3: write s3://BUCKET/PREFIX in archive, or remove object_lock")
	}
	if mode.OK && mode.Value != lockCompliance && mode.Value != lockGovernance {
		c.problem(mode.Position, "mode %s: write %s, which nobody can lift, or %s", Quote(mode.Value), lockCompliance, lockGovernance)
	}
	if days.OK && (days.Value < 1 || days.Value > maxLockDays) {
		c.problem(days.Position, "days is %d: write 1 to %d", days.Value, maxLockDays)
	}
}

func (r *RecordSection) checkWitnesses(c *collector) {
	if n := len(r.Witnesses.Value); n > maxWitnesses {
		c.problem(r.Witnesses.Position, "witnesses names %d: at most %d, so that all their cosignatures fit one checkpoint", n, maxWitnesses)
	}
	first := map[string]int{}
	for w := range each(r.Witnesses.Value) {
		if w.URL.OK {
			if err := witness.CheckURL(w.URL.Value); err != nil {
				c.problem(w.URL.Position, "url %v", err)
			}
		}
		if !w.Key.OK {
			continue
		}
		var err error
		w.name, err = witness.Name(w.Key.Value)
		switch line, twice := first[w.name]; {
		case err != nil:
			c.problem(w.Key.Position, "key: %v: copy the key that the witness publishes", err)
		case twice:
			c.problem(w.Key.Position, "witness %s is already on line %d: remove one of the two", Quote(w.name), line)
		default:
			first[w.name] = w.Key.Line
		}
	}
}

// settings are those of the file at path, which the archive's directory is relative to.
func (r *RecordSection) settings(path string) Record {
	out := Record{Origin: r.Origin.Value, Replicas: r.Replicas.Value, Archive: r.Archive.Value}
	if out.Archive != "" && !out.InS3() && !filepath.IsAbs(out.Archive) {
		out.Archive = filepath.Join(filepath.Dir(path), out.Archive)
	}
	if lock := r.Lock.Value; r.Lock.Set {
		out.ObjectLock = awsapi.ObjectLock{Mode: lock.Mode.Value, For: time.Duration(lock.Days.Value) * 24 * time.Hour}
	}
	out.Sinks = r.sinks(path)
	for _, word := range r.Require.Value {
		out.RequireArchive = out.RequireArchive || word.Value == "archive"
		out.RequireWitnesses = out.RequireWitnesses || word.Value == "witnesses"
	}
	for w := range each(r.Witnesses.Value) {
		out.Witnesses = append(out.Witnesses, Witness{URL: w.URL.Value, Key: w.Key.Value})
	}
	return out
}

// summarizeWitnesses tells witnesses apart by name, address and key.
func (e entry) summarizeWitnesses(r *RecordSection) {
	var all []string
	for w := range each(r.Witnesses.Value) {
		all = append(all, fmt.Sprintf("%s at %s (key %s)", plainName(w.name), strconv.Quote(w.URL.Value), digest(w.Key.Value)[:12]))
	}
	e.list("record.witnesses", all)
}
