package awstest

import (
	"encoding/json"
	"html"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The federation endpoint is the path /federation of the fake's URL.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html
const (
	serviceSignin   = "signin"
	federationPath  = "/federation"
	signinLife      = 15 * time.Minute
	minSigninLength = 900   // seconds of SessionDuration
	maxSigninLength = 43200 // seconds of SessionDuration
	// defaultSigninSize is an ordinary size of a sign-in token; AWS promises none.
	defaultSigninSize = 1100
)

// signinState is what the federation endpoint knows.
type signinState struct {
	size          int
	refuseChained bool
	tokens        map[string]signin
}

// signin is what a sign-in token stands for.
type signin struct {
	session *session
	until   time.Time
}

// SetSigninTokenSize sets the length in bytes of the sign-in tokens issued from now on.
func (s *Server) SetSigninTokenSize(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signin.size = n
}

// RefuseChainedSignin makes the federation endpoint refuse credentials of a role that was assumed with
// temporary credentials. AWS's guide says that it does so where AssumeRole was given DurationSeconds;
// people report that it works, so the fake does either.
func (s *Server) RefuseChainedSignin(refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signin.refuseChained = refuse
}

// federation answers what is not signed: a session's own secret proves it, then the sign-in token.
func (s *Server) federation(req *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch req.action {
	case "getSigninToken":
		return s.signinToken(req)
	case "login":
		return s.login(req)
	}
	return badSignin("Missing or unknown Action")
}

// signinToken exchanges a session for a sign-in token. The caller holds Server.mu.
func (s *Server) signinToken(req *request) answer {
	var in struct {
		ID    string `json:"sessionId"`
		Key   string `json:"sessionKey"`
		Token string `json:"sessionToken"`
	}
	if json.Unmarshal([]byte(req.params.Get("Session")), &in) != nil {
		return badSignin("Invalid session parameter")
	}
	ses := s.sessions[in.ID]
	switch {
	case ses == nil || ses.secret != in.Key || ses.token != in.Token || !s.now().Before(ses.expires):
		return badSignin("Invalid credentials")
	case ses.roleARN == "": // GetSessionToken's cannot sign in
		return badSignin("Session not valid for console federation")
	case ses.chained && s.signin.refuseChained:
		return badSignin("Session from role chaining not valid for console federation")
	}
	if req.params.Has("SessionDuration") {
		seconds, err := strconv.Atoi(req.params.Get("SessionDuration"))
		if ses.chained || err != nil || seconds < minSigninLength || seconds > maxSigninLength {
			return badSignin("Invalid SessionDuration parameter")
		}
	}
	token := awkward(s.signin.size, "=")
	if s.signin.tokens == nil {
		s.signin.tokens = map[string]signin{}
	}
	s.signin.tokens[token] = signin{ses, s.now().Add(signinLife)}
	body, _ := json.Marshal(map[string]string{"SigninToken": token}) // a string
	return answer{status: http.StatusOK, media: "application/json", body: body}
}

// login redeems a sign-in token: the browser goes on to the console. The caller holds Server.mu.
func (s *Server) login(req *request) answer {
	in := s.signin.tokens[req.params.Get("SigninToken")]
	switch {
	case in.session == nil || !s.now().Before(in.until):
		return badSignin("Token expired or invalid")
	case !s.now().Before(in.session.expires):
		return badSignin("Credentials expired")
	case !isConsole(req.params.Get("Destination")):
		return badSignin("Invalid Destination")
	}
	return answer{status: http.StatusFound, media: "text/html", location: req.params.Get("Destination")}
}

// isConsole reports whether a URL is one of AWS's consoles, where alone the endpoint sends people to.
func isConsole(destination string) bool {
	u, err := url.Parse(destination)
	if err != nil || u.Scheme != "https" {
		return false
	}
	return slices.ContainsFunc([]string{"console.aws.amazon.com", "console.amazonaws.cn", "console.amazonaws-us-gov.com"},
		func(host string) bool { return u.Host == host || strings.HasSuffix(u.Host, "."+host) })
}

// badSignin is a refusal in the endpoint's form: a page for people, without a code.
func badSignin(why string) answer {
	return answer{status: http.StatusBadRequest, code: why, media: "text/html", body: signinPage(why)}
}

func signinPage(why string) []byte {
	return []byte("<html><head><title>HTTP Status 400</title></head><body><h1>HTTP Status 400 - " + html.EscapeString(why) + "</h1></body></html>")
}

// readSignin tells a request to the federation endpoint; both GET and POST are taken.
func (r *request) readSignin() {
	r.service = serviceSignin
	if media := r.http.Header.Get("Content-Type"); strings.HasPrefix(media, "application/x-www-form-urlencoded") {
		form, _ := url.ParseQuery(string(r.body)) // what does not parse is not there
		maps.Copy(r.params, form)
	}
	r.action = r.params.Get("Action")
}
