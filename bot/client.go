package bot

import (
	"net/http"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/broker"
)

// NewClient returns a client of Slack's Web API at url, which ends in a slash.
// It calls nobody.
func NewClient(appToken, botToken broker.Secret, url string) *slack.Client {
	return slack.New(botToken.Reveal(),
		slack.OptionAppLevelToken(appToken.Reveal()),
		slack.OptionAPIURL(url),
		slack.OptionHTTPClient(NewHTTPClient()))
}

// NewHTTPClient returns a client that follows no redirect: a token or a
// credential goes where it was addressed to or nowhere.
func NewHTTPClient() *http.Client {
	return &http.Client{
		Timeout:       15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
