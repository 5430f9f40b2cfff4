package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestADrillThatFailsFailsTheDemo(t *testing.T) {
	var stdout, stderr bytes.Buffer
	err := run(t.Context(), []string{"--drill", "/bin/false"}, strings.NewReader(""), &stdout, &stderr)
	if err == nil {
		t.Error("got no error of a program that fails at once")
	}
	for _, name := range []string{"/nowhere/assumebot", "no-such-assumebot", "/dev/null", "."} {
		err := run(t.Context(), []string{"--drill", name}, strings.NewReader(""), &stdout, &stderr)
		if err == nil || !strings.Contains(err.Error(), "go build -o assumebot ./cmd/assumebot") {
			t.Errorf("%s: got %v, want how to make one", name, err)
		}
	}
}

func TestDrillGoesWithNoOtherFlag(t *testing.T) {
	for _, other := range []string{"--serve", "--gallery", "-v"} {
		var stdout, stderr bytes.Buffer
		err := run(t.Context(), []string{"--drill", "/bin/true", other}, strings.NewReader(""), &stdout, &stderr)
		if !errors.Is(err, errUsage) || !strings.Contains(stderr.String(), "--drill goes with no other flag") {
			t.Errorf("%s: got %v and %q", other, err, stderr.String())
		}
	}
}
