package socketmode

import (
	"context"
	"errors"
	"log/slog"

	"github.com/assumebot/assumebot/broker/secret"
)

// ErrCrowded is that Slack has as many sockets of the app open as it allows, ten.
var ErrCrowded = errors.New("ten sockets of the app are open already, which is as many as Slack allows")

// Probe opens the socket at url, waits for Slack's hello and closes it at once, so that
// it takes no envelope from the bots that run. It returns how many sockets of the app
// Slack counts, this one among them.
func Probe(ctx context.Context, url secret.Text) (connections int, err error) {
	s, err := dialSocket(ctx, url, defaultPulse, slog.New(slog.DiscardHandler))
	switch {
	case crowded(err):
		return 0, ErrCrowded
	case err != nil:
		return 0, err
	}
	s.sayGoodbye()
	return s.hello.NumConnections, s.conn.Close()
}
