package broker

import (
	"context"
	"slices"
)

// A Standing is what Slack says of a person's account.
type Standing struct {
	Team        string `json:"team"` // the workspace they belong to
	Deactivated bool   `json:"deactivated,omitempty"`
	Guest       bool   `json:"guest,omitempty"`
	Bot         bool   `json:"bot,omitempty"`
	Stranger    bool   `json:"stranger,omitempty"` // of another organisation, here by Slack Connect
}

// People knows the Standing of Slack users.
type People interface {
	// Standing returns it as it was at most a minute ago. An error means unknown,
	// and unknown is deny.
	Standing(ctx context.Context, user string) (Standing, error)
}

// inGoodStanding refuses whoever is not a full, living member of a workspace that
// is served, whatever the config says of them.
func (b *Broker) inGoodStanding(ctx context.Context, user User) error {
	s, err := b.people.Standing(ctx, user.Slack)
	if err != nil {
		return &Error{
			Code: CodeDirectory, Err: err,
			Message: "Slack cannot say right now whether you are a full member of this workspace, so the answer is no.",
			Hint:    "Try again in a minute. Your code was not used.",
		}
	}
	if s.Deactivated || s.Guest || s.Bot || s.Stranger || !slices.Contains(b.config.Workspaces, s.Team) {
		return &Error{
			Code:    CodeNotAMember,
			Message: "Only full members of this Slack workspace are served: no guests, bots, deactivated accounts or people of other workspaces.",
			Hint:    b.contact() + " Your code was not used.",
		}
	}
	return nil
}
