package store

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// recordNode is the client of the one node that has the record, for commands that name
// no key: a cluster's client would send those to any of its nodes. A node's own client does
// not follow when the record moves to another.
func (s *core) recordNode(ctx context.Context) (redis.UniversalClient, error) {
	if cluster, ok := s.first.(*redis.ClusterClient); ok {
		return cluster.MasterForKey(ctx, openLog().entries)
	}
	return s.first, nil
}

// reloadNodes asks a cluster anew which of its nodes has what, and does not wait for
// the answer.
func (s *core) reloadNodes(ctx context.Context) {
	if cluster, ok := s.first.(*redis.ClusterClient); ok {
		cluster.ReloadState(ctx)
	}
}
