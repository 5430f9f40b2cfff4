package broker

import (
	"context"
	"slices"

	"github.com/assumebot/assumebot/broker/policy"
)

// On an Enterprise Grid Slack may call one person U… in one place and W… in
// another: in payloads, mentions, user groups and the config. The bot knows them
// by one ID, which Person finds at the edge, and reads user groups as if these
// had it. Elsewhere, where all IDs are U…, Slack is asked nothing for it.
// https://docs.slack.dev/reference/objects/user-object

// Person is the ID by which the bot knows the person whom Slack calls id: that of
// the config, or where it names none of theirs the first one in the alphabet.
// While Slack cannot say, it is id, and inGoodStanding refuses whoever turns out to
// be somebody else.
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

// sureOf returns an error while Slack cannot say that target, who was just blocked
// by this ID, is known to the bot by it.
func (b *Orders) sureOf(ctx context.Context, target string) error {
	if !b.visits.mayGoBy(target) {
		return nil
	}
	s, err := b.people.Standing(ctx, target)
	if err == nil && b.visits.person(target, s) == target {
		return nil
	}
	return &Error{
		Code: CodeDirectory, Err: err,
		What: Say("Blocked is " + target + ", but Slack could not say whether the bot knows this person by another ID, which is not blocked then."),
		Hint: Say("Do it again in a minute, or name the person as the config does."),
	}
}

// groups is who is in which user group, where people go by the IDs given; nil
// comes with an error alone.
func (b *Visits) groups(ctx context.Context, people ...string) (policy.Membership, error) {
	m, err := b.directory.Groups(ctx)
	switch {
	case err != nil:
		return nil, err
	case m == nil:
		m = policy.Membership{} // there are no user groups
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
