package app

import (
	"context"
	"log/slog"
)

// Run connects the store, the broker and the bot and serves until ctx ends.
func Run(ctx context.Context, cfg Config, s Settings, log *slog.Logger) error {
	return nil
}
