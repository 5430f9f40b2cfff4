package fakeslack

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds what is read of one request.
const maxBody = 2 << 20

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, from := r.URL.Path, ""
	if named, ok := strings.CutPrefix(path, "/from/"); ok {
		from, path, _ = strings.Cut(named, "/")
		path = "/" + path
	}
	switch {
	case path == "/link/":
		s.serveSocket(w, r)
	case strings.HasPrefix(path, "/commands/"):
		s.serveResponseURL(w, r)
	default:
		s.serveAPI(w, r, strings.TrimPrefix(path, "/api/"), from)
	}
}

func (s *Server) serveResponseURL(w http.ResponseWriter, r *http.Request) {
	s.calls.add("response_url")
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	run, number, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/commands/"), "/")
	c := s.find(run, number)
	if err != nil || c == nil || c.Answers() >= maxUses {
		http.Error(w, "no_such_url", http.StatusNotFound)
		return
	}
	if s.refuses(w, "response_url", "") {
		return
	}
	s.lastAnswer.Store(&body)
	c.answer(beginning(body), saysStopped(body))
	_, _ = io.WriteString(w, "ok")
}

// saysStopped reports whether a message says that the bot was stopped before it knew
// whether there is another answer.
func saysStopped(message []byte) bool { return bytes.Contains(message, []byte("he bot was stopped")) }

var textField = []byte(`"text":"`)

// beginning is how the text of a message begins.
func beginning(message []byte) string {
	_, text, found := bytes.Cut(message, textField)
	if !found {
		return "(no text)"
	}
	text = text[:min(len(text), enough)]
	if end := bytes.IndexAny(text, "\"\\"); end >= 0 {
		text = text[:end]
	}
	return masked(string(text))
}

// enough is how many bytes tell one answer from another.
const enough = 70

// masked has digits as 0, so that what is the same answer counts as the same.
func masked(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '1' && r <= '9' {
			return '0'
		}
		return r
	}, text[:min(len(text), enough)])
}

// serveAPI serves a method of the Web API to the client of that name.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, method, from string) {
	s.calls.add(method)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		_, _ = io.WriteString(w, `{"ok":false,"error":"invalid_form_data"}`)
		return
	}
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	var params url.Values
	if token == "" || needsParams[method] {
		params, _ = url.ParseQuery(string(body)) // what does not parse is not there
	}
	if token == "" {
		token = params.Get("token")
	}
	if token != BotToken && (method != "apps.connections.open" || token != AppToken) {
		_, _ = io.WriteString(w, `{"ok":false,"error":"invalid_auth"}`)
		return
	}
	if s.refuses(w, method, params.Get("channel")) {
		return
	}
	if method == "apps.connections.open" {
		_, _ = fmt.Fprintf(w, `{"ok":true,"url":"ws://%s/link/?ticket=1&app_id=A0LOAD&from=%s"}`, s.address, url.QueryEscape(from))
		return
	}
	_, _ = w.Write(s.answer(method, params))
}

// refuses answers 429 where there were too many calls, and reports whether it did.
func (s *Server) refuses(w http.ResponseWriter, method, channel string) bool {
	wait := s.limits.over(method, channel)
	if wait <= 0 {
		return false
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = io.WriteString(w, `{"ok":false,"error":"ratelimited"}`)
	return true
}

var needsParams = map[string]bool{
	"users.info": true, "users.list": true, "conversations.open": true, "conversations.info": true, "chat.postMessage": true,
}

func (s *Server) answer(method string, params url.Values) []byte {
	switch method {
	case "auth.test":
		return fmt.Appendf(nil, `{"ok":true,"url":"https://example.slack.com/","team":"example","user":"assumebot","team_id":%q,`+
			`"user_id":%q,"bot_id":"B0BOT","is_enterprise_install":false}`, Team, botUser)
	case "conversations.info":
		return fmt.Appendf(nil, `{"ok":true,"channel":{"id":%q,"name":"aws-audit","is_channel":true,"is_member":true}}`, params.Get("channel"))
	case "conversations.open":
		return fmt.Appendf(nil, `{"ok":true,"channel":{"id":"D%s"}}`, strings.TrimPrefix(params.Get("users"), "U"))
	case "chat.postMessage":
		s.direct(params.Get("channel"), params.Get("text"))
		return fmt.Appendf(nil, `{"ok":true,"channel":%q,"ts":"%d.%06d"}`, params.Get("channel"), time.Now().Unix(), s.posted.Add(1)%1_000_000)
	case "users.info":
		return fmt.Appendf(nil, `{"ok":true,"user":%s}`, person(params.Get("user")))
	case "users.list":
		return s.usersList(params)
	case "usergroups.list":
		return *s.members.Load()
	case "views.open", "views.push", "views.update", "views.publish":
		return fmt.Appendf(nil, `{"ok":true,"view":{"id":"V%d","hash":"1.a"}}`, s.posted.Add(1))
	case "conversations.history":
		return []byte(`{"ok":true,"messages":[],"has_more":false}`)
	}
	return []byte(`{"ok":true}`)
}

func person(id string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"team_id":%q,"name":%q,"deleted":false,"real_name":%q,"tz":"Etc/UTC","tz_label":"UTC","tz_offset":0,`+
		`"profile":{"real_name":%q,"display_name":%q,"team":%q},"is_admin":false,"is_owner":false,"is_restricted":false,`+
		`"is_ultra_restricted":false,"is_bot":false,"is_stranger":false,"updated":1700000000}`, id, Team, id, id, id, id, Team)
}

// UserID is the ID of person i.
func UserID(i int) string { return fmt.Sprintf("U%07d", i) }

// SetPeople sets how many people users.list tells of.
func (s *Server) SetPeople(n int) { s.people.Store(int64(n)) }

// usersList pages as https://docs.slack.dev/apis/web-api/pagination does.
func (s *Server) usersList(params url.Values) []byte {
	limit, err := strconv.Atoi(params.Get("limit"))
	if err != nil || limit < 1 || limit > 1000 {
		limit = 1000
	}
	from, _ := strconv.Atoi(params.Get("cursor")) // the first page has none
	total := int(s.people.Load())
	to := min(from+limit, total)
	out := []byte(`{"ok":true,"members":[`)
	for i := from; i < to; i++ {
		if i > from {
			out = append(out, ',')
		}
		out = append(out, person(UserID(i))...)
	}
	next := ""
	if to < total {
		next = strconv.Itoa(to)
	}
	return fmt.Appendf(out, `],"response_metadata":{"next_cursor":%q}}`, next)
}

// SetGroup sets who is in the user group Group.
func (s *Server) SetGroup(ids []string) {
	quoted := make([]string, len(ids))
	for i, id := range ids {
		quoted[i] = strconv.Quote(id)
	}
	list := fmt.Appendf(nil, `{"ok":true,"usergroups":[{"id":%q,"team_id":%q,"is_usergroup":true,"name":"Load","handle":"load",`+
		`"date_create":1,"date_update":1,"date_delete":0,"user_count":%d,"users":[%s]}]}`, Group, Team, len(ids), strings.Join(quoted, ","))
	s.members.Store(&list)
}
