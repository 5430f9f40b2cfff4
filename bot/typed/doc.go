// Package typed reads what a person types as Slack hands it on: it splits the
// text into words and mentions, decodes Slack's escapes once, and turns what
// keyboards make of plain ASCII back into it. It is pure, and knows no grammar.
package typed
