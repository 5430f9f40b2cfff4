package store_test

import (
	"testing"

	"github.com/assumebot/assumebot/store"
	"github.com/assumebot/assumebot/store/storetest"
)

func TestEmbeddedKeepsThePromises(t *testing.T) { storetest.Run(t, store.Embedded) }

func TestRealRedisKeepsThePromises(t *testing.T) { storetest.Run(t, storetest.RealRedis(t)) }

func TestClusterKeepsThePromises(t *testing.T) { storetest.Run(t, storetest.RealCluster(t)) }

func TestSentinelKeepsThePromises(t *testing.T) { storetest.Run(t, storetest.RealSentinel(t)) }
