// Package bare is the yardstick: the least that a program on slack-go's Socket Mode
// can do. It acknowledges each envelope and, if asked, posts the same bytes to every
// response_url, and makes a few calls first.
package bare

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

// Work is what is done beside acknowledging.
type Work struct {
	Body  []byte // is posted; nil: nothing is
	First *First // before it; nil: nothing
}

// Run serves until ctx ends, and returns why it ended.
func Run(ctx context.Context, apiURL, appToken, botToken string, work Work) error {
	api := slack.New(botToken, slack.OptionAppLevelToken(appToken), slack.OptionAPIURL(apiURL))
	client := socketmode.New(api)
	transport := &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}
	hooks := &http.Client{Transport: transport, Timeout: time.Minute}
	go func() {
		for event := range client.Events {
			if event.Type != socketmode.EventTypeSlashCommand || event.Request == nil {
				continue
			}
			if err := client.Ack(*event.Request); err != nil {
				continue
			}
			if command, ok := event.Data.(slack.SlashCommand); ok && work.Body != nil {
				go work.do(ctx, hooks, command.ResponseURL)
			}
		}
	}()
	return fmt.Errorf("slack-go's socket: %w", client.RunContext(ctx))
}

// do answers nobody if something fails: the ledger of the fake Slack sees that.
func (w Work) do(ctx context.Context, hooks *http.Client, url string) {
	if w.First != nil && w.First.do(ctx) != nil {
		return
	}
	post(ctx, hooks, url, w.Body)
}

func post(ctx context.Context, hooks *http.Client, url string, body []byte) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := hooks.Do(r)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
}
