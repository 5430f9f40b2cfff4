package bot

import (
	"context"

	"github.com/assumebot/assumebot/bot/snippet"
)

// Preferences remembers what a person used last. Losing it costs nobody
// anything but a choice.
type Preferences interface {
	// LastFormat returns what SaveFormat kept last for user, "" for nothing.
	LastFormat(ctx context.Context, user string) (string, error)
	// SaveFormat remembers the format that user asked for.
	SaveFormat(ctx context.Context, user, format string) error
	// RememberHome notes that user opened their Home.
	RememberHome(ctx context.Context, user string) error
	// HomeOpened reports whether user opened it within the past weeks.
	HomeOpened(ctx context.Context, user string) (bool, error)
}

func (b *formats) rememberFormat(ctx context.Context, to conversation, f snippet.Format) {
	if f == "" {
		return
	}
	if err := b.preferences.SaveFormat(ctx, to.caller.User, string(f)); err != nil {
		b.log.WarnContext(ctx, "format not remembered", "request", to.requestID, "error", err)
	}
}

// usualFormat is the format for who names none: the one used last, but in an
// emergency only one that a shell reads.
func (b *formats) usualFormat(ctx context.Context, to conversation, breakGlass bool) snippet.Format {
	f := b.rememberedFormat(ctx, to)
	if breakGlass && !f.ForShell() {
		return snippet.Bash
	}
	return f
}

// rememberedFormat is the format that the person used last, "" for none.
func (b *formats) rememberedFormat(ctx context.Context, to conversation) snippet.Format {
	last, err := b.preferences.LastFormat(ctx, to.caller.User)
	if err != nil {
		b.log.WarnContext(ctx, "last format not known", "request", to.requestID, "error", err)
		return ""
	}
	f, _ := snippet.ParseFormat(last)
	return f
}
