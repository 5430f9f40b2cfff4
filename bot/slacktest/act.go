package slacktest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// acts are what people do.
type acts struct {
	*workspace
	*windows
	*wire
}

// deliver sends what build made while it held mu, if it made anything.
func (s *acts) deliver(build func() (*Delivery, error)) (*Delivery, error) {
	s.mu.Lock()
	d, err := build()
	s.mu.Unlock()
	if err != nil || d == nil {
		return nil, err
	}
	return s.send(d), nil
}

// Command types a slash command; command has its slash, and text is what the
// person typed after it. The error tells of a mistake of the caller's, such as
// a user who is not in the channel; what became of the command is in the
// Delivery, and a failure is also shown to the person as Slack shows it.
// https://docs.slack.dev/interactivity/implementing-slash-commands
func (s *acts) Command(user, channel, command, text string) (*Delivery, error) {
	return s.deliver(func() (*Delivery, error) {
		u, err := s.person(user)
		if err != nil {
			return nil, err
		}
		ch, err := s.place(user, channel)
		if err != nil {
			return nil, err
		}
		d := &Delivery{Type: "slash_commands", acceptsPayload: true}
		d.TriggerID = s.newTrigger(user, "")
		address, answers := s.newResponseURL("commands", user, ch.ID, MessageRef{})
		d.ResponseURL = address
		d.onFail = func(code error) {
			s.post(&Message{
				Channel: ch.ID, Ephemeral: true, To: user, Author: slackbot, Via: "slack",
				Text: fmt.Sprintf("%s failed with the error %q", command, code.Error()),
			})
		}
		d.onAck = func(payload json.RawMessage) error {
			if payload == nil {
				return nil
			}
			var body reply
			if json.Unmarshal(payload, &body) != nil || s.reply(answers, body) != nil {
				return ErrInvalidAck
			}
			return nil
		}
		payload := object{
			"token": s.verifyToken, "team_domain": s.domain,
			"channel_id": ch.ID, "channel_name": ch.commandName(),
			"user_id": u.ID, "user_name": u.Name, "command": command, "text": s.escape(strings.TrimSpace(text)),
			"api_app_id": s.appID, "is_enterprise_install": "false",
			"response_url": d.ResponseURL, "trigger_id": d.TriggerID,
		}
		if team := u.actsIn(s.team); team != "" {
			payload["team_id"] = team
		}
		if s.enterprise != "" {
			payload["enterprise_id"], payload["enterprise_name"] = s.enterprise, "Example Corp"
		}
		d.Payload = encode(payload)
		return d, nil
	})
}

// commandName is the channel_name of a command: private channels are not named.
func (c *Channel) commandName() string {
	if c.Private {
		return "privategroup"
	}
	return c.Name
}

// SendMessage posts what a person writes. The app hears of it when it is a
// direct message (message.im) or mentions the bot where the bot is a member
// (app_mention); otherwise the Delivery is nil.
func (s *acts) SendMessage(user, channel, text string) (*Delivery, error) {
	return s.deliver(func() (*Delivery, error) {
		if _, err := s.person(user); err != nil {
			return nil, err
		}
		ch, err := s.place(user, channel)
		if err != nil {
			return nil, err
		}
		// In messages, unlike in commands, a mention carries no name.
		escaped := mentionName.ReplaceAllString(s.escape(text), "<$1>")
		m := &Message{Channel: ch.ID, Text: escaped, Author: user, Via: "person"}
		s.post(m)
		event := object{
			"user": user, "text": escaped, "ts": m.TS, "channel": ch.ID, "event_ts": m.TS,
			"client_msg_id": envelopeID(),
		}
		if u := s.users[user]; u.actsIn(u.Team) != "" {
			event["team"] = u.actsIn(u.Team)
		}
		switch {
		case ch.isDM() && ch.BotMember:
			event["type"], event["channel_type"] = "message", "im"
		case ch.BotMember && strings.Contains(escaped, "<@"+s.botUser+">"):
			event["type"] = "app_mention"
		default:
			return nil, nil
		}
		return s.event(event), nil
	})
}

// OpenHome opens the app's Home tab: app_home_opened.
// https://docs.slack.dev/reference/events/app_home_opened
func (s *acts) OpenHome(user string) (*Delivery, error) {
	return s.deliver(func() (*Delivery, error) {
		if _, err := s.person(user); err != nil {
			return nil, err
		}
		event := object{
			"type": "app_home_opened", "user": user, "channel": s.dm(user), "tab": "home",
			"event_ts": eventTS(s.clock().Unix()),
		}
		if v := s.views[s.homes[user]]; v != nil {
			event["view"] = s.viewJSON(v)
		}
		return s.event(event), nil
	})
}

// Shortcut uses a global shortcut.
// https://docs.slack.dev/interactivity/implementing-shortcuts
func (s *acts) Shortcut(user, callbackID string) (*Delivery, error) {
	return s.deliver(func() (*Delivery, error) {
		u, err := s.person(user)
		if err != nil {
			return nil, err
		}
		d := &Delivery{Type: "interactive", TriggerID: s.newTrigger(user, "")}
		payload := s.interaction("shortcut", u)
		payload["callback_id"], payload["trigger_id"] = callbackID, d.TriggerID
		payload["action_ts"] = s.nextTS()
		d.Payload = encode(payload)
		return d, nil
	})
}

// interaction is what every interactive payload has. For somebody of another
// workspace, here by Slack Connect, team is where they acted and user.team_id
// their own. The caller holds mu.
func (s *acts) interaction(kind string, u User) object {
	person := object{"id": u.ID, "username": u.Name, "name": u.Name}
	var team any // left out for a Bare one
	if own := u.actsIn(u.Team); own != "" {
		person["team_id"] = own
		team = object{"id": s.team, "domain": s.domain}
	}
	return object{
		"type": kind, "token": s.verifyToken, "api_app_id": s.appID,
		"team": team, "user": person,
		"enterprise": s.enterpriseJSON(), "is_enterprise_install": false,
	}
}

// event is the delivery of an Events API event. The caller holds mu.
// https://docs.slack.dev/apis/events-api/#event-structure
func (s *acts) event(event object) *Delivery {
	d := &Delivery{Type: "events_api", EventID: "Ev" + strings.ToUpper(randomID(5))}
	d.Payload = encode(object{
		"token": s.verifyToken, "team_id": s.team, "context_team_id": s.team, "context_enterprise_id": s.enterpriseID(),
		"api_app_id": s.appID, "event": event, "type": "event_callback",
		"event_id": d.EventID, "event_time": s.clock().Unix(),
		"authorizations": []object{{
			"enterprise_id": nil, "team_id": s.team, "user_id": s.botUser, "is_bot": true, "is_enterprise_install": false,
		}},
		"is_ext_shared_channel": false,
	})
	return d
}

func eventTS(unix int64) string { return fmt.Sprintf("%d.000000", unix) }
