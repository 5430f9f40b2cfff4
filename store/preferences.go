package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/ahead"
)

// preferenceLife is how long a format is remembered after it was last used.
const preferenceLife = 90 * 24 * time.Hour

// Preferences keeps what a person chose last.
type Preferences struct{ *core }

// SaveFormat remembers the format that user asked for. One round trip.
func (s Preferences) SaveFormat(ctx context.Context, user, format string) error {
	key, err := userKey(user, "format")
	if err != nil {
		return fmt.Errorf("save format: %w", err)
	}
	ahead.Drop(ctx, formatQuestion(user))
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.rdb.Set(ctx, key, format, preferenceLife).Err(); err != nil {
		return fmt.Errorf("save format: %w", err)
	}
	return nil
}

// LastFormat returns what SaveFormat kept last for user, "" for nothing. One
// round trip.
func (s Preferences) LastFormat(ctx context.Context, user string) (string, error) {
	format, err := ask(ctx, s.core, formatQuestion(user), s.sendLast(user))
	if err != nil {
		return "", fmt.Errorf("last format: %w", err)
	}
	return format, nil
}

func (Preferences) sendLast(user string) func(context.Context, redis.Pipeliner) (answer[string], error) {
	return func(ctx context.Context, p redis.Pipeliner) (answer[string], error) {
		key, err := userKey(user, "format")
		if err != nil {
			return nil, err
		}
		get := p.Get(ctx, key)
		return func() (string, error) {
			format, err := get.Result()
			if errors.Is(err, redis.Nil) || err == nil && !plausible(format) { // no word of the bot's
				return "", nil
			}
			return format, err
		}, nil
	}
}

// homeLife is how long a Home that was opened is kept up to date.
const homeLife = 30 * 24 * time.Hour

// RememberHome notes that user opened their Home. One round trip.
func (s Preferences) RememberHome(ctx context.Context, user string) error {
	key, err := userKey(user, "home")
	if err != nil {
		return fmt.Errorf("remember home: %w", err)
	}
	ahead.Drop(ctx, homeQuestion(user))
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.rdb.Set(ctx, key, "opened", homeLife).Err(); err != nil {
		return fmt.Errorf("remember home: %w", err)
	}
	return nil
}

// HomeOpened reports whether user opened their Home of late. One round trip.
func (s Preferences) HomeOpened(ctx context.Context, user string) (bool, error) {
	opened, err := ask(ctx, s.core, homeQuestion(user), s.sendHome(user))
	if err != nil {
		return false, fmt.Errorf("home opened: %w", err)
	}
	return opened, nil
}

func (Preferences) sendHome(user string) func(context.Context, redis.Pipeliner) (answer[bool], error) {
	return func(ctx context.Context, p redis.Pipeliner) (answer[bool], error) {
		key, err := userKey(user, "home")
		if err != nil {
			return nil, err
		}
		get := p.Get(ctx, key)
		return func() (bool, error) {
			err := get.Err()
			if errors.Is(err, redis.Nil) {
				return false, nil
			}
			return err == nil, err
		}, nil
	}
}
