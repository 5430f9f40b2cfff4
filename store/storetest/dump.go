package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Eventually waits until done says so, and fails the test after within.
func Eventually(t testing.TB, within time.Duration, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(within)
	for !done() {
		select {
		case <-timeout:
			t.Fatalf("after %s still not: %s", within, what)
		case <-tick.C:
		}
	}
}

// Raw is a client of the Redis at url that knows nothing of the store. If url names an ACL
// user it is the user default all the same, who may do more.
func Raw(t testing.TB, url string) redis.UniversalClient {
	t.Helper()
	var rdb redis.UniversalClient
	switch {
	case strings.Contains(url, "addr="):
		o, err := redis.ParseClusterURL(url)
		if err != nil {
			t.Fatal(err)
		}
		if o.Username != "" {
			o.Username, o.Password = "", ""
		}
		rdb = redis.NewClusterClient(o)
	case strings.Contains(url, "master_name="):
		o, err := redis.ParseFailoverURL(url)
		if err != nil {
			t.Fatal(err)
		}
		rdb = redis.NewFailoverClient(o)
	default:
		o, err := redis.ParseURL(url)
		if err != nil {
			t.Fatal(err)
		}
		if o.Username != "" {
			o.Username, o.Password = "", ""
		}
		rdb = redis.NewClient(o)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// Dump returns every key of the Redis at url with all it holds, as text, to be
// searched for what must not be there.
func Dump(t testing.TB, url string) map[string]string {
	t.Helper()
	ctx := context.Background()
	rdb := Raw(t, url)
	keys, err := keysLike(ctx, rdb, "*")
	if err != nil {
		t.Fatalf("list keys: %v", err)
	}
	out := make(map[string]string, len(keys))
	for _, key := range keys {
		text, err := dumpKey(ctx, rdb, key)
		if err != nil {
			t.Fatalf("dump %s: %v", key, err)
		}
		out[key] = text
	}
	return out
}

// onEach asks each node that holds keys.
func onEach(ctx context.Context, rdb redis.UniversalClient, ask func(*redis.Client) error) error {
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		var one sync.Mutex
		return cluster.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
			one.Lock()
			defer one.Unlock()
			return ask(node)
		})
	}
	return ask(rdb.(*redis.Client))
}

func flush(ctx context.Context, rdb redis.UniversalClient) error {
	return onEach(ctx, rdb, func(node *redis.Client) error { return node.FlushAll(ctx).Err() })
}

// Configure sets a parameter of each node that holds keys.
func Configure(ctx context.Context, rdb redis.UniversalClient, name, value string) error {
	return onEach(ctx, rdb, func(node *redis.Client) error { return node.ConfigSet(ctx, name, value).Err() })
}

func keysLike(ctx context.Context, rdb redis.UniversalClient, pattern string) (all []string, err error) {
	err = onEach(ctx, rdb, func(node *redis.Client) error {
		keys, err := node.Keys(ctx, pattern).Result()
		all = append(all, keys...)
		return err
	})
	return all, err
}

func dumpKey(ctx context.Context, rdb redis.UniversalClient, key string) (string, error) {
	kind, err := rdb.Type(ctx, key).Result()
	if err != nil {
		return "", err
	}
	var value any
	switch kind {
	case "none": // it expired since it was listed
		return "", nil
	case "string":
		return rdb.Get(ctx, key).Result()
	case "hash":
		value, err = rdb.HGetAll(ctx, key).Result()
	case "list":
		value, err = rdb.LRange(ctx, key, 0, -1).Result()
	case "set":
		value, err = rdb.SMembers(ctx, key).Result()
	case "zset":
		value, err = rdb.ZRangeWithScores(ctx, key, 0, -1).Result()
	case "stream":
		value, err = rdb.XRange(ctx, key, "-", "+").Result()
	default:
		err = fmt.Errorf("it is of type %q, which nothing here reads", kind)
	}
	return fmt.Sprint(value), err
}
