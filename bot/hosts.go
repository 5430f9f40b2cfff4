package bot

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/assumebot/assumebot/broker"
)

// hookHosts are those of every response_url; GovSlack is on a domain of its own.
// https://docs.slack.dev/interactivity/handling-user-interaction
// https://api.slack-gov.com/gov-slack/about
var hookHosts = []string{"hooks.slack.com", "hooks.slack-gov.com"}

// errResponseURL is a response_url that nothing is posted to.
var errResponseURL = errors.New("response_url")

// checkResponseURL has credentials go to Slack alone, over TLS: a payload names
// the place. Where Slack itself is a fake on this machine, so is the place.
func (b *Bot) checkResponseURL(to broker.Secret) error {
	u, err := url.Parse(to.Reveal())
	switch {
	case err != nil || u.Host == "":
		return fmt.Errorf("%w: missing or malformed", errResponseURL)
	case b.fake && broker.Loopback(u.Hostname()):
		return nil
	case u.Scheme != "https":
		return fmt.Errorf("%w: not https", errResponseURL)
	case u.User != nil || !slices.Contains(hookHosts, u.Host):
		return fmt.Errorf("%w: not one of Slack's hosts", errResponseURL)
	}
	return nil
}

// onLoopback reports whether the Slack at apiURL is a fake on this machine.
func onLoopback(apiURL string) bool {
	u, err := url.Parse(apiURL)
	return err == nil && broker.Loopback(u.Hostname())
}

// checkSocketURL keeps codes, which come through a socket, off the wire in clear.
func checkSocketURL(raw broker.Secret) error {
	u, err := url.Parse(raw.Reveal())
	if err != nil || u.Hostname() == "" || u.Scheme != "wss" && (u.Scheme != "ws" || !broker.Loopback(u.Hostname())) {
		return errors.New("Slack named a socket that is not wss://: nothing is dialled")
	}
	return nil
}
