package broker

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/approval"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/share"
	"github.com/assumebot/assumebot/broker/text"
)

const (
	// revokePersonTimeout bounds all accounts together: somebody waits for the answer.
	revokePersonTimeout = 60 * time.Second
	// revokeOneTimeout keeps one account from taking the time of the others.
	revokeOneTimeout = 25 * time.Second
	revokeAtOnce     = 4
)

// A PersonRevocation is what an admin took from a person.
type PersonRevocation struct {
	Target, TargetName string
	Accounts           []Revocation        // of which something was taken, or AWS told
	Session            bool                // the MFA session ended
	Cancelled          []approval.Approval // what they asked others to approve
	Others             []string            // names of Accounts that they still have Grants of
	Err                *Error              // why the bot may still keep something
}

// RevokePerson blocks target and takes what they have: of r.Account, or for "" of every
// Account. AWS is told for each that names a revoker; one that fails does not stop the
// others. An error means that not even the block is sure.
func (b *Revoking) RevokePerson(ctx context.Context, r Request, target string) (PersonRevocation, error) {
	r.target = target
	return visit(ctx, b.visits, r, b.admins.toOrder("revoke", "revoke what others have"), func(ctx context.Context, r *Request) (PersonRevocation, error) {
		err := notOneself(*r, "That is you yourself, and you would block yourself.",
			prose.Say(prose.AssumeCmd("revoke ACCOUNT"), " revokes what you have of an account."))
		if err != nil {
			return PersonRevocation{}, err
		}
		if _, ok := b.config.Account(r.Account); !ok && r.Account != "" {
			return PersonRevocation{}, b.noAccountToRevoke(r.Account)
		}
		if err := b.admins.block(ctx, *r); err != nil {
			return PersonRevocation{}, err
		}
		cancelled, failed := b.admins.cancelBlocked(ctx, *r)
		done := b.revokePerson(ctx, *r, target)
		done.Cancelled = cancelled
		if failed != nil && done.Err == nil {
			done.Err = b.asError(*r, failed)
		}
		return done, nil
	})
}

func (b *Revoking) noAccountToRevoke(name string) *Error {
	hint := prose.Say("Without an account it is for all of them.")
	if near := text.Nearest(name, b.config.Accounts.Names()); near != "" {
		hint = prose.Sentences(didYouMean(near), hint)
	}
	return noSuchAccount(", so nothing was revoked and nobody was blocked", hint)
}

// revokePerson goes on when the Caller is gone, and when the record fails.
func (b *Revoking) revokePerson(ctx context.Context, r Request, target string) PersonRevocation {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokePersonTimeout)
	defer cancel()
	done := PersonRevocation{Target: target, TargetName: b.NameOf(target)}
	b.note(ctx, b.event(r, event.RevokingData{Account: r.Account, Target: b.personOf(r.target), Reason: event.NewText(r.Reason)}))
	// First what the bot keeps: an MFA session can get new credentials.
	session, err := b.sessions.DropMFASession(ctx, target, "")
	grants, failed := b.grants.LiveGrants(ctx, target)
	ended, untold := map[string]*Revocation{}, map[string][]Grant{}
	err = errors.Join(err, failed)
	for _, g := range grants {
		if r.Account != "" && g.Account != r.Account {
			if !slices.Contains(done.Others, g.Account) {
				done.Others = append(done.Others, g.Account)
			}
			continue
		}
		account, _ := b.config.Account(g.Account)
		tells := account.Revoker != "" && account.RoleARN == g.RoleARN
		of := cmp.Or(ended[g.Account], &Revocation{})
		if err = errors.Join(err, b.take(ctx, target, []Grant{g}, tells, of)); of.Ended > 0 {
			ended[g.Account] = of
		}
		if tells {
			untold[g.Account] = append(untold[g.Account], g)
		}
	}
	done.Session = session
	if err != nil {
		done.Err = b.asError(r, mayBeKept(err, "credentials or an MFA session of this person",
			prose.Say("They are blocked, so nothing of it is shown to them. Revoke again in a minute.")))
		b.log.ErrorContext(ctx, "revocation not complete", "request", r.ID, "target", target, "error", err)
	}
	done.Accounts = b.revocationsOf(r, ended)
	names := b.sessionNames(target, grants)
	share.Each(revokeAtOnce, len(done.Accounts), func(i int) {
		of := &done.Accounts[i]
		if b.denyPerson(ctx, r, of, names); of.Err == nil {
			if failed := b.take(ctx, target, untold[of.Account.Name], false, &Revocation{}); failed != nil {
				b.log.WarnContext(ctx, "a grant that AWS refuses is still listed", "request", r.ID, "target", target, "error", failed)
			}
		}
	})
	b.notePerson(ctx, r, done)
	return done
}

// revocationsOf lists the Accounts that a revocation is about: the one that is
// named, or those that name a revoker, and those whose Grants ended.
func (b *Revoking) revocationsOf(r Request, ended map[string]*Revocation) []Revocation {
	var all []Revocation
	add := func(a policy.Account, was *Revocation) {
		of := Revocation{Account: a}
		if was != nil {
			of.Ended, of.Until = was.Ended, was.Until
		}
		all = append(all, of)
	}
	for a := range b.config.Accounts.All() {
		if a.Name == r.Account || r.Account == "" && (a.Revoker != "" || ended[a.Name] != nil) {
			add(*a, ended[a.Name])
		}
		delete(ended, a.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(ended)) { // the config names them no more
		add(policy.Account{Name: name}, ended[name])
	}
	return all
}

// sessionNames are what AWS calls the person's sessions: by the config, and by
// the Grants that they have, which may be from before a change of it. A name that
// is another User's by now is not theirs.
func (b *Revoking) sessionNames(target string, grants []Grant) []string {
	var names []string
	add := func(name string) {
		whose, taken := b.names.Sessions[name]
		if name != "" && (!taken || whose == target) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if user, ok := b.config.User(target); ok {
		add(user.SessionName)
	}
	for _, g := range grants {
		add(policy.SessionOf(g.Principal))
	}
	return names
}

// denyPerson has AWS refuse the person's sessions of one Account.
func (b *Revoking) denyPerson(ctx context.Context, r Request, of *Revocation, names []string) {
	if of.Account.Revoker == "" {
		return
	}
	if len(names) == 0 {
		of.Err = b.asError(r, &Error{
			Code: CodeRevoker, Detail: "no_session_name", Err: errors.New("no session name is known"),
			What: prose.Say("This person is not in the config and has no live credentials from the bot, " +
				"so it does not know how AWS calls their sessions of " + of.Account.Name + "."),
			Hint: prose.Say("Look in CloudTrail, and revoke the sessions of the role there."),
		})
		return
	}
	ctx, cancel := context.WithTimeout(ctx, revokeOneTimeout)
	defer cancel()
	for _, name := range names {
		denied, failed := b.deny(ctx, r, of.Account, name, true)
		if failed != nil {
			of.Err = failed
			b.log.ErrorContext(ctx, "revocation not complete", "request", r.ID, "account", of.Account.Name, "error", failed)
			return
		}
		of.Denied = denied
	}
}

// notePerson records what became of it, for each Account.
func (b *Revoking) notePerson(ctx context.Context, r Request, done PersonRevocation) {
	all := done.Accounts
	if len(all) == 0 {
		all = []Revocation{{}}
	}
	for i, of := range all {
		failed := of.Err
		if failed == nil && i == 0 {
			failed = done.Err
		}
		outcome := denial(of.Denied, failed)
		outcome.Account, outcome.RoleARN, outcome.Expires = of.Account.Name, string(of.Account.RoleARN), event.At(of.Until)
		outcome.Target, outcome.Reason = b.personOf(r.target), event.NewText(r.Reason)
		b.note(ctx, b.event(r, outcome))
	}
}
