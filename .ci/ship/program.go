package main

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

// A program is a binary of assumebot and what the Go toolchain wrote into it.
type program struct {
	data     []byte
	os, arch string
	version  string
	commit   string
	at       time.Time // of the commit
	problems []string  // why it is no released build
}

func readProgram(path string) (program, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return program{}, err
	}
	p, err := parseProgram(data)
	if err != nil {
		return p, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// parseProgram reads a binary. That it is no released build is among its problems; an
// error is that it is none of Go's.
func parseProgram(data []byte) (program, error) {
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		return program{}, fmt.Errorf("no program built by Go: %w", err)
	}
	p := program{data: data, version: info.Main.Version}
	set := settings(info)
	p.os, p.arch, p.commit = set["GOOS"], set["GOARCH"], set["vcs.revision"]
	p.at, _ = time.Parse(time.RFC3339, set["vcs.time"])
	if info.Path != "github.com/assumebot/assumebot/cmd/assumebot" {
		p.problem("it is %q, want assumebot", info.Path)
	}
	for name, want := range map[string]string{"CGO_ENABLED": "0", "-trimpath": "true", "-tags": "grpcnotrace", "vcs.modified": "false"} {
		if set[name] != want {
			p.problem("built with %s=%s, want %s", name, set[name], want)
		}
	}
	if p.commit == "" || p.at.IsZero() {
		p.problem("it does not tell its commit")
	}
	if p.os == "linux" {
		p.linked()
	}
	return p, nil
}

func settings(info *debug.BuildInfo) map[string]string {
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	return set
}

func (p *program) problem(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

// linked holds that it needs no library and no loader, and is for the processor it says.
func (p *program) linked() {
	file, err := elf.NewFile(bytes.NewReader(p.data))
	if err != nil {
		p.problem("no ELF file: %v", err)
		return
	}
	for _, part := range file.Progs {
		if part.Type == elf.PT_INTERP || part.Type == elf.PT_DYNAMIC {
			p.problem("it is not static: it has %v", part.Type)
		}
	}
	if want := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[p.arch]; file.Machine != want {
		p.problem("it is for %v, want %s", file.Machine, p.arch)
	}
}

// released is nil for a build that may go into an image.
func (p program) released() error {
	var all []error
	for _, problem := range p.problems {
		all = append(all, errors.New(problem))
	}
	return errors.Join(all...)
}
