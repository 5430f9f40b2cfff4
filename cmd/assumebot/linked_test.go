package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Where a method may be called by a name that is not known before the program runs, as
// text/template does, the linker keeps every exported method of the AWS SDK: 15 MB. Cobra
// imports text/template too, but what it calls there is linked only where it is used.
// gRPC, which the exporter of traces links, has a page of its own that grpcnotrace leaves out: released
// builds have that tag.
func TestNothingCallsMethodsByNamesThatTheLinkerCannotSee(t *testing.T) {
	build := exec.Command("go", "build", "-trimpath", "-tags=grpcnotrace", "-ldflags=-s -w -dumpdep", "-o", filepath.Join(t.TempDir(), "assumebot"), ".")
	out, err := build.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "main.main -> ") {
		t.Fatalf("got %v and %d bytes, want what the program is linked from", err, len(out))
	}
	for line := range strings.Lines(string(out)) {
		if by, _, found := strings.Cut(line, " <ReflectMethod> -> "); found {
			t.Fatalf("%s calls methods by name, and the program is larger by half for it", by)
		}
	}
}
