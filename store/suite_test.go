package store_test

import (
	"os"
	"slices"
	"testing"

	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func TestEmbeddedKeepsThePromises(t *testing.T) {
	storetest.Run(t, func(testing.TB) string { return store.Embedded })
}

// TestRealRedisKeepsThePromises and TestClusterKeepsThePromises have the ACL user of the
// documentation.
func TestRealRedisKeepsThePromises(t *testing.T) {
	storetest.Run(t, func(t testing.TB) string { return asUser(storetest.StartRedis(t, aclUser...).URL, "bot:"+password) })
}

func TestClusterKeepsThePromises(t *testing.T) {
	storetest.Run(t, func(t testing.TB) string {
		addr := storetest.RealClusterNodes(t, append(slices.Clone(aclUser), aclCluster...)...)[0]
		return "redis://bot:" + password + "@" + addr + "?addr=" + addr
	})
}

func TestSentinelKeepsThePromises(t *testing.T) { storetest.Run(t, storetest.RealSentinel) }

func TestValkeyKeepsThePromises(t *testing.T) { storetest.Run(t, storetest.RealValkey) }
