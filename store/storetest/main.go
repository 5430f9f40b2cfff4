package storetest

import (
	"flag"
	"os"
	"runtime/debug"
	"testing"
)

// atOnce is how many parallel tests run at a time, unless -parallel says it: they
// wait more than they compute, so more fit than there are processors. Under the race
// detector they compute, and what Slack gives 3 s for would come too late.
const atOnce = "16"

// garbage is how much of it there may be, in percent of what is in use, before it is
// collected, unless GOGC says it: each test drops a whole bot.
const garbage = 400

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
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	return m.Run()
}
