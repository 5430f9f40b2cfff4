package store

import "github.com/redis/go-redis/v9"

// Hook adds h to every client of s.
func (s *Store) Hook(h redis.Hook) {
	s.rdb.AddHook(h)
	s.first.AddHook(h)
	s.waiting.AddHook(h)
}
