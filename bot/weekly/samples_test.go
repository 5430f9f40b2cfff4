package weekly

import (
	"testing"

	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
)

func TestSamplesHaveEveryShape(t *testing.T) {
	all, err := Samples()
	goldentest.CoveredBy(t, all, err)
}
