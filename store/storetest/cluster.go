package storetest

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// masters are the nodes of a cluster: as few as Redis calls one.
const masters = 3

const allSlots = 16384

// RealCluster starts a cluster of three masters, each with a third of the slots, and
// returns its URL. They end with the test.
func RealCluster(t testing.TB) (url string) {
	t.Helper()
	addr := RealClusterNodes(t)[0]
	return "redis://" + addr + "?addr=" + addr
}

// RealClusterNodes is [RealCluster], and returns the addresses of its nodes, the one with
// slot 0 first. args are arguments of each.
func RealClusterNodes(t testing.TB, args ...string) (addrs []string) {
	t.Helper()
	ctx := context.Background()
	nodes := make([]*redis.Client, masters)
	for i := range nodes {
		addr := RealTCP(t, append([]string{"--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf", "--cluster-announce-ip", "127.0.0.1"}, args...)...)
		addrs = append(addrs, addr)
		nodes[i] = redis.NewClient(&redis.Options{Addr: addr})
		defer func() { _ = nodes[i].Close() }()
		if err := nodes[i].ClusterAddSlotsRange(ctx, i*allSlots/masters, (i+1)*allSlots/masters-1).Err(); err != nil {
			t.Fatalf("add slots: %v", err)
		}
		for _, other := range addrs[:i] {
			host, port, _ := net.SplitHostPort(other)
			if err := nodes[i].ClusterMeet(ctx, host, port).Err(); err != nil {
				t.Fatalf("meet: %v", err)
			}
		}
	}
	whole := fmt.Sprintf("cluster_known_nodes:%d\r\ncluster_size:%d\r\n", masters, masters)
	for _, node := range nodes {
		Eventually(t, startTimeout, "the cluster is up", func() bool {
			info, err := node.ClusterInfo(ctx).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, whole)
		})
	}
	return addrs
}
