package doctor

import (
	"slices"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker/secret"
)

func slackFindings(t *testing.T, p Patient) []Finding {
	t.Helper()
	return together(t.Context(), 1, look{"slack", "", within, p.slack}, look{"slack-socket", "", within, p.slackSocket}, look{"slack-app", "", within, p.slackApp})
}

// everyScope are those of the manifest.
func everyScope() (names []string) {
	for _, s := range webapi.Scopes() {
		names = append(names, s.Name)
	}
	return names
}

func TestAllIsWellInSlack(t *testing.T) {
	t.Parallel()
	s := startSlack(t)
	found := slackFindings(t, patient(t, s, worldConfig))
	want(t, found, "slack-bot-token", "", OK, "@assumebot (U0BOT) in example")
	want(t, found, "slack-workspace", "", OK, "T0123")
	want(t, found, "slack-scopes", "", OK, "no more")
	want(t, found, "slack-socket", "", OK, "hello")
	want(t, found, "slack-channel", "C0AUDIT", OK, "#aws-audit")
	want(t, found, "slack-channel", "C0APPROVALS", OK, "#approvals")
	want(t, found, "slack-group", "", OK, "@oncall has 1")
	want(t, found, "slack-user", "", OK, "all 2 users of the config exist and are active full members")
	want(t, found, "slack-messages", "", OK, "samples")
	want(t, found, "slack-app", "", NotTold, "/aws-assume help")
	if got := Worst(found); got != NotTold {
		t.Errorf("got %s at worst, want not_told\n%s", got, said(found))
	}
	if n := len(s.Messages()); n != 0 {
		t.Errorf("got %d messages posted, want none", n)
	}
}

func TestASocketThatWasTriedIsClosed(t *testing.T) {
	t.Parallel()
	s := startSlack(t)
	want(t, patient(t, s, worldConfig).slackSocket(t.Context()), "", "", OK)
	if err := s.Await(t.Context(), func(s *slacktest.Server) bool { return len(s.Connections()) == 0 }); err != nil {
		t.Error(err)
	}
}

func TestEachThingThatIsWrongInSlackIsTold(t *testing.T) {
	t.Parallel()
	without := func(scope string) func(*slacktest.Server, *Patient) {
		return func(s *slacktest.Server, _ *Patient) {
			s.SetScopes(slices.DeleteFunc(everyScope(), func(has string) bool { return has == scope })...)
		}
	}
	scopes := func(more ...string) func(*slacktest.Server, *Patient) {
		return func(s *slacktest.Server, _ *Patient) { s.SetScopes(append(everyScope(), more...)...) }
	}
	fault := func(method, word string) func(*slacktest.Server, *Patient) {
		return func(s *slacktest.Server, _ *Patient) {
			s.Inject(slacktest.Fault{Method: method, Error: word, Times: -1})
		}
	}
	user := func(u slacktest.User) func(*slacktest.Server, *Patient) {
		return func(s *slacktest.Server, _ *Patient) { u.ID, u.Name = "U02BOB", "bob"; s.AddUser(u) }
	}
	channel := func(c slacktest.Channel) func(*slacktest.Server, *Patient) {
		return func(s *slacktest.Server, _ *Patient) { c.ID, c.Name = "C0AUDIT", "aws-audit"; s.AddChannel(c) }
	}
	group := func(g slacktest.UserGroup) func(*slacktest.Server, *Patient) {
		return func(s *slacktest.Server, _ *Patient) { g.ID, g.Handle = "S01ONCALL", "oncall"; s.SetUserGroup(g) }
	}
	drop := func(f slacktest.Fault) func(*slacktest.Server, *Patient) {
		f.Times = -1
		return func(s *slacktest.Server, _ *Patient) { s.Inject(f) }
	}
	limited := func(s *slacktest.Server, _ *Patient) {
		s.Inject(slacktest.Fault{Method: "blocks.validate", Latency: 1}) // the first is answered
		s.Inject(slacktest.Fault{Method: "blocks.validate", Error: "ratelimited", Times: 3})
	}
	swapped := func(_ *slacktest.Server, p *Patient) { p.Settings.SlackAppToken = p.Settings.SlackBotToken }
	unknown := func(_ *slacktest.Server, p *Patient) { p.Settings.SlackBotToken = secret.New("xoxb-CANARY") }
	moved := func(_ *slacktest.Server, p *Patient) { p.Config.Broker.Workspaces = []string{"T0OTHER"} }
	nameless := func(_ *slacktest.Server, p *Patient) { p.Config.Broker.Admins = []string{"S0NOBODY"} }
	nobody := func(_ *slacktest.Server, p *Patient) {
		u, _ := p.Config.Broker.User("U02BOB")
		u.Slack = "U0NOBODY"
		p.Config.Broker.Users.Add("U02BOB", u)
	}
	tests := map[string]struct {
		harm           func(*slacktest.Server, *Patient)
		check, subject string
		state          State
		words          string
	}{
		"bot token":          {unknown, "slack-bot-token", "", Wrong, "invalid_auth|put the Bot User OAuth Token"},
		"token revoked":      {fault("auth.test", "token_revoked"), "slack-bot-token", "", Wrong, "token_revoked|SLACK_BOT_TOKEN"},
		"no bot token":       {fault("auth.test", "token_revoked"), "slack-user", "", NotTold, "slack-bot-token first"},
		"app token":          {swapped, "slack-socket", "", Wrong, "not_allowed_token_type|connections:write"},
		"Slack is away":      {drop(slacktest.Fault{Method: "auth.test", Drop: true}), "slack-bot-token", "", Wrong, "cannot be asked|reaches Slack's API"},
		"Slack fails":        {drop(slacktest.Fault{Method: "auth.test", Status: 503}), "slack-bot-token", "", Wrong, "HTTP 503"},
		"workspace":          {moved, "slack-workspace", "", Wrong, "installed in T0123|names T0OTHER|write T0123"},
		"a needed scope":     {without("chat:write"), "slack-scopes", "", Wrong, "chat:write (posts|App Manifest: paste what `assumebot manifest"},
		"a group's scope":    {without("usergroups:read"), "slack-scopes", "", Wrong, "usergroups:read"},
		"a lesser scope":     {without("app_mentions:read"), "slack-scopes", "", Warning, "app_mentions:read (answering"},
		"too many scopes":    {scopes("files:read"), "slack-scopes", "", Warning, "more than it needs: files:read"},
		"scopes not told":    {func(s *slacktest.Server, _ *Patient) { s.SetScopes() }, "slack-scopes", "", NotTold, "x-oauth-scopes"},
		"no channel scope":   {without("channels:read"), "slack-channel", "C0AUDIT", NotTold, "@assumebot is a member|channels:read"},
		"not in the channel": {channel(slacktest.Channel{}), "slack-channel", "C0AUDIT", Wrong, "not in #aws-audit|/invite @assumebot"},
		"private channel":    {channel(slacktest.Channel{Private: true}), "slack-channel", "C0AUDIT", Wrong, "no such channel, or it is private|/invite"},
		"archived channel":   {channel(slacktest.Channel{Archived: true, BotMember: true}), "slack-channel", "C0AUDIT", Wrong, "archived|slack.audit_channel"},
		"no such group":      {nameless, "slack-group", "S0NOBODY", Wrong, "no such user group"},
		"disabled group":     {group(slacktest.UserGroup{Members: []string{"U01ALICE"}, Disabled: true}), "slack-group", "S01ONCALL", Wrong, "@oncall is disabled"},
		"empty group":        {group(slacktest.UserGroup{}), "slack-group", "S01ONCALL", Warning, "nobody is in @oncall"},
		"deactivated":        {user(slacktest.User{Deleted: true}), "slack-user", "bob", Wrong, "deactivated|out of the config"},
		"guest":              {user(slacktest.User{Restricted: true}), "slack-user", "bob", Wrong, "guest"},
		"bot":                {user(slacktest.User{Bot: true}), "slack-user", "bob", Wrong, "is a bot"},
		"stranger":           {user(slacktest.User{Stranger: true, Team: "T0OTHER"}), "slack-user", "bob", Wrong, "another company"},
		"other workspace":    {user(slacktest.User{Team: "T0OTHER"}), "slack-user", "bob", Wrong, "not served"},
		"nobody":             {nobody, "slack-user", "bob", Wrong, "knows no U0NOBODY|Copy member ID"},
		"a message":          {fault("blocks.validate", "invalid_message"), "slack-messages", "", Wrong, "are refused (accounts, |invalid_message|newer release"},
		"messages not told":  {fault("blocks.validate", "unknown_method"), "slack-messages", "", NotTold, "no blocks.validate"},
		"messages limited":   {limited, "slack-messages", "", NotTold, "of 3 it did not say"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSlack(t)
			p := patient(t, s, worldConfig)
			test.harm(s, &p)
			found := slackFindings(t, p)
			want(t, found, test.check, test.subject, test.state, strings.Split(test.words, "|")...)
			if strings.Contains(said(found), "CANARY") {
				t.Errorf("a token is told:\n%s", said(found))
			}
			if !slices.ContainsFunc(found, func(f Finding) bool { return f.Check == "slack-app" }) {
				t.Errorf("what is wrong hides other checks:\n%s", said(found))
			}
		})
	}
}

// TestTenSocketsAreAWarning has as many open as Slack allows.
func TestTenSocketsAreAWarning(t *testing.T) {
	t.Parallel()
	s := startSlack(t)
	p := patient(t, s, worldConfig)
	p.Config.Slack.Connections = 9
	for range 2 {
		openSocket(t, p)
	}
	want(t, p.slackSocket(t.Context()), "", "", OK, "slack.replicas is 1, so up to 10 of Slack's 10")
	p.Config.Slack.Connections = 1
	for range 7 {
		openSocket(t, p)
	}
	want(t, p.slackSocket(t.Context()), "", "", OK)
	openSocket(t, p)
	want(t, p.slackSocket(t.Context()), "", "", Warning, "ten sockets", "stop what else")
}

// TestReplicasThatRunAreNoStrangers has all of them up, as when check runs beside them.
func TestReplicasThatRunAreNoStrangers(t *testing.T) {
	t.Parallel()
	s := startSlack(t)
	p := patient(t, s, worldConfig)
	p.Config.Slack.Connections, p.Config.Slack.Replicas = 4, 2
	for range 8 {
		openSocket(t, p)
	}
	want(t, p.slackSocket(t.Context()), "", "", OK, "up to 10 of Slack's 10")
	p.Config.Slack.Replicas = 1
	want(t, p.slackSocket(t.Context()), "", "", Warning, "9 are open with it")
}
