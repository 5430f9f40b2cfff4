package doctor

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

const worldConfig = `
slack: {workspaces: [T0123], audit_channel: C0AUDIT, approvals_channel: C0APPROVALS, command_prefix: aws-}
users:
  - {slack: U01ALICE, name: alice, mfa_serial: "arn:aws:iam::111111111111:mfa/alice", credentials: {env: ALICE}}
  - {slack: U02BOB, name: bob, mfa_serial: "arn:aws:iam::111111111111:mfa/bob", credentials: {env: BOB}}
accounts:
  - {name: prod, role_arn: "arn:aws:iam::222222222222:role/OnCall", duration: {default: 1h, max: 4h}, allow: [S01ONCALL]}
`

// startSlack is a workspace in which all is well.
func startSlack(t *testing.T) *slacktest.Server {
	t.Helper()
	s, err := slacktest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.AddUser(slacktest.User{ID: "U01ALICE", Name: "alice"})
	s.AddUser(slacktest.User{ID: "U02BOB", Name: "bob"})
	s.AddChannel(slacktest.Channel{ID: "C0AUDIT", Name: "aws-audit", BotMember: true})
	s.AddChannel(slacktest.Channel{ID: "C0APPROVALS", Name: "approvals", BotMember: true, Private: true})
	s.SetUserGroup(slacktest.UserGroup{ID: "S01ONCALL", Handle: "oncall", Name: "On call", Members: []string{"U01ALICE"}})
	return s
}

// patient is of a bot in that workspace.
func patient(t *testing.T, s *slacktest.Server, configText string) Patient {
	t.Helper()
	cfg, err := config.Parse("config.yaml", []byte(configText), os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	return Patient{
		Config: cfg,
		Settings: app.Settings{
			SlackAppToken: secret.New(s.AppToken()), SlackBotToken: secret.New(s.BotToken()), SlackAPIURL: s.APIURL(),
			RedisURL: secret.New(app.Embedded), AWSRegion: "eu-west-1",
		},
		Getenv: func(string) string { return "" },
		Now:    time.Now,
	}
}

// want fails unless one of the findings of that check and subject has that state, and
// says each of the words.
func want(t *testing.T, found []Finding, check, subject string, state State, words ...string) {
	t.Helper()
	for _, f := range found {
		if f.Check != check || f.Subject != subject || f.State != state {
			continue
		}
		for _, w := range words {
			if !strings.Contains(f.What+": "+f.Do, w) {
				t.Errorf("%s %s: got %q, %q, want %q in it", check, subject, f.What, f.Do, w)
			}
		}
		if (f.State == Wrong || f.State == Warning) && f.Do == "" {
			t.Errorf("%s %s: it does not say what to do", check, subject)
		}
		return
	}
	t.Errorf("%s %q is not %s; got:\n%s", check, subject, state, said(found))
}

func said(found []Finding) string {
	var b strings.Builder
	for _, f := range found {
		b.WriteString(string(f.State) + "  " + f.Check + " " + f.Subject + "  " + f.What + ": " + f.Do + "\n")
	}
	return b.String()
}

// openSocket is what a bot that runs has.
func openSocket(t *testing.T, p Patient) {
	t.Helper()
	url, err := p.slackProbe().Connection(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, response, err := websocket.DefaultDialer.DialContext(t.Context(), url.Reveal(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	if _, _, err := conn.ReadMessage(); err != nil { // hello
		t.Fatal(err)
	}
}
