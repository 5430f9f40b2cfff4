package enrol

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/rotation"
)

// A Plan is what [Enrolment.Add] does, in order, and how things were when it was made.
type Plan struct {
	State
	Todo []string
	lost []rotation.Key // which it deletes
}

// Holds reports whether the secret holds a key, also while it is about to be deleted.
func (s Secret) Holds() bool {
	return s.Found && s.Current != "" && !strings.HasPrefix(s.Current, Empty)
}

// Key is the ID of the key that the secret holds; false where its version does not tell.
func (s Secret) Key() (id string, told bool) { return rotation.KeyOf(s.Current) }

// stored are the keys that IAM lists and the secret may hold: one, where its version names it. Where it does not, since
// somebody stored the key by hand or a release before this one did, it may be any.
func (s State) stored() []rotation.Key {
	if !s.Secret.Holds() {
		return nil
	}
	id, told := s.Secret.Key()
	return slices.DeleteFunc(slices.Clone(s.Keys), func(k rotation.Key) bool { return told && k.ID != id })
}

// keyed reports whether nothing is to be done about the key.
func (s State) keyed() bool { return len(s.stored()) > 0 }

// fits is an error where something that is there cannot be gone on from.
func (e *Enrolment) fits(s State) error {
	switch {
	case s.Exists && s.User.Boundary != e.Boundary:
		return foreign("the IAM user %s has the permissions boundary %s, and %s is asked for: give that as --boundary, or change it in IAM",
			s.User.ARN, orNone(s.User.Boundary), orNone(e.Boundary))
	case s.Secret.Elsewhere:
		return foreign("Secrets Manager rotates the secret %s by a function of its own: switch that off, or remove the secret", e.Secret)
	case s.Secret.Found && !s.Secret.Tagged:
		return foreign("there is a secret %s already, without the tag %s=%s: whoever made it may be able to read it. "+
			"Nothing is done to it: delete it, or see who may read it and give it the tag", e.Secret, Tag, TagValue)
	case s.keyed() && !slices.ContainsFunc(s.stored(), func(k rotation.Key) bool { return k.Active }):
		return foreign("the access key %s of %s is not active: activate it in IAM, or see `assumebot rotate-key`. "+
			"If `user remove` has ended in the middle, run that again first", s.stored()[0].ID, s.User.ARN)
	}
	return nil
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// Plan says what [Enrolment.Add] would do, and does nothing.
func (e *Enrolment) Plan(ctx context.Context) (p Plan, err error) {
	if p.State, err = e.Look(ctx); err == nil {
		err = e.fits(p.State)
	}
	if err == nil && !p.keyed() {
		p.lost, err = e.lost(ctx, p.State)
	}
	if err != nil {
		return Plan{}, err
	}
	if !p.Exists {
		p.Todo = append(p.Todo, "make the IAM user "+e.Path+e.Name+", with the permissions boundary "+orNone(e.Boundary))
	}
	if e.Policy != "" && p.Policy != e.Policy {
		p.Todo = append(p.Todo, "give it the inline policy "+PolicyName)
	}
	if len(p.Devices) == 0 {
		p.Todo = append(p.Todo, "make the virtual MFA device "+e.Path+e.Name+", in place of one that is not bound if there is one, "+
			"show it as a QR code and ask for two codes of it")
	}
	switch {
	case !p.Secret.Found:
		p.Todo = append(p.Todo, "make the secret "+e.Secret)
	case p.Secret.Deleted:
		p.Todo = append(p.Todo, "bring back the secret "+e.Secret+", which is about to be deleted")
	}
	if !p.keyed() {
		p.Todo = append(p.Todo, e.keyTodo(p)...)
	}
	return p, nil
}

// keyTodo is what is to be done about the key.
func (e *Enrolment) keyTodo(p Plan) (todo []string) {
	if p.Secret.Holds() {
		what := "a key"
		if id, told := p.Secret.Key(); told {
			what = "the access key " + id
		}
		todo = append(todo, "empty the secret "+e.Secret+": it holds "+what+", which IAM does not list for this user")
	}
	for _, k := range p.lost {
		todo = append(todo, "delete the access key "+k.ID+", made "+k.Created.UTC().Format("2006-01-02 15:04 UTC")+
			": it is not in the secret, and AWS knows of no use of it (it may be hours behind)")
	}
	return append(todo, "make an access key, store it in the secret, and test it")
}

// lost are the keys whose secret nobody has: the secret does not hold them, and they were never used. It is for a State
// that is not keyed.
func (e *Enrolment) lost(ctx context.Context, s State) ([]rotation.Key, error) {
	for _, k := range s.Keys {
		used, err := e.IAM.KeyLastUsed(ctx, k.ID)
		switch {
		case err != nil:
			return nil, err
		case !used.IsZero():
			return nil, foreign("the IAM user %s has the access key %s, which was used (last %s), and the secret %s does not hold it: "+
				"somebody made it by hand. Delete it in IAM if nobody needs it, and run this again", s.User.ARN, k.ID,
				used.UTC().Format(time.RFC3339), e.Secret)
		}
	}
	return s.Keys, nil
}
