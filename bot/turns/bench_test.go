package turns_test

import (
	"testing"
	"time"

	"github.com/assumebot/assumebot/bot/turns"
)

// BenchmarkTake is what it costs to take one thing, have it wait and be served.
func BenchmarkTake(b *testing.B) {
	nothing := func(int) {}
	w := turns.New(turns.Deps[int]{
		Bounds: turns.Bounds{
			AtOnce: 256, EachAtOnce: 8, Waiting: 2048, EachWaiting: 32, Within: time.Hour, SoonWithin: time.Hour,
			Refusing: 32, EachRefused: 32, Own: 1, OwnWaiting: 1, Bytes: 64 << 20, EachBytes: 8 << 20,
		},
		Serve: nothing, Refuse: nothing, Lose: nothing,
	})
	people := make([]turns.Who, 2000)
	for i := range people {
		people[i] = turns.Who{Team: "T0123", User: string(rune('a' + i))}
	}
	b.ReportAllocs()
	for i := range b.N {
		w.Take(people[i%len(people)], i, 700, false)
	}
	w.Wait()
}
