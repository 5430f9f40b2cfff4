package rehearse

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// The sections of a file of cases.
const (
	configSection   = "config.yaml"
	groupsSection   = "groups"
	peopleSection   = "people"
	requestsSection = "requests"
)

// A File is the cases of one file.
type File struct {
	world
	path     string
	requests []request
}

// A world is who and what there is.
type world struct {
	config    config.Config
	members   *policy.Membership
	outsiders map[string]bool // who is no full member of the workspace
}

// A Failure is a request that policy answers otherwise than is expected.
type Failure struct {
	Place     string // file and line
	Request   string
	Want, Got string
}

// Parse reads data as a file of cases that messages call path. Where it has no
// config.yaml, elsewhere says which config it is of. The error is [config.Problems].
func Parse(path string, data []byte, elsewhere func() (config.Config, error)) (*File, error) {
	p := parser{file: File{path: path}, sections: map[string]section{}, named: map[string]bool{}}
	p.cut(data)
	if !p.readConfig(elsewhere) {
		return nil, p.problems
	}
	p.knowSections()
	p.readPeople()
	p.readGroups()
	p.readRequests()
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	return &p.file, nil
}

// Len is how many cases there are.
func (f *File) Len() int { return len(f.requests) }

// Run asks policy for each case, and returns those that do not hold.
func (f *File) Run() []Failure {
	var failures []Failure
	for _, r := range f.requests {
		a, _ := f.config.Broker.Account(r.ask.Account) // of one that is not there, the Decision says so
		if got := Outcome(a, f.decide(r)); got != r.want {
			failures = append(failures, Failure{Place: fmt.Sprintf("%s:%d:", f.path, r.line), Request: r.text, Want: r.want, Got: got})
		}
	}
	return failures
}

// A section is a part of the archive, and on which line of the file it begins.
type section struct {
	line int
	text string
}

// A parser reads a File and gathers what is wrong with it.
type parser struct {
	file     File
	sections map[string]section
	named    map[string]bool // by the config, as files
	problems config.Problems
}

func (p *parser) problem(line int, format string, args ...any) {
	p.problems = append(p.problems, config.Problem{File: p.file.path, Line: line, Column: 1, Message: fmt.Sprintf(format, args...)})
}

func (p *parser) cut(data []byte) {
	archive := txtar.Parse(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
	p.comment(string(archive.Comment))
	line := 1 + bytes.Count(archive.Comment, []byte("\n"))
	for _, f := range archive.Files {
		if _, twice := p.sections[f.Name]; twice {
			p.problem(line, "the section %s is already on line %d: keep one of the two", config.Quote(f.Name), p.sections[f.Name].line-1)
		}
		line++
		p.sections[f.Name] = section{line, string(f.Data)}
		line += bytes.Count(f.Data, []byte("\n"))
	}
}

// comment refuses what is before the first section and could be meant as a case.
func (p *parser) comment(text string) {
	at := 1
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			p.problem(at, "this is before the first section, so nothing reads it: begin a comment with #, and a section as in -- requests --")
			return
		}
		at++
	}
}

// knowSections refuses the sections that nothing reads.
func (p *parser) knowSections() {
	for _, name := range slices.Sorted(maps.Keys(p.sections)) {
		switch name {
		case configSection, groupsSection, peopleSection, requestsSection:
			continue
		}
		if !p.named[name] {
			p.problem(p.sections[name].line-1, "the section %s is not known: write %s, %s, %s, %s or a file that the config there names",
				config.Quote(name), requestsSection, groupsSection, peopleSection, configSection)
		}
	}
}

// readConfig reports whether there is one. What is wrong with it is told by its line in
// the file of cases.
func (p *parser) readConfig(elsewhere func() (config.Config, error)) bool {
	own, ok := p.sections[configSection]
	var err error
	if ok {
		p.file.config, err = config.Parse(p.file.path, []byte(own.text), func(name string) ([]byte, error) {
			p.named[name] = true
			if s, ok := p.sections[name]; ok {
				return []byte(s.text), nil
			}
			return nil, fmt.Errorf("there is no section %s: %w", config.Quote(name), fs.ErrNotExist)
		})
	} else {
		p.file.config, err = elsewhere()
	}
	var wrong config.Problems
	switch {
	case err == nil:
		return true
	case !errors.As(err, &wrong):
		p.problem(1, "%v", err)
		return false
	}
	for _, w := range wrong {
		if ok && w.Line > 0 {
			w.Line += own.line - 1
		}
		p.problems = append(p.problems, w)
	}
	return false
}

// lines goes through a section, and tells of what read returns.
func (p *parser) lines(name string, read func(at int, line string) error) {
	s := p.sections[name]
	at := s.line
	for line := range strings.Lines(s.text) {
		line = strings.TrimSpace(line)
		if line != "" && line[0] != '#' {
			if err := read(at, line); err != nil {
				p.problem(at, "%v", err)
			}
		}
		at++
	}
}

// readPeople reads lines such as U07GUEST: guest.
func (p *parser) readPeople() {
	p.file.outsiders = map[string]bool{}
	p.lines(peopleSection, func(_ int, line string) error {
		who, word, _ := strings.Cut(line, ":")
		id, err := Person(&p.file.config.Broker, strings.TrimSpace(who))
		if err != nil {
			return err
		}
		if _, twice := p.file.outsiders[id]; twice {
			return fmt.Errorf("%s is there already: write one line for each person", id)
		}
		member, err := isMember(strings.TrimSpace(word))
		p.file.outsiders[id] = !member
		return err
	})
}

// readGroups reads lines such as S01ONCALL: U01ALICE bob.
func (p *parser) readGroups() {
	if strings.TrimSpace(p.sections[groupsSection].text) == "unknown" {
		return
	}
	c := &p.file.config.Broker
	in := map[string][]string{}
	p.lines(groupsSection, func(_ int, line string) error {
		group, members, ok := strings.Cut(line, ":")
		group = strings.TrimSpace(group)
		if !ok {
			return fmt.Errorf("%q: write a Slack user group and who is in it, such as S01ONCALL: alice bob", line)
		}
		if err := UserGroup(c, group); err != nil {
			return err
		}
		if _, twice := in[group]; twice {
			return fmt.Errorf("%s is there already: write one line for it", group)
		}
		in[group] = []string{}
		for who := range strings.FieldsSeq(members) {
			id, err := Person(c, who)
			if err != nil {
				return err
			}
			in[group] = append(in[group], id)
		}
		return nil
	})
	p.file.members = policy.Members(in)
}

func (p *parser) readRequests() {
	before := len(p.problems)
	p.lines(requestsSection, func(at int, line string) error {
		r, err := parseRequest(&p.file.config.Broker, line)
		r.line = at
		p.file.requests = append(p.file.requests, r)
		return err
	})
	if len(p.file.requests) == 0 && len(p.problems) == before {
		p.problem(max(p.sections[requestsSection].line, 1), "it asks nothing, so it could not fail: "+
			"write a section -- requests -- with lines such as alice prod for 2h => deny default deny")
	}
}
