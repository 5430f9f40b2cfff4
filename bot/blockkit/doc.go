// Package blockkit is Slack's message language as the bot writes it: rich text,
// elements, the bounds of a message, and the text that stands in for the blocks.
// It knows no request and no answer, and calls nobody.
package blockkit
