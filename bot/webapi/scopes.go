package webapi

import (
	"net/http"
	"slices"
	"strings"
)

// A Scope is one that the manifest asks for the bot token.
type Scope struct {
	Name string
	For  string // what does not work without it
	Must bool   // nothing works without it
}

// Scopes are those of deploy/slack-manifest.yaml, which a test compares.
func Scopes() []Scope {
	return []Scope{
		{"commands", "slash commands and the shortcut", true},
		{"chat:write", "posts to the audit channel, and direct messages", true},
		{"im:write", "direct messages", true},
		{"users:read", "seeing who is deactivated, a guest or a bot, without which nobody is served", true},
		{"usergroups:read", "the user groups that the config names", false},
		{"im:history", "answering who writes to the bot", false},
		{"app_mentions:read", "answering who mentions the bot", false},
		{"channels:read", "seeing at a start that the bot is in its channels", false},
		{"groups:read", "seeing the same of private channels", false},
	}
}

// MissingScopes are the Scopes that granted lacks.
func MissingScopes(granted []string) []Scope {
	return slices.DeleteFunc(Scopes(), func(s Scope) bool { return slices.Contains(granted, s.Name) })
}

// SurplusScopes are those of granted that the bot never uses.
func SurplusScopes(granted []string) []string {
	return slices.DeleteFunc(slices.Clone(granted), func(name string) bool {
		return slices.ContainsFunc(Scopes(), func(s Scope) bool { return s.Name == name })
	})
}

// ScopesOf reads the header in which Slack tells what a token may do. Not every proxy
// passes it on.
func ScopesOf(h http.Header) (scopes []string, told bool) {
	for _, name := range strings.Split(h.Get("X-Oauth-Scopes"), ",") {
		if name = word(strings.TrimSpace(name)); name != "" {
			scopes = append(scopes, name)
		}
	}
	return scopes, len(h.Values("X-Oauth-Scopes")) > 0
}
