package e2e

import (
	"flag"
	"os"
	"testing"
)

// atOnce is how many worlds are there at a time. A world mostly waits, so more
// fit than there are processors.
const atOnce = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}
