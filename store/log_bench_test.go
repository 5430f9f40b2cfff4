package store_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

// BenchmarkAppend has 1, 3 and 10 writers with a store each append one entry at a time, as
// Redis writes to its disk every second or always, beside a plain XADD of the same bytes.
func BenchmarkAppend(b *testing.B) {
	for _, fsync := range []string{"everysec", "always"} {
		url := storetest.RealRedis(b)
		raw := storetest.Raw(b, url)
		for name, value := range map[string]string{"appendonly": "yes", "appendfsync": fsync} {
			if err := raw.ConfigSet(b.Context(), name, value).Err(); err != nil {
				b.Fatal(err)
			}
		}
		for _, writers := range []int{1, 3, 10} {
			stores := make([]*store.Store, writers)
			for i := range stores {
				stores[i] = waitingForReplicas(b, url, 0)
			}
			b.Run(fmt.Sprintf("%s/%d/XADD", fsync, writers), func(b *testing.B) {
				inParallel(b, writers, func(int) func(id int64) error {
					return func(int64) error {
						return raw.XAdd(b.Context(), &redis.XAddArgs{Stream: "plain", MaxLen: 100_000, Approx: true, Values: []any{"event", leaf}}).Err()
					}
				})
			})
			b.Run(fmt.Sprintf("%s/%d/Append", fsync, writers), func(b *testing.B) {
				if err := raw.FlushAll(b.Context()).Err(); err != nil {
					b.Fatal(err)
				}
				inParallel(b, writers, func(writer int) func(id int64) error {
					last := nothing()
					return func(id int64) (err error) {
						last, err = appendNext(b, stores[writer], last, fmt.Sprint(writer), fmt.Sprint(id))
						return err
					}
				})
			})
		}
	}
}

// inParallel does b.N things, shared by writers, and says how many a second.
func inParallel(b *testing.B, writers int, writer func(i int) func(id int64) error) {
	var (
		all sync.WaitGroup
		ids atomic.Int64
	)
	b.ResetTimer()
	for i := range writers {
		all.Go(func() {
			do := writer(i)
			for id := ids.Add(1); id <= int64(b.N); id = ids.Add(1) {
				if err := do(id); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
}
