package store_test

import (
	"testing"

	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

func TestACutLineTakesRedisAwayFromThisProcessAloneUntilItIsMended(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{
		"single node": storetest.RealRedis,
		"Sentinel":    storetest.RealSentinel,
		"cluster":     storetest.RealCluster,
		"embedded":    func(testing.TB) string { return store.Embedded },
	} {
		t.Run(name, func(t *testing.T) {
			at, line := url(t), &store.Line{}
			s, err := store.Open(t.Context(), store.Options{URL: secret.New(at), SealKeys: []secret.Text{storetest.KeyOne}, Line: line})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			line.Cut()
			if _, err := s.Ping(t.Context()); err == nil {
				t.Error("got an answer over a line that is cut")
			}
			if name != "embedded" {
				if _, err := mustOpen(t, at).Ping(t.Context()); err != nil {
					t.Errorf("another process: got %v", err)
				}
			}
			line.Mend()
			if _, err := s.Ping(t.Context()); err != nil {
				t.Errorf("mended: got %v", err)
			}
			if _, err := s.Ping(t.Context()); err != nil { // over the connection that is kept
				t.Errorf("mended, again: got %v", err)
			}
		})
	}
}
