package slacktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"strings"
	"time"
)

// object is a JSON object on its way out.
type object map[string]any

// maxBody is what the server reads of one request.
const maxBody = 2 << 20

// apiError is one of Slack's error names, with the messages that go to
// response_metadata. https://docs.slack.dev/apis/web-api/#responses
type apiError struct {
	code     string
	messages []string
	more     object        // what stands beside the error
	retry    time.Duration // with "ratelimited"
}

func (e *apiError) Error() string { return e.code }

func failure(code string, messages ...string) error { return &apiError{code: code, messages: messages} }

// call is one request to a method, its parameters as strings; what came as
// JSON structure is JSON text again.
type call struct {
	method string
	params map[string]string
}

func (c *call) get(name string) string { return c.params[name] }

func (c *call) has(name string) bool { _, ok := c.params[name]; return ok }

func (c *call) flag(name string) bool {
	v := c.params[name]
	return v == "true" || v == "1"
}

// Call is a request that the server has answered.
type Call struct {
	Method string // a Web API method, or "response_url"
	Params map[string]string
	Status int
	Error  string // Slack's error name, "" when ok
	At     time.Time
}

// Calls are the requests answered so far, without tokens.
func (s *traffic) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

func (s *traffic) record(method string, params map[string]string, status int, code string) {
	clean := make(map[string]string, len(params))
	for k, v := range params {
		if k == "token" {
			v = "[redacted]"
		}
		clean[k] = v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, Call{Method: method, Params: clean, Status: status, Error: code, At: s.clock()})
	if s.memory > 0 {
		s.calls = s.calls[max(0, len(s.calls)-s.memory):]
	}
	s.wake()
}

type handler func(*call) (object, error)

// webAPI is what the app asks, over HTTP.
type webAPI struct {
	*workspace
	*windows
	*wire
	*traffic
}

// method looks up a Web API method; app says that it takes the app-level token.
// Handlers run with mu held.
func (s *webAPI) method(name string) (h handler, app bool) {
	handlers := map[string]handler{
		"apps.connections.open": s.connectionsOpen,
		"auth.test":             s.authTest,
		"blocks.validate":       s.blocksValidate,
		"api.test":              func(*call) (object, error) { return object{"args": object{}}, nil },
		"chat.postMessage":      s.chatPost,
		"chat.postEphemeral":    s.chatPostEphemeral,
		"chat.update":           s.chatUpdate,
		"chat.delete":           s.chatDelete,
		"conversations.open":    s.conversationsOpen,
		"conversations.info":    s.conversationsInfo,
		"conversations.history": s.conversationsHistory,
		"users.info":            s.usersInfo,
		"users.list":            s.usersList,
		"usergroups.list":       s.usergroupsList,
		"usergroups.users.list": s.usergroupsUsersList,
		"views.open":            s.viewsOpen,
		"views.push":            s.viewsPush,
		"views.update":          s.viewsUpdate,
		"views.publish":         s.viewsPublish,
	}
	return handlers[name], name == "apps.connections.open"
}

func (s *webAPI) serveAPI(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	c := &call{method: name}
	f := s.fault(name)
	if f != nil && !s.enact(w, r, name, f) {
		return
	}
	params, bodyToken, err := readParams(w, r)
	var out object
	if err == nil {
		c.params = params
		token := bodyToken
		if auth, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
			token = auth
		}
		s.scopesHeader(w, token)
		out, err = s.answer(c, token)
	}
	status, code := http.StatusOK, ""
	if err != nil {
		out, status, code = failed(w, err)
	} else {
		if out == nil {
			out = object{}
		}
		out["ok"] = true
	}
	s.record(name, c.params, status, code)
	s.finish(w, r, f, status, "application/json", encode(out))
}

func (s *webAPI) answer(c *call, token string) (object, error) {
	h, app := s.method(c.method)
	if h == nil {
		return nil, failure("unknown_method")
	}
	switch {
	case c.method == "api.test":
	case token == "":
		return nil, failure("not_authed")
	case token != s.appToken && token != s.botToken:
		return nil, failure("invalid_auth")
	case (token == s.appToken) != app:
		return nil, failure("not_allowed_token_type")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.take(c.method); err != nil {
		return nil, err
	}
	if err := s.permitted(c); err != nil {
		return nil, err
	}
	return h(c)
}

func failed(w http.ResponseWriter, err error) (object, int, string) {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{code: "internal_error"}
	}
	out := object{"ok": false, "error": e.code}
	maps.Copy(out, e.more)
	if len(e.messages) > 0 {
		out["response_metadata"] = object{"messages": e.messages}
	}
	if e.code == "ratelimited" {
		w.Header().Set("Retry-After", seconds(e.retry))
		return out, http.StatusTooManyRequests, e.code
	}
	return out, http.StatusOK, e.code
}

// readParams reads a form or a JSON body. A token in a JSON body counts for
// nothing. https://docs.slack.dev/apis/web-api/#posting_json
func readParams(w http.ResponseWriter, r *http.Request) (map[string]string, string, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	params := map[string]string{}
	if kind == "application/json" {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, "", failure("request_timeout")
		}
		if len(bytes.TrimSpace(data)) == 0 {
			return params, "", nil
		}
		var raw map[string]json.RawMessage
		if json.Unmarshal(data, &raw) != nil {
			return nil, "", failure("invalid_json")
		}
		for k, v := range raw {
			var str string
			switch {
			case string(v) == "null":
				continue
			case json.Unmarshal(v, &str) == nil:
				params[k] = str
			default:
				params[k] = string(v)
			}
		}
		return params, "", nil
	}
	var err error
	switch kind {
	case "multipart/form-data":
		err = r.ParseMultipartForm(maxBody)
	case "application/x-www-form-urlencoded", "":
		err = r.ParseForm()
	default:
		return nil, "", failure("invalid_post_type")
	}
	if err != nil {
		return nil, "", failure("invalid_form_data")
	}
	for k, v := range r.Form {
		if len(v) > 0 {
			params[k] = v[0]
		}
	}
	return params, params["token"], nil
}

// encode writes JSON as Slack does, without HTML escapes.
func encode(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		// Only values built here are encoded; none can fail.
		panic("slacktest: encode: " + err.Error())
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
