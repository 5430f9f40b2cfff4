package webapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// A Probe asks Slack how the app is set up. It changes nothing and posts nothing.
// Each call is made once, reads a bounded answer, and believes nothing of it but what
// it looks for. slack-go knows neither blocks.validate nor a bound.
type Probe struct {
	app, bot secret.Text
	url      string // ends in a slash
	http     *http.Client
}

// NewProbe returns a Probe of the API at url; it calls nobody.
func NewProbe(appToken, botToken secret.Text, url string) *Probe {
	return &Probe{app: appToken, bot: botToken, url: url, http: NewHTTPClient()}
}

// Bounds of what is read: a workspace may have thousands of user groups.
const (
	maxAnswer = 16 << 20
	maxWord   = 120 // of anything that is repeated to a person
)

// A Refusal is Slack's answer that it does not do what was asked.
type Refusal struct {
	Method string
	Code   string // Slack's word, such as missing_scope
	Needed string // the scope that is missing, where Slack says so
	Faults []Fault
}

// A Fault is one that blocks.validate found, at a JSON pointer.
type Fault struct{ At, What string }

// Error implements error.
func (r *Refusal) Error() string {
	switch {
	case r.Needed != "":
		return fmt.Sprintf("%s: %s (%s)", r.Method, r.Code, r.Needed)
	case len(r.Faults) > 0:
		return fmt.Sprintf("%s: %s at %s: %s", r.Method, r.Code, r.Faults[0].At, r.Faults[0].What)
	}
	return r.Method + ": " + r.Code
}

// RefusedAs reports whether err is a Refusal by one of these words.
func RefusedAs(err error, words ...string) bool {
	var refused *Refusal
	if !errors.As(err, &refused) {
		return false
	}
	for _, w := range words {
		if refused.Code == w {
			return true
		}
	}
	return false
}

// ErrNobody is that nothing listens where SLACK_API_URL leads, on this machine.
var ErrNobody = errors.New("nothing listens at SLACK_API_URL")

// ErrLimited is that Slack was asked too often.
var ErrLimited = errors.New("Slack wants to be asked less often")

// ask calls method with params, and reads the answer into out. header is of every answer
// that is Slack's.
func (p *Probe) ask(ctx context.Context, method string, token secret.Text, params url.Values, out any) (header http.Header, err error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+method, strings.NewReader(params.Encode()))
	if err != nil {
		return nil, errors.New("SLACK_API_URL is not a URL")
	}
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := p.http.Do(r)
	switch {
	case err != nil && errors.Is(err, syscall.ECONNREFUSED) && loopback(r.URL.Hostname()):
		return nil, fmt.Errorf("%w (%s)", ErrNobody, r.URL.Host)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", method, WithoutURL(err))
	}
	defer func() { _ = answer.Body.Close() }() // only read from
	switch {
	case answer.StatusCode == http.StatusTooManyRequests:
		return nil, fmt.Errorf("%s: %w", method, ErrLimited)
	case answer.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s: HTTP %d", method, answer.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", method, WithoutURL(err))
	case len(data) > maxAnswer:
		return nil, fmt.Errorf("%s: the answer has more than %d MB", method, maxAnswer>>20)
	}
	var said struct {
		OK     *bool  `json:"ok"`
		Error  string `json:"error"`
		Needed string `json:"needed"`
		Errors []struct {
			Pointer string `json:"pointer"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	switch {
	case json.Unmarshal(data, &said) != nil || said.OK == nil:
		return nil, fmt.Errorf("%s: the answer is none of Slack's", method)
	case *said.OK && out != nil && json.Unmarshal(data, out) != nil:
		return nil, fmt.Errorf("%s: the answer is not as Slack documents it", method)
	case *said.OK:
		return answer.Header, nil
	}
	refused := &Refusal{Method: method, Code: word(said.Error), Needed: word(said.Needed)}
	for _, e := range said.Errors[:min(len(said.Errors), 3)] {
		refused.Faults = append(refused.Faults, Fault{word(e.Pointer), word(e.Message)})
	}
	return answer.Header, refused
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// word is what may be repeated of Slack's answer.
func word(said string) string {
	if r := []rune(said); len(r) > maxWord {
		said = string(r[:maxWord-1]) + "…"
	}
	return text.Printable(said)
}

// A Self is whose the bot token is.
type Self struct {
	Team, TeamName string
	User, Name     string
	Bot            string // "" where the token is not a bot's
	Grid           bool   // the workspace is one of an Enterprise Grid
	Scopes         []string
	ScopesTold     bool
}

// Self asks whose the bot token is, and what it may do.
// https://docs.slack.dev/reference/methods/auth.test
// https://docs.slack.dev/legacy/legacy-authentication/legacy-oauth-scopes, of the header
func (p *Probe) Self(ctx context.Context) (Self, error) {
	var said struct {
		Team       string `json:"team"`
		TeamID     string `json:"team_id"`
		User       string `json:"user"`
		UserID     string `json:"user_id"`
		BotID      string `json:"bot_id"`
		Enterprise string `json:"enterprise_id"`
	}
	header, err := p.ask(ctx, "auth.test", p.bot, nil, &said)
	if err != nil {
		return Self{}, err
	}
	s := Self{
		Team: word(said.TeamID), TeamName: word(said.Team), User: word(said.UserID), Name: word(said.User),
		Bot: word(said.BotID), Grid: said.Enterprise != "",
	}
	s.Scopes, s.ScopesTold = ScopesOf(header)
	return s, nil
}

// A Place is a conversation as the bot sees it.
type Place struct {
	Name             string
	Member, Archived bool
}

// Place asks about a channel. A private one that the bot is not in is channel_not_found.
// https://docs.slack.dev/reference/methods/conversations.info
func (p *Probe) Place(ctx context.Context, id string) (Place, error) {
	var said struct {
		Channel struct {
			Name     string `json:"name"`
			Member   *bool  `json:"is_member"`
			Archived bool   `json:"is_archived"`
		} `json:"channel"`
	}
	_, err := p.ask(ctx, "conversations.info", p.bot, url.Values{"channel": {id}}, &said)
	if err == nil && said.Channel.Member == nil {
		err = errors.New("conversations.info: the answer does not say whether the bot is a member")
	}
	if err != nil {
		return Place{}, err
	}
	return Place{Name: word(said.Channel.Name), Member: *said.Channel.Member, Archived: said.Channel.Archived}, nil
}

// A UserGroup is one of the workspace's.
type UserGroup struct {
	Handle   string
	Disabled bool
	People   int
}

// UserGroups asks for all of them, by ID, in one call.
// https://docs.slack.dev/reference/methods/usergroups.list
func (p *Probe) UserGroups(ctx context.Context) (map[string]UserGroup, error) {
	var said struct {
		Groups []struct {
			ID      string   `json:"id"`
			Handle  string   `json:"handle"`
			Deleted int64    `json:"date_delete"`
			Users   []string `json:"users"`
		} `json:"usergroups"`
	}
	params := url.Values{"include_users": {"true"}, "include_disabled": {"true"}}
	if _, err := p.ask(ctx, "usergroups.list", p.bot, params, &said); err != nil {
		return nil, err
	}
	all := make(map[string]UserGroup, len(said.Groups))
	for _, g := range said.Groups {
		all[g.ID] = UserGroup{Handle: word(g.Handle), Disabled: g.Deleted != 0, People: len(g.Users)}
	}
	return all, nil
}

// A Person is what Slack says of somebody.
type Person struct {
	Name                                  string
	Teams                                 []string // whose member they are; none: Slack does not say
	Deactivated, Bot, Guest, OtherCompany bool
}

// Person asks about one person.
// https://docs.slack.dev/reference/objects/user-object
func (p *Probe) Person(ctx context.Context, id string) (Person, error) {
	var said struct {
		User struct {
			ID         string `json:"id"`
			Team       string `json:"team_id"`
			Name       string `json:"name"`
			Deleted    bool   `json:"deleted"`
			Bot        bool   `json:"is_bot"`
			Guest      bool   `json:"is_restricted"`
			Narrow     bool   `json:"is_ultra_restricted"`
			Stranger   bool   `json:"is_stranger"`
			Enterprise struct {
				ID    string   `json:"id"`
				Teams []string `json:"teams"`
			} `json:"enterprise_user"`
		} `json:"user"`
	}
	if _, err := p.ask(ctx, "users.info", p.bot, url.Values{"user": {id}}, &said); err != nil {
		return Person{}, err
	}
	u := said.User
	if u.ID != id && u.Enterprise.ID != id {
		return Person{}, errors.New("users.info: Slack tells of somebody else")
	}
	person := Person{
		Name: word(u.Name), Teams: u.Enterprise.Teams,
		Deactivated: u.Deleted, Bot: u.Bot, Guest: u.Guest || u.Narrow, OtherCompany: u.Stranger,
	}
	if u.Team != "" {
		person.Teams = append(person.Teams, u.Team)
	}
	return person, nil
}

// ValidateMessage has Slack check the blocks of a message without posting it. The error
// is a [*Refusal] with Faults where it finds any.
// https://docs.slack.dev/reference/methods/blocks.validate
func (p *Probe) ValidateMessage(ctx context.Context, blocks json.RawMessage) error {
	message, err := json.Marshal(map[string]json.RawMessage{"blocks": blocks})
	if err != nil {
		return err
	}
	_, err = p.ask(ctx, "blocks.validate", p.bot, url.Values{"message": {string(message)}}, nil)
	return err
}

// ValidateView is ValidateMessage of a modal.
func (p *Probe) ValidateView(ctx context.Context, view json.RawMessage) error {
	_, err := p.ask(ctx, "blocks.validate", p.bot, url.Values{"view": {string(view)}}, nil)
	return err
}

// Connection asks for the one-time URL of a socket.
// https://docs.slack.dev/reference/methods/apps.connections.open
func (p *Probe) Connection(ctx context.Context) (secret.Text, error) {
	var said struct {
		URL string `json:"url"`
	}
	if _, err := p.ask(ctx, "apps.connections.open", p.app, nil, &said); err != nil {
		return secret.Text{}, err
	}
	if said.URL == "" {
		return secret.Text{}, errors.New("apps.connections.open: the answer has no URL")
	}
	return secret.New(said.URL), nil
}
