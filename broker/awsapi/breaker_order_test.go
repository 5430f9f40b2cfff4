package awsapi

import (
	"slices"
	"testing"
	"time"
)

// TestAnAnswerCountsForMoreThanSilenceFromBefore has calls that hang when the endpoint is
// away end once it is back, as calls do that wait for 12 s.
func TestAnAnswerCountsForMoreThanSilenceFromBefore(t *testing.T) {
	var said []bool
	b := &breaker{say: func(_ service, rests bool, _ time.Duration) { said = append(said, rests) }}
	began := time.Now()
	at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	silent := func(from, to int) {
		for i := range 2 * silentCalls {
			b.called(at(to), at(from), []string{"alice", "bob"}[i%2], false)
		}
	}
	b.called(at(6), at(6), "alice", true)
	silent(5, 17)
	if ask, _, _, _ := b.pass(at(17)); !ask || len(said) > 0 {
		t.Errorf("got it asked %t and told %v, want it asked: it answered since", ask, said)
	}
	silent(7, 19)
	if ask, _, _, _ := b.pass(at(19)); ask {
		t.Error("got it asked, want a rest: nothing was heard since")
	}
	b.called(at(20), at(9), "bob", true) // which came late
	if ask, _, _, _ := b.pass(at(20)); !ask || !slices.Equal(said, []bool{true, false}) {
		t.Errorf("got it asked %t and told %v, want it asked, and told of once each", ask, said)
	}
}
