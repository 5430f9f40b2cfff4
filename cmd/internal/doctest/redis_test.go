package doctest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/store"
)

// TestRedisURLsOfTheGuidesAreUnderstood: nobody answers at any of them, and that is all
// that is wrong.
func TestRedisURLsOfTheGuidesAreUnderstood(t *testing.T) {
	t.Parallel()
	urls := 0
	for _, b := range of(t, "redis") {
		for _, line := range strings.Split(strings.TrimRight(b.text, "\n"), "\n") {
			urls++
			url := strings.NewReplacer("PASSWORD", "x", "…", "x").Replace(strings.Fields(line)[0])
			ctx, cancel := context.WithDeadline(t.Context(), time.Now())
			_, err := store.Open(ctx, store.Options{URL: secret.New(url), SealKeys: []secret.Text{app.NewSealKey()}})
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s:%d: %s: got %v, want it to be tried", b.guide, b.line, url, err)
			}
		}
	}
	if urls == 0 {
		t.Error("got no REDIS_URL, want those of the install")
	}
}
