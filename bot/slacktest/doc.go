// Package slacktest is a fake Slack: the Web API, Socket Mode over a real
// WebSocket, response URLs, modals and Home, and the people who use them.
//
// It listens on loopback and speaks Slack's own wire formats to an unmodified
// client. It reads raw JSON and form data with types of its own, never those
// of a Slack SDK, so that a mistake in encoding cannot cancel itself out. What
// Slack refuses it refuses, under Slack's error names; beside each limit
// stands the page of Slack's documentation that states it.
//
// A Server is driven from the person's side: [Server.Command] types a slash
// command, [Server.Press] presses a button, [Server.Submit] submits a modal.
// Each returns a [Delivery], which tells what became of the envelope. What
// people see is read back by [Server.SeenBy], [Server.Views] and
// [Server.Subscribe].
//
// Two clocks are kept apart. Limits of seconds (the three seconds of an
// acknowledgement and of a trigger, WebSocket pings) run on real time, since
// real sockets are involved; everything else (timestamps, the thirty minutes
// of a response URL, message rate) follows [Server.SetClock]. A trigger ends
// by whichever clock is first.
//
// What Slack draws of a message or a view is read into a tree by
// [Message.Tree] and [View.Tree], and printed as text by [Piece.Text].
//
// Not modelled: Enterprise Grid and org-wide installs, scopes of users, limits of
// attachments beyond those of their blocks, files, unfurls, threads' own views,
// reactions, pagination cursors, parse and link_names, choices kept on a
// message between two actions, `response_urls` of modal inputs, block types
// beyond section, header, divider, context, actions, input, image, rich_text,
// table and markdown, and method tiers other than the one message a second per
// channel. A bare domain is linked only under a few top-level domains.
package slacktest
