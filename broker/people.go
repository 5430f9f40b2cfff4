package broker

import (
	"context"
	"errors"
	"slices"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
)

// A Standing is what Slack says of a person's account.
type Standing struct {
	Team string `json:"team"` // the workspace they belong to; "" where Slack leaves it out
	// Teams are the workspaces of an Enterprise Grid that they belong to.
	Teams []string `json:"teams,omitempty"`
	// IDs are all that Slack calls them by: on a Grid U… here and W… there.
	IDs         []string `json:"ids,omitempty"`
	Deactivated bool     `json:"deactivated,omitempty"`
	Guest       bool     `json:"guest,omitempty"`
	Bot         bool     `json:"bot,omitempty"`
	Stranger    bool     `json:"stranger,omitempty"` // of another organisation, here by Slack Connect
}

// People knows the Standing of Slack users.
type People interface {
	// Standing is at most 20 minutes old, or an hour while Slack gives no answer, and from after
	// any change that Slack told of a second ago. An error means unknown, and unknown is deny.
	Standing(ctx context.Context, user string) (Standing, error)
}

// known says who the Caller is by the config alone.
func (b *Visits) known(ctx context.Context, c Caller) (policy.User, error) {
	if err := b.served(ctx, c); err != nil {
		return policy.User{}, err
	}
	user, ok := b.config.User(c.User)
	if !ok {
		return policy.User{}, newError(CodeNotUser, prose.Say("You are not set up to use this bot."), b.contact())
	}
	return user, nil
}

// served refuses whoever speaks from a workspace that is not served. On an
// Enterprise Grid a payload may name another workspace of it, or none: there a
// person is served who belongs to a workspace that is.
func (b *Visits) served(ctx context.Context, c Caller) error {
	if slices.Contains(b.config.Workspaces, c.Team) {
		return nil
	}
	s, err := b.people.Standing(ctx, c.User)
	switch _, user := b.config.User(c.User); {
	case err != nil && user:
		return standingUnknown(err)
	case err == nil && (s.inGrid(b.config.Workspaces) || c.Team == "" && !s.Stranger && slices.Contains(b.config.Workspaces, s.Team)):
		return nil
	}
	return &Error{
		Code: CodeWorkspace, Err: err,
		What: prose.Say("This bot does not serve your Slack workspace."),
		Hint: b.contact(),
	}
}

// inGrid reports whether a person belongs to one of the workspaces, of a Grid.
func (s Standing) inGrid(workspaces []string) bool {
	return slices.ContainsFunc(s.Teams, func(team string) bool { return slices.Contains(workspaces, team) })
}

// errOtherID is Slack that says only now whom the bot knows by another ID: what
// they asked for, and their blocks, are kept under that one.
var errOtherID = errors.New("the bot knows this person by another ID, as Slack says only now")

// inGoodStanding refuses whoever is not a full, living member of a workspace that
// is served, whatever the config says of them.
func (b *Visits) inGoodStanding(ctx context.Context, user string) error {
	s, err := b.people.Standing(ctx, user)
	if err == nil && b.person(user, s) != user {
		err = errOtherID
	}
	if err != nil {
		return standingUnknown(err)
	}
	// To Slack whoever is of another workspace than the bot's token is a stranger,
	// of the same Grid too. https://docs.slack.dev/reference/objects/user-object
	member := s.inGrid(b.config.Workspaces) || !s.Stranger && slices.Contains(b.config.Workspaces, s.Team)
	if s.Deactivated || s.Guest || s.Bot || !member {
		return newError(CodeNotAMember,
			prose.Say("Only full members of this Slack workspace are served: no guests, bots, deactivated accounts or people of other workspaces."),
			b.contact())
	}
	return nil
}

// Identify refuses, on the record, who is no User or admin, or no full member.
func (b *Visits) Identify(ctx context.Context, r Request) error {
	if b.Administers(ctx, r) {
		return nil
	}
	_, err := visit(ctx, b, r, b.toSee(), nothing)
	return err
}

// Recognize refuses, not on the record, whom the config calls neither a User nor an admin.
// It is for answers that tell nothing but that the bot cannot serve right now, of which
// anybody can bring about any number: Slack is not asked first.
func (b *Visits) Recognize(ctx context.Context, r Request) error {
	if err := b.notStranger(ctx, &r); err != nil {
		return b.unserved(r, err)
	}
	return nil
}

// notStranger is the step of whom the config calls a User or an admin. Whatever
// else is wrong, a stranger is told nothing but that they are one.
func (b *Visits) notStranger(ctx context.Context, r *Request) error {
	err := b.isUser(ctx, r)
	if err != nil && b.callsAdmin(ctx, r.Caller) {
		return nil
	}
	return err
}

// On an Enterprise Grid Slack may call one person U… in one place and W… in another: in
// payloads, mentions, user groups and the config. The bot knows them by one ID, which
// Person finds, and reads user groups as if they had it. Elsewhere all IDs are U….
// https://docs.slack.dev/reference/objects/user-object

// Person is the ID by which the bot knows the person whom Slack calls id: that of the
// config, or if it names none of theirs the first in the alphabet. While Slack cannot
// say, it is id, and inGoodStanding refuses who turns out to be somebody else.
func (b *Visits) Person(ctx context.Context, id string) string {
	if !b.mayGoBy(id) {
		return id
	}
	s, err := b.people.Standing(ctx, id)
	if err != nil {
		return id
	}
	return b.person(id, s)
}

// mayGoBy reports whether the bot may know by another ID whom Slack calls id.
func (b *Visits) mayGoBy(id string) bool {
	return !b.config.IsUser(id) && (policy.IsGlobal(id) || b.names.Global)
}

// person is Person of whom Slack says this.
func (b *Visits) person(id string, s Standing) string {
	if !b.mayGoBy(id) || !slices.Contains(s.IDs, id) {
		return id
	}
	for _, named := range []func(string) bool{b.config.IsUser, b.names.Has} {
		if i := slices.IndexFunc(s.IDs, named); i >= 0 {
			return s.IDs[i]
		}
	}
	return slices.Min(s.IDs)
}

// sureOf fails while Slack cannot say that the bot knows target, just blocked, by this ID.
func (b *Admins) sureOf(ctx context.Context, target string) error {
	if !b.visits.mayGoBy(target) {
		return nil
	}
	s, err := b.people.Standing(ctx, target)
	if err == nil && b.visits.person(target, s) == target {
		return nil
	}
	return &Error{
		Code: CodeDirectory, Detail: "other_ids", Err: err,
		What: prose.Say("Blocked is " + target + ", but Slack could not say whether the bot knows this person by another ID, which is not blocked then."),
		Hint: prose.Say("Do it again in a minute, or name the person as the config does."),
	}
}

// groups is who is in which user group, where people go by these IDs; nil on an error.
func (b *Visits) groups(ctx context.Context, people ...string) (*policy.Membership, error) {
	m, err := b.directory.Groups(ctx)
	switch {
	case err != nil:
		return nil, err
	case m == nil:
		m = policy.Members(map[string][]string{}) // there are no user groups
	}
	for _, person := range people {
		if !m.Mixed(person) {
			continue
		}
		s, err := b.people.Standing(ctx, person)
		if err != nil {
			return nil, err // a group that denies them may have their other ID
		}
		m = m.Calling(person, s.IDs)
	}
	return m, nil
}
