package main

import (
	"testing"

	"github.com/assumebot/assumebot/cmd/loadgen/lab"
)

func TestARollingUpdateOfThreeReplicasUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	l := startLab(t, lab.Options{Users: 500, Accounts: 5, Replicas: 3})
	r, err := rollOut(t.Context(), l, 20)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.figures() {
		t.Logf("%s: %s%s %s", f.Name, number(f.Value), f.Unit, f.Note)
		if !f.met() && f.Name != figureLate { // which the machine decides
			t.Errorf("%s: got %s, want %s %s", f.Name, number(f.Value), f.Is, number(f.Goal))
		}
	}
}
