package slacktest

import (
	"net/http"
	"slices"
	"strings"
)

// defaultScopes are those that a bot of this kind is installed with.
var defaultScopes = []string{
	"app_mentions:read", "channels:read", "chat:write", "commands", "groups:read", "im:history", "im:write", "usergroups:read", "users:read",
}

// SetScopes sets what the bot token may do. With none, Slack does not tell, and refuses nothing.
func (s *workspace) SetScopes(scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scopes = slices.Clone(scopes)
}

// scopeOf is the scope that a method needs, "" if none. Those of conversations go by their kind.
// https://docs.slack.dev/reference/scopes
func (s *webAPI) scopeOf(c *call) string {
	switch name, _, _ := strings.Cut(c.method, "."); name {
	case "chat":
		return "chat:write"
	case "users":
		return "users:read"
	case "usergroups":
		return "usergroups:read"
	}
	channel := s.channels[c.get("channel")]
	switch c.method {
	case "conversations.open":
		return "im:write"
	case "conversations.info":
		return kindOf(channel) + ":read"
	case "conversations.history":
		return kindOf(channel) + ":history"
	}
	return ""
}

// kindOf is what scopes call a conversation. One that does not exist is as a public channel.
func kindOf(c *Channel) string {
	switch {
	case c == nil || !c.isDM() && !c.Private:
		return "channels"
	case c.isDM():
		return "im"
	}
	return "groups"
}

// scopesHeader tells what the token may do, also where the request is refused.
// https://docs.slack.dev/legacy/legacy-authentication/legacy-oauth-scopes
func (s *webAPI) scopesHeader(w http.ResponseWriter, token string) {
	if token != s.botToken {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.scopes != nil {
		w.Header().Set("X-OAuth-Scopes", strings.Join(s.scopes, ","))
	}
}

// permitted refuses a call that the scopes do not cover. The caller holds mu.
func (s *webAPI) permitted(c *call) error {
	if needed := s.scopeOf(c); needed != "" && s.scopes != nil && !slices.Contains(s.scopes, needed) {
		return &apiError{code: "missing_scope", more: object{"needed": needed, "provided": strings.Join(s.scopes, ",")}}
	}
	return nil
}
