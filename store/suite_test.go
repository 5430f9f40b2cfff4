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

func TestRealRedisKeepsThePromises(t *testing.T) { storetest.Run(t, storetest.RealRedis) }

func TestClusterKeepsThePromises(t *testing.T) { storetest.Run(t, storetest.RealCluster) }

func TestSentinelKeepsThePromises(t *testing.T) { storetest.Run(t, storetest.RealSentinel) }

func TestValkeyKeepsThePromises(t *testing.T) { storetest.Run(t, storetest.RealValkey) }
