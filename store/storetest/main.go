package storetest

import (
	"flag"
	"testing"
)

// atOnce is how many parallel tests run at a time, unless -parallel says it: they
// wait more than they compute, so more fit than there are processors. Under the race
// detector they compute, and what Slack gives 3 s for would come too late.
const atOnce = "8"

// Main runs the tests of a package that mostly wait, and returns the exit code.
func Main(m *testing.M) int {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked && !raced {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			panic(err)
		}
	}
	return m.Run()
}
