package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// seenFor covers Slack's redeliveries, which come within minutes.
const seenFor = time.Hour

// FirstSight marks ids, such as "env:…" and "trigger:…", as seen, and reports
// whether no replica saw any of them in the past hour. Empty ones are ignored.
// Where one is new and another was seen it is a duplicate, and the new one is marked
// all the same: the next redelivery may carry only that.
//
// An error means unknown. The ids may be marked by then, so asking again with the
// same ones may wrongly say duplicate. One round trip.
func (s Counters) FirstSight(ctx context.Context, ids ...string) (bool, error) {
	first, err := ask(ctx, s.core, seenQuestion(ids), s.sendFirstSight(ids))
	if err != nil {
		return false, fmt.Errorf("first sight: %w", err)
	}
	return first, nil
}

func (Counters) sendFirstSight(ids []string) func(context.Context, redis.Pipeliner) (answer[bool], error) {
	return func(ctx context.Context, p redis.Pipeliner) (answer[bool], error) {
		// Reading the mark back, instead of trusting the answer to SET, stays right
		// when the cluster client sends the pipeline a second time.
		mark := rand.Text()
		var sets []*redis.StatusCmd
		var marks []*redis.StringCmd
		for _, id := range ids {
			if id == "" {
				continue
			}
			key := seenKey(id)
			sets = append(sets, p.SetArgs(ctx, key, mark, redis.SetArgs{Mode: "NX", TTL: seenFor}))
			marks = append(marks, p.Get(ctx, key))
		}
		if len(marks) == 0 {
			return nil, errors.New("nothing to tell it by")
		}
		return func() (bool, error) {
			first := true
			for i, found := range marks {
				if err := sets[i].Err(); err != nil && !errors.Is(err, redis.Nil) { // nil: another SET won
					return false, err
				}
				got, err := found.Result()
				if err != nil {
					return false, err
				}
				first = first && got == mark
			}
			return first, nil
		}, nil
	}
}

// seenKey hashes id, since a trigger ID opens a modal for as long as it lives.
// A plain hash will do: these IDs are too long to try out, and replicas with
// different key rings must agree on it.
func seenKey(id string) string {
	sum := sha256.Sum256([]byte(id))
	return prefix + "seen:" + hex.EncodeToString(sum[:16])
}
