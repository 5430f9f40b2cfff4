package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"github.com/assumebot/assumebot/bot/webapi"
	"github.com/assumebot/assumebot/broker"
)

const (
	// standingAge is how old an answer about a person may be, from before Slack
	// was asked; users.info is Tier 4, 100 a minute and more.
	standingAge     = time.Minute
	standingTimeout = 5 * time.Second
)

// People knows what Slack says of a person. All replicas share the answers. It
// implements broker.People.
type People struct {
	api    *slack.Client
	copies Copies
}

// NewPeople returns a People; it asks nobody yet.
func NewPeople(api *slack.Client, copies Copies) *People {
	return &People{api: api, copies: namedCopies{copies}}
}

func personCopy(user string) string { return "user:" + user }

// Standing returns what Slack says of user, at most a minute ago.
// https://docs.slack.dev/reference/methods/users.info
func (p *People) Standing(ctx context.Context, user string) (broker.Standing, error) {
	var s broker.Standing
	data, err := p.copies.LoadCopy(ctx, personCopy(user))
	if err != nil {
		return broker.Standing{}, err
	}
	if data != nil {
		if err := json.Unmarshal(data, &s); err != nil {
			return broker.Standing{}, fmt.Errorf("read standing: %w", err)
		}
		return s, nil
	}
	token := broker.NewID()
	if err := p.copies.BeginCopy(ctx, personCopy(user), token, standingAge); err != nil {
		return broker.Standing{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, standingTimeout)
	defer cancel()
	u, err := p.api.GetUserInfoContext(ctx, user)
	if err != nil {
		return broker.Standing{}, webapi.Error("users.info", err)
	}
	// On a Grid one person has two IDs, and Slack may answer with the other one.
	// https://docs.slack.dev/reference/objects/user-object
	if u.ID != user && u.Enterprise.ID != user {
		return broker.Standing{}, errors.New("users.info: Slack tells of somebody else")
	}
	s = broker.Standing{
		Team: u.TeamID, Teams: u.Enterprise.Teams, Deactivated: u.Deleted, Bot: u.IsBot,
		Guest: u.IsRestricted || u.IsUltraRestricted, Stranger: u.IsStranger,
	}
	if u.Enterprise.ID != "" && u.Enterprise.ID != u.ID {
		s.IDs = []string{u.ID, u.Enterprise.ID}
	}
	if data, err = json.Marshal(s); err != nil {
		return broker.Standing{}, fmt.Errorf("keep standing: %w", err)
	}
	// Not kept when something changed or another asked meanwhile: this Request
	// came before the question, so the answer is good for it all the same.
	if _, err := p.copies.SaveCopy(ctx, personCopy(user), token, data, standingAge); err != nil {
		return broker.Standing{}, err
	}
	return s, nil
}
