package store_test

import (
	"testing"

	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

func TestRedisTellsHowMuchMemoryItHasAndMayHave(t *testing.T) {
	t.Parallel()
	server := storetest.StartRedis(t)
	s := mustOpen(t, server.URL)
	used, most, err := s.Log.Memory(t.Context())
	if err != nil || used <= 0 || most <= used {
		t.Errorf("without a limit: got %d of %d, %v, want that of the machine", used, most, err)
	}
	if err := storetest.Raw(t, server.URL).ConfigSet(t.Context(), "maxmemory", "64mb").Err(); err != nil {
		t.Fatal(err)
	}
	if _, most, err := s.Log.Memory(t.Context()); err != nil || most != 64<<20 {
		t.Errorf("with a limit: got %d, %v, want it", most, err)
	}
	server.Stop()
	if _, _, err := s.Log.Memory(t.Context()); err == nil {
		t.Error("of a Redis that is gone: got no error")
	}
	if used, most, err := mustOpen(t, store.Embedded).Log.Memory(t.Context()); used != 0 || most != 0 || err != nil {
		t.Errorf("embedded: got %d, %d, %v", used, most, err)
	}
}
