package bot

import (
	"log/slog"
	"time"

	"github.com/assumebot/assumebot/bot/blockkit/goldentest"
)

func goldenBot() *Bot {
	c := &core{now: func() time.Time { return goldentest.Now }, log: slog.New(slog.DiscardHandler)}
	b := &Bot{core: c, parts: partsOf(c, Deps{})}
	b.Serve(nil, Settings{RevealWindow: 10 * time.Minute})
	return b
}
