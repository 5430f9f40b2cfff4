package store_test

import (
	"os"
	"testing"

	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func TestEmbeddedKeepsThePromises(t *testing.T) {
	storetest.Run(t, func(testing.TB) string { return store.Embedded })
}

// TestRealRedisKeepsThePromises has the ACL user of the documentation.
func TestRealRedisKeepsThePromises(t *testing.T) {
	storetest.Run(t, func(t testing.TB) string { return asUser(storetest.StartRedis(t, aclUser...).URL, "bot:"+password) })
}

func TestClusterKeepsThePromises(t *testing.T) { storetest.Run(t, storetest.RealCluster) }

func TestSentinelKeepsThePromises(t *testing.T) { storetest.Run(t, storetest.RealSentinel) }

func TestValkeyKeepsThePromises(t *testing.T) { storetest.Run(t, storetest.RealValkey) }
