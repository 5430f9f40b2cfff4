package directory

import (
	"context"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/lease"
)

// namedCopies are Copies whose errors say that it is the store that failed, where
// a person would else be told that it was Slack.
type namedCopies struct{ Copies }

func (c namedCopies) LoadCopy(ctx context.Context, name string, older time.Duration) ([]byte, time.Duration, error) {
	data, left, err := c.Copies.LoadCopy(ctx, name, older)
	return data, left, storeFailed(err)
}

func (c namedCopies) BeginCopy(ctx context.Context, name, token string, age time.Duration) error {
	return storeFailed(c.Copies.BeginCopy(ctx, name, token, age))
}

func (c namedCopies) SaveCopy(ctx context.Context, name, token string, plain []byte, age, older time.Duration) (bool, error) {
	saved, err := c.Copies.SaveCopy(ctx, name, token, plain, age, older)
	return saved, storeFailed(err)
}

func (c namedCopies) DropCopy(ctx context.Context, name string) error {
	return storeFailed(c.Copies.DropCopy(ctx, name))
}

func (c namedCopies) CopyNews(ctx context.Context, methods ...string) (func(string) string, map[string]time.Duration, error) {
	version, away, err := c.Copies.CopyNews(ctx, methods...)
	return version, away, storeFailed(err)
}

// namedLeases are Leases of the same kind.
type namedLeases struct{ lease.Leases }

func (l namedLeases) HoldLease(ctx context.Context, name, holder string, ttl time.Duration) (int64, error) {
	turn, err := l.Leases.HoldLease(ctx, name, holder, ttl)
	return turn, storeFailed(err)
}

func (l namedLeases) ReleaseLease(ctx context.Context, name, holder string) error {
	return storeFailed(l.Leases.ReleaseLease(ctx, name, holder))
}

func storeFailed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", broker.ErrStore, err)
}
