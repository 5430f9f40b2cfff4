package webapi

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"

	"github.com/slack-go/slack"
)

// A FatalError is one that trying again cannot mend.
type FatalError struct {
	what string
	hint string
	err  error
}

// Unfit is of an app that is not set up as the bot needs it; hint says what mends that.
func Unfit(what, hint string) *FatalError { return &FatalError{what: what, hint: hint} }

// Unwrap returns Slack's own error.
func (e *FatalError) Unwrap() error { return e.err }

func (e *FatalError) Error() string { return e.what + ": " + e.hint }

// Error adds to Slack's refusal of a method what mends it, and makes it a
// [FatalError] where only that will.
func Error(method string, err error) error {
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) {
		return fmt.Errorf("%s: %w", method, WithoutURL(err))
	}
	hint := Mend(method, refused.Err)
	if hint == "" {
		return fmt.Errorf("%s: %w", method, err)
	}
	if slices.Contains(ofTheChannel, refused.Err) {
		return fmt.Errorf("%s: %w: %s", method, err, hint)
	}
	return &FatalError{what: method + ": " + refused.Err, hint: hint, err: err}
}

// ofTheChannel are refusals that are of one channel alone.
var ofTheChannel = []string{"not_in_channel", "channel_not_found", "is_archived"}

// Reinstall is how the app gets the scopes that it lacks.
// https://docs.slack.dev/app-manifests/configuring-apps-with-app-manifests
const Reinstall = "in the app's settings, App Manifest: paste what `assumebot manifest --config FILE` prints, save, then Install App, Reinstall"

// Mend says what to do about Slack's refusal of a method; "" where that is not known.
func Mend(method, refusal string) string {
	token, kind := "SLACK_BOT_TOKEN", "the Bot User OAuth Token (xoxb-…) from OAuth & Permissions"
	if method == "apps.connections.open" {
		token, kind = "SLACK_APP_TOKEN", "an app-level token (xapp-…) with connections:write from Basic Information"
	}
	switch refusal {
	case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive":
		return "Slack does not take the token in " + token + ": put " + kind + " there"
	case "not_allowed_token_type":
		return token + " holds a token of the wrong kind: put " + kind + " there"
	case "missing_scope", "no_permission":
		return "the token in " + token + " lacks a scope: " + Reinstall
	case "not_enabled", "socket_mode_not_enabled", "forbidden_team":
		return "switch Socket Mode on in the app's settings"
	case "not_in_channel", "channel_not_found", "is_archived":
		return "name a living channel of this workspace and /invite the bot to it"
	}
	return ""
}

// WithoutURL returns err without any URL in it: socket URLs and response_urls
// are bearer secrets, and url.Error prints them.
func WithoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Refused reports whether Slack refused with one of these words.
func Refused(err error, words ...string) bool {
	var refused slack.SlackErrorResponse
	return errors.As(err, &refused) && slices.Contains(words, refused.Err)
}

// RefusedForGood reports whether Slack answered and will not answer otherwise:
// neither its own failure nor a limit.
func RefusedForGood(err error) bool {
	var (
		refused slack.SlackErrorResponse
		status  slack.StatusCodeError
	)
	switch {
	case errors.As(err, &refused):
		return !Refused(err, "internal_error", "fatal_error", "ratelimited", "request_timeout", "service_unavailable", "team_added_to_org")
	case errors.As(err, &status):
		return status.Code < http.StatusInternalServerError && status.Code != http.StatusTooManyRequests
	}
	return false
}

// MessageRefused reports whether Slack found fault with the message itself.
func MessageRefused(err error) bool {
	var status slack.StatusCodeError
	if errors.As(err, &status) {
		return status.Code == http.StatusBadRequest || status.Code == http.StatusRequestEntityTooLarge
	}
	return Refused(err, "invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long", "no_text")
}

// NotTaken reports whether Slack certainly did not take what was posted: it
// refused it, or was never reached. A lost answer leaves that open.
func NotTaken(err error) bool {
	var (
		status  slack.StatusCodeError
		refused slack.SlackErrorResponse
		limited *slack.RateLimitedError
		op      *net.OpError
	)
	return errors.As(err, &status) || errors.As(err, &refused) || errors.As(err, &limited) || errors.Is(err, errResponseURL) || errors.Is(err, errNotSent) ||
		errors.As(err, &op) && op.Op == "dial"
}

// mayHelp reports whether posting again can mend err: not what Slack refused.
func mayHelp(err error) bool {
	var (
		status  slack.StatusCodeError
		refused slack.SlackErrorResponse
	)
	switch {
	case errors.As(err, &status):
		return status.Code >= http.StatusInternalServerError
	case errors.As(err, &refused):
		return Refused(err, "internal_error", "fatal_error")
	}
	return !errors.Is(err, errResponseURL)
}
