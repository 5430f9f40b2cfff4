// Package bot is assumebot's side towards Slack: it holds the Socket Mode
// connections, understands what people type, asks the broker, renders answers
// and posts the audit record to its channel.
//
// These invariants hold:
//
//   - An envelope is acknowledged before any work on it, so that neither Redis
//     nor AWS can make a person see Slack's own error.
//   - Credentials go into private replies only: a message that holds one is
//     posted to a response_url as ephemeral, never in its fallback text, and
//     whole or not at all.
//   - What a person typed is never interpreted as markup: it can neither ping
//     nor link nor format.
//   - Raw envelopes, response_url and socket URLs are never logged.
package bot
