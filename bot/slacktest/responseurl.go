package slacktest

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"time"
)

// A response_url takes five posts within thirty minutes.
// https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
const (
	responseUses = 5
	responseLife = 30 * time.Minute
)

type responseURL struct {
	user, channel string
	original      MessageRef // of an interaction on a message
	made          time.Time
	uses          int
}

// newResponseURL makes one for user in channel. The caller holds mu.
func (s *posts) newResponseURL(kind, user, channel string, original MessageRef) (string, *responseURL) {
	path := "/" + kind + "/" + s.team + "/" + s.nextID("1") + "/" + randomID(12)
	u := &responseURL{user: user, channel: channel, original: original, made: s.clock()}
	s.responseURLs[path] = u
	return "http://" + s.address + path, u
}

// reply is the body of a post to a response_url, or of the acknowledgement of
// a slash command.
type reply struct {
	Text            string          `json:"text"`
	Blocks          json.RawMessage `json:"blocks"`
	Attachments     json.RawMessage `json:"attachments"`
	ResponseType    string          `json:"response_type"`
	ReplaceOriginal any             `json:"replace_original"`
	DeleteOriginal  any             `json:"delete_original"`
	ThreadTS        string          `json:"thread_ts"`
	UnfurlLinks     bool            `json:"unfurl_links"`
	UnfurlMedia     *bool           `json:"unfurl_media"`
}

func (s *webAPI) serveResponseURL(w http.ResponseWriter, r *http.Request) {
	f := s.fault("response_url")
	if f != nil {
		f.Method = "response_url"
		if !s.enact(w, r, "response_url", f) {
			return
		}
	}
	status, code, params := s.respond(w, r)
	s.record("response_url", params, status, code)
	body := code
	if code == "" {
		body = "ok"
	}
	s.finish(w, r, f, status, "text/plain", []byte(body))
}

func (s *webAPI) respond(w http.ResponseWriter, r *http.Request) (int, string, map[string]string) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil || kind != "application/json" {
		return http.StatusBadRequest, "invalid_payload", nil
	}
	var body reply
	if json.Unmarshal(data, &body) != nil {
		return http.StatusBadRequest, "invalid_payload", nil
	}
	params := map[string]string{"payload": string(data)}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.responseURLs[r.URL.Path]
	switch {
	case u == nil:
		return http.StatusNotFound, "no_such_url", params
	case s.clock().Sub(u.made) > responseLife:
		return http.StatusNotFound, "expired_url", params
	case u.uses >= responseUses:
		return http.StatusNotFound, "used_url", params
	}
	if err := s.reply(u, body); err != nil {
		return http.StatusBadRequest, err.Error(), params
	}
	u.uses++
	return http.StatusOK, "", params
}

// reply posts, replaces or deletes as body asks. The caller holds mu.
func (s *posts) reply(u *responseURL, body reply) error {
	original := s.live[u.original]
	if truth(body.DeleteOriginal) {
		if original != nil {
			s.remove(original)
		}
		return nil
	}
	if body.ResponseType != "" && body.ResponseType != "ephemeral" && body.ResponseType != "in_channel" {
		return failure("invalid_response_type")
	}
	made, err := messageContent(body.Text, jsonText(body.Blocks), jsonText(body.Attachments), s.unknownBlocks...)
	if err != nil {
		return err
	}
	if truth(body.ReplaceOriginal) && original != nil {
		s.replace(original, made, "response_url")
		return nil
	}
	m := &Message{
		Channel: u.channel, ThreadTS: body.ThreadTS, Text: made.text, Blocks: made.blocks, Attachments: made.attachments,
		Author: s.botUser, Via: "response_url",
		UnfurlLinks: body.UnfurlLinks, UnfurlMedia: body.UnfurlMedia == nil || *body.UnfurlMedia,
	}
	if body.ResponseType != "in_channel" {
		m.Ephemeral, m.To = true, u.user
	}
	s.post(m)
	return nil
}

// truth reads a boolean that may have been sent as a string.
func truth(v any) bool { return v == true || v == "true" }

// jsonText is raw as a parameter: "" for what was left out.
func jsonText(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	return string(raw)
}
