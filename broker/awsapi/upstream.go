package awsapi

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/assumebot/assumebot/broker/text"
)

// AWS repeats in its messages what it was sent: a signature that does not match is
// answered with the canonical request, session token included. The operators' log
// gets what AWS said without that. It is done where every answer of every client
// passes, so that no caller can forget it; what AWS answered is still there for
// errors.As.

// redacted stands for what must not be logged.
const redacted = "[redacted]"

// maxUpstream is far above what AWS says in a message without a request in it.
const maxUpstream = 1000

var (
	// canonical begins what was signed, in AWS's words.
	canonical = text.NewPattern(`(?i)the canonical string for this request|canonical ?request|string[- ]?to[- ]?sign`)
	// tokenLike is longer than any ID of AWS's, and shorter than any session token.
	tokenLike = text.NewPattern(`[A-Za-z0-9+/=%_-]{100,}`)
)

// upstreamText is what may be logged of what was said by AWS or by what is between.
func upstreamText(said string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			said = strings.ReplaceAll(said, secret, redacted)
		}
	}
	if at := canonical.FindStringIndex(said); at != nil {
		said = said[:at[0]] + "[the request, left out]"
	}
	said = tokenLike.ReplaceAllString(said, redacted)
	if len(said) > maxUpstream {
		cut := maxUpstream
		for !utf8.RuneStart(said[cut]) {
			cut--
		}
		said = said[:cut] + "…"
	}
	return text.Printable(said)
}

// An upstreamError is AWS's own, with a text that may be logged.
type upstreamError struct {
	text string
	err  error
}

func (e *upstreamError) Error() string { return e.text }

func (e *upstreamError) Unwrap() error { return e.err }

// An errorCleaner makes an upstreamError of every error of a call.
type errorCleaner struct{}

// ID implements [middleware.DeserializeMiddleware].
func (errorCleaner) ID() string { return "assumebot:ErrorCleaner" }

// HandleDeserialize implements [middleware.DeserializeMiddleware].
func (errorCleaner) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput,
	next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if err == nil {
		return out, metadata, nil
	}
	var sent []string
	if r, ok := in.Request.(*smithyhttp.Request); ok {
		sent = append(r.Header.Values("X-Amz-Security-Token"), r.Header.Values("Authorization")...)
	}
	return out, metadata, &upstreamError{upstreamText(err.Error(), sent...), err}
}
