package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/bot/socketmode"
	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// slackLimit is for one question to Slack; a socket has a call and a hello to wait for.
const slackLimit = 12 * time.Second

// slack looks at the bot token, and at whom and what the config names.
func (p Patient) slack(ctx context.Context) []Finding {
	s := slackSurvey{Patient: p, probe: p.slackProbe()}
	found := of("slack-bot-token", "", s.token(ctx))
	if s.self.User == "" {
		for _, check := range []string{"slack-workspace", "slack-scopes", "slack-channel", "slack-group", "slack-user", "slack-messages"} {
			found = append(found, of(check, "", notTold("mend slack-bot-token first", "Slack says it to a bot token alone"))...)
		}
		return found
	}
	found = append(found, of("slack-workspace", "", s.workspace())...)
	found = append(found, of("slack-scopes", "", s.scopes())...)
	looks := append(s.channels(), look{"slack-group", "", slackLimit, s.groups},
		look{"slack-user", "", 2 * slackLimit, s.users}, look{"slack-messages", "", 2 * slackLimit, s.messages})
	return append(found, together(ctx, atOnce, looks...)...)
}

func (p Patient) slackProbe() *webapi.Probe {
	return webapi.NewProbe(p.Settings.SlackAppToken, p.Settings.SlackBotToken, p.Settings.SlackAPIURL)
}

// A slackSurvey is what was learned of the app so far.
type slackSurvey struct {
	Patient
	probe *webapi.Probe
	self  webapi.Self // its User is "" where Slack does not take the token
}

// refused is what an error of Slack's means.
func refused(err error) []Finding {
	var r *webapi.Refusal
	switch {
	case errors.Is(err, webapi.ErrLimited):
		return notTold("check again in a minute", "%v", err)
	case errors.Is(err, webapi.ErrNobody):
		return wrong("start the rehearsal again, or unset it", "%v", err)
	case webapi.RefusedAs(err, "missing_scope"):
		return notTold(webapi.Reinstall, "Slack does not say: %v", err)
	case errors.As(err, &r):
		do := webapi.Mend(r.Method, r.Code)
		if do == "" {
			do = "look the word up at https://docs.slack.dev/reference/methods/" + r.Method
		}
		return wrong(do, "Slack refused %v", err)
	}
	return wrong("see that this host reaches Slack's API, by a proxy if need be, and look at https://slack-status.com", "Slack cannot be asked: %v", err)
}

func (s *slackSurvey) token(ctx context.Context) []Finding {
	self, err := s.probe.Self(ctx)
	switch {
	case err != nil:
		return refused(err)
	case self.User == "" || self.Team == "":
		return wrong("see that SLACK_API_URL leads to Slack", "the answer names no user and no workspace")
	case self.Bot == "":
		return wrong("put the Bot User OAuth Token (xoxb-…) from OAuth & Permissions there", "SLACK_BOT_TOKEN is the token of a person, %s", self.Name)
	}
	s.self = self
	return fine("Slack takes it: @%s (%s) in %s", self.Name, self.User, self.TeamName)
}

func (s *slackSurvey) workspace() []Finding {
	named := s.Config.Broker.Workspaces
	switch {
	case slices.Contains(named, s.self.Team):
		return fine("%s is one of slack.workspaces", s.self.Team)
	case s.self.Grid:
		return warn("see that slack.workspaces names those whose people use the bot",
			"the bot is installed in %s, which slack.workspaces does not name; in an Enterprise Grid that may be right", s.self.Team)
	}
	return wrong("write "+s.self.Team+" under slack.workspaces, or install the app where its people are",
		"the bot is installed in %s (%s), and slack.workspaces names %s", s.self.Team, s.self.TeamName, strings.Join(named, ", "))
}

func (s *slackSurvey) scopes() []Finding {
	if !s.self.ScopesTold {
		return notTold("compare OAuth & Permissions in the app's settings with what `assumebot manifest --config FILE` prints",
			"the answer has no header x-oauth-scopes; a proxy may have taken it out")
	}
	var without, less []string
	for _, missing := range webapi.MissingScopes(s.self.Scopes) {
		says := missing.Name + " (" + missing.For + ")"
		if missing.Must || missing.Name == "usergroups:read" && len(s.Config.Broker.UserGroups()) > 0 {
			without = append(without, says)
		} else {
			less = append(less, says)
		}
	}
	surplus := webapi.SurplusScopes(s.self.Scopes)
	switch {
	case len(without) > 0:
		return wrong(webapi.Reinstall, "missing: %s", strings.Join(append(without, less...), ", "))
	case len(less) > 0:
		return warn(webapi.Reinstall, "missing: %s", strings.Join(less, ", "))
	case len(surplus) > 0:
		return warn("take away what the bot never uses, and install the app again", "more than it needs: %s", few(surplus))
	}
	return fine("those that it needs, and no more")
}

func (p Patient) slackSocket(ctx context.Context) []Finding {
	c := p.Config.Slack
	url, err := p.slackProbe().Connection(ctx)
	if err != nil {
		if webapi.RefusedAs(err, "missing_scope") {
			return wrong("give the app-level token the scope connections:write, under Basic Information", "%v", err)
		}
		return refused(err)
	}
	switch open, err := socketmode.Probe(ctx, url); {
	case errors.Is(err, socketmode.ErrCrowded):
		return warn("stop what else uses SLACK_APP_TOKEN, or lower slack.connections", "%v", err)
	case err != nil:
		return wrong("see that this host may open a WebSocket (wss) to Slack, by a proxy if need be", "no socket opens: %v", err)
	case open-1 > c.Replicas*c.Connections && open+c.Connections > config.MaxSockets+1:
		return warn("stop what else uses SLACK_APP_TOKEN, or lower slack.connections",
			"one opens; %d are open with it, and of the %d that Slack allows a process takes %d", open, config.MaxSockets, c.Connections)
	}
	return fine("one opens, and Slack says hello; slack.replicas is %d, so up to %d of Slack's %d are used", c.Replicas, c.MostSockets(), config.MaxSockets)
}

// channels are those that the bot writes to.
func (s *slackSurvey) channels() []look {
	c := s.Config.Slack
	looks := []look{s.channel(c.AuditChannel, "audit_channel")}
	if c.ApprovalsChannel != c.AuditChannel {
		looks = append(looks, s.channel(c.ApprovalsChannel, "approvals_channel"))
	}
	return looks
}

func (s *slackSurvey) channel(id, key string) look {
	return look{"slack-channel", id, slackLimit, func(ctx context.Context) []Finding {
		invite := "in Slack, in that channel: /invite @" + s.self.Name
		place, err := s.probe.Place(ctx, id)
		switch {
		case webapi.RefusedAs(err, "missing_scope"):
			return notTold("see in Slack that @"+s.self.Name+" is a member, or give the bot channels:read, and groups:read for a private one",
				"%s: only with another scope does Slack say whether the bot is in it", key)
		case webapi.RefusedAs(err, "channel_not_found"):
			return wrong("copy the ID from the channel's details; where it is private, "+invite,
				"%s: the workspace has no such channel, or it is private and the bot is not in it", key)
		case err != nil:
			return refused(err)
		case place.Archived:
			return wrong("name a living channel in slack."+key, "%s: #%s is archived", key, place.Name)
		case !place.Member:
			return wrong(invite, "%s: the bot is not in #%s, so nothing can be posted there", key, place.Name)
		}
		return fine("%s: the bot is in #%s", key, place.Name)
	}}
}

func (s *slackSurvey) groups(ctx context.Context) []Finding {
	named := s.Config.Broker.UserGroups()
	if len(named) == 0 {
		return fine("the config names no user group")
	}
	there, err := s.probe.UserGroups(ctx)
	if err != nil {
		return refused(err)
	}
	var found []Finding
	var good []string
	for _, id := range named {
		g, known := there[id]
		switch {
		case !known:
			found = append(found, of("", id, wrong("copy the ID from the group's page, or take it out of the config", "the workspace has no such user group"))...)
		case g.Disabled:
			found = append(found, of("", id, wrong("switch @"+g.Handle+" on again, or take it out of the config", "@%s is disabled: nobody is in it", g.Handle))...)
		case g.People == 0:
			found = append(found, of("", id, warn("put people into it", "nobody is in @%s", g.Handle))...)
		default:
			good = append(good, fmt.Sprintf("@%s has %d", g.Handle, g.People))
		}
	}
	if len(good) > 0 {
		found = append(found, fine("readable: %s", few(good))...)
	}
	return found
}

// mostUsers stays below the 100 calls a minute of users.info, Tier 4.
// https://docs.slack.dev/apis/web-api/rate-limits
const mostUsers = 80

func (s *slackSurvey) users(ctx context.Context) []Finding {
	var looks []look
	for u := range s.Config.Broker.Users.All() {
		if len(looks) < mostUsers {
			looks = append(looks, look{"slack-user", u.Name, slackLimit, func(ctx context.Context) []Finding { return s.user(ctx, *u) }})
		}
	}
	all := together(ctx, atOnce, looks...)
	found := slices.DeleteFunc(slices.Clone(all), func(f Finding) bool { return f.State == OK })
	switch good, users := len(all)-len(found), s.Config.Broker.Users.Len(); {
	case good == 0:
	case users == 1:
		found = append(found, fine("the config's 1 user exists and is an active full member")...)
	case good == users:
		found = append(found, fine("all %d users of the config exist and are active full members", good)...)
	case good == 1:
		found = append(found, fine("1 of the config's %d users exists and is an active full member", users)...)
	default:
		found = append(found, fine("%d of the config's %d users exist and are active full members", good, users)...)
	}
	if left := s.Config.Broker.Users.Len() - len(looks); left > 0 {
		found = append(found, notTold("", "%d more users were not asked about, so that Slack's limit is kept", left)...)
	}
	return found
}

func (s *slackSurvey) user(ctx context.Context, u policy.User) []Finding {
	const out = "take this user out of the config, or see that the ID is theirs"
	who, err := s.probe.Person(ctx, u.Slack)
	served := func(team string) bool { return slices.Contains(s.Config.Broker.Workspaces, team) }
	switch {
	case webapi.RefusedAs(err, "user_not_found", "users_not_found", "user_not_visible"):
		return wrong("copy the ID from the person's profile: ⋮, Copy member ID", "the workspace knows no %s", u.Slack)
	case err != nil:
		return refused(err)
	case who.Deactivated:
		return wrong(out, "%s is deactivated: the bot serves them nothing", u.Slack)
	case who.Bot:
		return wrong(out, "%s is a bot", u.Slack)
	case who.OtherCompany:
		return wrong(out, "%s is of another company, here by Slack Connect", u.Slack)
	case who.Guest:
		return wrong("make them a full member, or take them out of the config", "%s is a guest: the bot serves guests nothing", u.Slack)
	case len(who.Teams) > 0 && !slices.ContainsFunc(who.Teams, served):
		return wrong("name their workspace in slack.workspaces, or take them out of the config", "%s is of a workspace that is not served", u.Slack)
	}
	return fine("%s is @%s", u.Slack, who.Name)
}

// slackApp is what no API of Slack's tells.
func (p Patient) slackApp(context.Context) []Finding {
	return notTold("try `/"+p.Config.Slack.CommandPrefix+"assume help` in Slack; the manifest from deploy/ has all of it",
		"no API says whether commands are registered, interactivity is on and events are subscribed")
}

// few is a list that stays on one line.
func few(all []string) string {
	const most = 6
	if len(all) > most {
		return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
	}
	return strings.Join(all, ", ")
}
