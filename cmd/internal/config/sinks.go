package config

import (
	"fmt"
	"path/filepath"

	"github.com/assumebot/assumebot/broker/record/sink"
	"github.com/assumebot/assumebot/broker/text"
)

// A Sink is told the record beside the audit channel: by a file, standard output or a
// webhook.
type Sink struct {
	Name    string
	File    string // "": none
	Size    int64  // bytes after which the file is full
	Keep    int    // full files
	Stdout  bool
	Webhook string // its URL; "": none
	Secret  string // the variable with the key that signs what it is sent
	OCSF    bool   // it is sent events of OCSF
}

// SinkSection is an entry of record.sinks.
type SinkSection struct {
	Name     At[string] `key:"name" example:"siem" doc:"What it is called; how far it got is kept by this name, so it never changes."`
	File     At[string] `key:"file" example:"audit.jsonl" doc:"The file that each entry is written to, as a line of JSON."`
	RotateMB At[int]    `key:"rotate_mb" default:"100" needs:"file" example:"500" doc:"How large the file may become."`
	Keep     At[int]    `key:"keep" default:"10" needs:"file" example:"30" doc:"How many full files are kept."`
	Stdout   At[bool]   `key:"stdout" example:"true" doc:"Each entry is written to standard output, as a line of JSON."`
	Webhook  At[string] `key:"webhook" example:"https://siem.example/assumebot" doc:"The URL that entries are posted to, signed as Standard Webhooks has it."`
	Secret   At[string] `key:"secret_env" needs:"webhook" example:"SIEM_WEBHOOK_SECRET" doc:"The variable with the key of the signature, also as …_FILE."`
	Format   At[string] `key:"format" default:"entries" needs:"webhook" example:"ocsf" doc:"What is posted: entries as they are, or events of OCSF."`
}

const (
	maxSinks    = 8
	maxRotateMB = 10_000
	maxKept     = 1000

	formatEntries, formatOCSF = "entries", "ocsf"

	sinkNames = "^[a-z0-9][a-z0-9-]{0,39}$"
	variables = "^[A-Z_][A-Z0-9_]{0,99}$"
)

var (
	sinkName = text.NewPattern(sinkNames)
	variable = text.NewPattern(variables)
)

func (SinkSection) hints() map[string]hint {
	return map[string]hint{
		"name":      {missing: "what it is called, such as siem", shape: matching(sinkNames, "small letters, digits and `-`, up to 40")},
		"file":      {more: "Replicas on several hosts each write what they tell while it is their turn."},
		"rotate_mb": {shape: between(1, maxRotateMB)},
		"keep":      {shape: between(1, maxKept)},
		"webhook":   {shape: matching("^[Hh][Tt][Tt][Pp][Ss]?://", "URL; `http` is for loopback alone")},
		"secret_env": {shape: matching(variables, "name of a variable of the environment"),
			more: "The key is base64 of at least 24 bytes: openssl rand -base64 32 makes one."},
		"format": {shape: words(formatEntries, formatOCSF)},
	}
}

// shape has one way to each.
func (SinkSection) shape() object {
	way := func(name string) object { return object{"required": []any{name}} }
	return object{"oneOf": []any{way("file"), way("stdout"), way("webhook")}, "dependentRequired": object{"webhook": []any{"secret_env"}}}
}

func (r *RecordSection) checkSinks(c *collector) {
	if n := len(r.Sinks.Value); n > maxSinks {
		c.problem(r.Sinks.Position, "sinks names %d: at most %d", n, maxSinks)
	}
	first := map[string]int{}
	for s := range each(r.Sinks.Value) {
		s.check(c)
		if !s.Name.OK {
			continue
		}
		if line, twice := first[s.Name.Value]; twice {
			c.problem(s.Name.Position, "sink %s is already on line %d: give one of the two another name", Quote(s.Name.Value), line)
			continue
		}
		first[s.Name.Value] = s.Name.Line
	}
}

func (s *SinkSection) check(c *collector) {
	if s.Name.OK && (!sinkName.MatchString(s.Name.Value) || s.Name.Value == reservedSink) {
		c.problem(s.Name.Position, "name %s: write small letters, digits and -, up to 40; %s is the bot's own", Quote(s.Name.Value), reservedSink)
		s.Name.OK = false
	}
	ways := 0
	for _, set := range []bool{s.File.Set, s.Stdout.Set, s.Webhook.Set} {
		if set {
			ways++
		}
	}
	if ways != 1 {
		c.problem(s.Name.Position, "sink %s: write one of file, stdout: true and webhook", Quote(s.Name.Value))
	}
	if s.Stdout.OK && !s.Stdout.Value {
		c.problem(s.Stdout.Position, "stdout is false: remove this sink, or write true")
	}
	if n := s.RotateMB; n.OK && (n.Value < 1 || n.Value > maxRotateMB) {
		c.problem(n.Position, "rotate_mb is %d: write 1 to %d", n.Value, maxRotateMB)
	}
	if n := s.Keep; n.OK && (n.Value < 1 || n.Value > maxKept) {
		c.problem(n.Position, "keep is %d: write 1 to %d", n.Value, maxKept)
	}
	if anyScheme.MatchString(s.File.Value) {
		c.problem(s.File.Position, "file %s: write the path of a file", Quote(s.File.Value))
	}
	s.checkWebhook(c)
}

// reservedSink is what the bot calls the position of what follows from an entry.
const reservedSink = "follow-ups"

func (s *SinkSection) checkWebhook(c *collector) {
	if !s.Webhook.Set {
		return
	}
	if s.Webhook.OK {
		if err := sink.CheckURL(s.Webhook.Value); err != nil {
			c.problem(s.Webhook.Position, "webhook: %v", err)
		}
	}
	if !s.Secret.Set {
		c.problem(s.Webhook.Position, "webhook without secret_env: name the variable with the key that signs what is posted, such as SIEM_WEBHOOK_SECRET")
	}
	if s.Secret.OK && !variable.MatchString(s.Secret.Value) {
		c.problem(s.Secret.Position, "secret_env is %s: write the name of a variable, such as SIEM_WEBHOOK_SECRET, and never the key itself", Quote(s.Secret.Value))
	}
	if f := s.Format; f.OK && f.Value != formatEntries && f.Value != formatOCSF {
		c.problem(f.Position, "format %s: write %s or %s", Quote(f.Value), formatEntries, formatOCSF)
	}
}

// sinks are those of the file at path, which the paths in it are relative to.
func (r *RecordSection) sinks(path string) (all []Sink) {
	for s := range each(r.Sinks.Value) {
		out := Sink{
			Name: s.Name.Value, File: s.File.Value, Stdout: s.Stdout.Value,
			Webhook: s.Webhook.Value, Secret: s.Secret.Value, OCSF: s.Format.Value == formatOCSF,
		}
		if out.File != "" {
			out.Size, out.Keep = int64(s.RotateMB.Value)<<20, s.Keep.Value
			if !filepath.IsAbs(out.File) {
				out.File = filepath.Join(filepath.Dir(path), out.File)
			}
		}
		all = append(all, out)
	}
	return all
}

// summarizeSinks tells them apart by name, and where they go.
func (e entry) summarizeSinks(r *RecordSection) {
	var all []string
	for s := range each(r.Sinks.Value) {
		to := "nobody"
		switch {
		case s.Stdout.Value:
			to = "standard output"
		case s.File.Set:
			to = fmt.Sprintf("the file %s, %d MB each, %d full ones", Quote(s.File.Value), s.RotateMB.Value, s.Keep.Value)
		case s.Webhook.Set:
			to = fmt.Sprintf("a webhook (%s) as %s, signed with %s", digest(s.Webhook.Value)[:12], s.Format.Value, s.Secret.Value)
		}
		all = append(all, plainName(s.Name.Value)+": "+to)
	}
	e.list("record.sinks", all)
}
