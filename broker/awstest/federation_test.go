package awstest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/assumebot/assumebot/broker/awstest"
)

// federation calls the sign-in endpoint and returns the answer without following it.
func (w *world) federation(method string, params url.Values) (*http.Response, string) {
	w.t.Helper()
	target, body := w.URL()+"/federation", ""
	if method == http.MethodPost {
		body = params.Encode()
	} else {
		target += "?" + params.Encode()
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer, string(text)
}

// signin asks for a sign-in token as the IAM guide describes it.
func (w *world) signin(c aws.Credentials, more url.Values) (token string, status int) {
	w.t.Helper()
	session, err := json.Marshal(map[string]string{"sessionId": c.AccessKeyID, "sessionKey": c.SecretAccessKey, "sessionToken": c.SessionToken})
	if err != nil {
		w.t.Fatal(err)
	}
	params := url.Values{"Action": {"getSigninToken"}, "Session": {string(session)}}
	for key, values := range more {
		params[key] = values
	}
	answer, text := w.federation(http.MethodGet, params)
	var out struct{ SigninToken string }
	if answer.StatusCode == http.StatusOK {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			w.t.Fatal(err)
		}
	}
	return out.SigninToken, answer.StatusCode
}

// login redeems a sign-in token.
func (w *world) login(token, destination string) (status int, location string) {
	w.t.Helper()
	answer, _ := w.federation(http.MethodGet, url.Values{"Action": {"login"}, "Issuer": {"x"}, "Destination": {destination}, "SigninToken": {token}})
	return answer.StatusCode, answer.Header.Get("Location")
}

const consoleHome = "https://console.aws.amazon.com/s3/home?region=eu-west-1"

func TestFederationSignsInToTheConsole(t *testing.T) {
	w := newWorld(t)
	token, status := w.signin(w.mustAssume(sts.AssumeRoleInput{}), nil)
	if status != http.StatusOK || token == "" {
		t.Fatalf("got %d and token %q, want one", status, token)
	}
	for range 2 { // a token may be redeemed again within its life
		if status, location := w.login(token, consoleHome); status != http.StatusFound || location != consoleHome {
			t.Errorf("got %d to %q, want 302 to the console", status, location)
		}
	}
	for _, elsewhere := range []string{"https://evil.example/", "http://console.aws.amazon.com/", "https://console.aws.amazon.com.evil.example/", ""} {
		if status, _ := w.login(token, elsewhere); status != http.StatusBadRequest {
			t.Errorf("got %d for %q, want 400", status, elsewhere)
		}
	}
	w.clock.advance(15 * time.Minute)
	if status, _ := w.login(token, consoleHome); status != http.StatusBadRequest {
		t.Errorf("got %d after 15 minutes, want 400", status)
	}
	if status, _ := w.login("made-up", consoleHome); status != http.StatusBadRequest {
		t.Errorf("got %d for a made-up token, want 400", status)
	}
}

func TestFederationRefusesWhatAWSRefuses(t *testing.T) {
	w := newWorld(t)
	good := w.mustAssume(sts.AssumeRoleInput{DurationSeconds: aws.Int32(900)})
	wrongSecret, wrongToken := good, good
	wrongSecret.SecretAccessKey += "x"
	wrongToken.SessionToken += "x"
	for name, c := range map[string]aws.Credentials{
		"GetSessionToken": w.mustSession(sts.GetSessionTokenInput{}), "long-term key": w.alicesCreds,
		"wrong secret": wrongSecret, "wrong token": wrongToken, "nothing": {},
	} {
		if _, status := w.signin(c, nil); status != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", name, status)
		}
	}
	for _, seconds := range []string{"899", "43201", "x", ""} {
		if _, status := w.signin(good, url.Values{"SessionDuration": {seconds}}); status != http.StatusBadRequest {
			t.Errorf("SessionDuration=%s: got %d, want 400", seconds, status)
		}
	}
	if _, status := w.signin(good, url.Values{"SessionDuration": {"3600"}}); status != http.StatusOK {
		t.Errorf("SessionDuration=3600: got %d, want 200", status)
	}
	token, _ := w.signin(good, nil)
	w.clock.advance(15 * time.Minute)
	if _, status := w.signin(good, nil); status != http.StatusBadRequest {
		t.Errorf("ended credentials: got %d, want 400", status)
	}
	if status, _ := w.login(token, consoleHome); status != http.StatusBadRequest {
		t.Errorf("login with ended credentials: got %d, want 400", status)
	}
	for _, params := range []url.Values{{}, {"Action": {"getSigninToken"}}, {"Action": {"getSigninToken"}, "Session": {"{"}}, {"Action": {"logout"}}} {
		if answer, _ := w.federation(http.MethodPost, params); answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%v: got %d, want 400", params, answer.StatusCode)
		}
	}
}

func TestFederationTakesChainedCredentialsUnlessSwitchedOff(t *testing.T) {
	w := newWorld(t)
	out, err := w.assume(w.mustSession(sts.GetSessionTokenInput{}), sts.AssumeRoleInput{})
	if err != nil {
		t.Fatal(err)
	}
	chained := issued(out.Credentials)
	if _, status := w.signin(chained, nil); status != http.StatusOK {
		t.Errorf("got %d, want 200", status)
	}
	if _, status := w.signin(chained, url.Values{"SessionDuration": {"3600"}}); status != http.StatusBadRequest {
		t.Errorf("got %d with SessionDuration, want 400", status)
	}
	w.RefuseChainedSignin(true)
	if _, status := w.signin(chained, nil); status != http.StatusBadRequest {
		t.Errorf("got %d when switched off, want 400", status)
	}
	if _, status := w.signin(w.mustAssume(sts.AssumeRoleInput{}), nil); status != http.StatusOK {
		t.Errorf("got %d for credentials that are not chained, want 200", status)
	}
}

func TestFederationHasFaultsAndSizes(t *testing.T) {
	w := newWorld(t)
	c := w.mustAssume(sts.AssumeRoleInput{})
	w.SetSigninTokenSize(5000)
	token, _ := w.signin(c, nil)
	if len(token) != 5000 {
		t.Errorf("got a token of %d bytes, want 5000", len(token))
	}
	if status, _ := w.login(token, consoleHome); status != http.StatusFound {
		t.Errorf("got %d, want 302", status)
	}
	w.Inject(awstest.Fault{Action: "getSigninToken", Times: 1, Error: &awstest.FaultError{Status: 503, Message: "Unavailable"}})
	if _, status := w.signin(c, nil); status != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", status)
	}
	calls := w.Calls()
	if got := calls[len(calls)-1]; got.Service != "signin" || got.Action != "getSigninToken" || got.Status != 503 {
		t.Errorf("got call %+v, want the refused one", got)
	}
}
