package broker

import (
	"context"

	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/policy"
)

// A BucketList is one page of the buckets of an Account whose names start with
// Prefix, in S3's order.
type BucketList struct {
	Grant   Grant
	Account policy.Account
	Prefix  string
	Buckets []listing.Bucket
	Page    int    // of PerPage each, from 0
	Total   int    // of all pages
	AtLeast bool   // there are more than Total; nobody counted on
	Kept    bool   // the bot can show other pages without a new code, for a while
	Way     []Part // how the credentials were obtained
	Reused  bool   // an earlier Grant's credentials listed them
	// UsedSession is as that of Issued.
	UsedSession *Session
}

// renewal says what it takes to ask for the list again.
func (l BucketList) renewal() Renewal {
	switch {
	case l.Account.MFA == policy.MFANone:
		return RenewWithoutMFA
	case l.Kept:
		return RenewFromKept
	case l.Grant.MFASession != "":
		return RenewFromSession
	}
	return RenewWithCode
}

// Buckets lists the buckets of r.Account: the first page, and how many there
// are. Without a code it uses the newest
// Grant whose Credentials are still in the reveal window; policy is asked
// either way. Credentials issued for a listing alone live as short as AWS
// allows. With an error the list may still hold UsedSession.
func (b *Lists) Buckets(ctx context.Context, r Request, prefix string) (BucketList, error) {
	return visit(ctx, b.visits, r, b.visits.toBring(), func(ctx context.Context, r *Request) (BucketList, error) {
		issued, reused, err := b.forListing(ctx, r)
		if err != nil {
			return BucketList{}, err
		}
		list := BucketList{
			Grant:       issued.Grant,
			Account:     issued.Account,
			Prefix:      prefix,
			Way:         issued.Way,
			Reused:      reused,
			Kept:        reused || issued.Kept,
			UsedSession: issued.UsedSession,
		}
		if err := b.recordUse(ctx, *r, EventListing, issued.Grant); err != nil {
			return list, err
		}
		return b.listed(ctx, *r, issued.Credentials, list, listing.Listing{})
	})
}

// forListing returns credentials to list with. A list has no reason of its own:
// that of the Grant which is used counts.
func (b *Lists) forListing(ctx context.Context, r *Request) (issued Issued, reused bool, err error) {
	if r.Code.Empty() {
		grant, credentials, ok, err := b.grants.RevealGrant(ctx, r.user.Slack, r.Account)
		switch {
		case err != nil:
			return Issued{}, false, StoreAway(err, "so it cannot look for your live credentials")
		case ok && b.now().Before(credentials.Expires):
			cleared, err := b.consent.clearAgain(ctx, *r, r.user, grant)
			if err != nil {
				return Issued{}, false, err
			}
			if stillGiven(grant, cleared.account) {
				return Issued{Grant: grant, Credentials: credentials, Account: cleared.account}, true, nil
			}
		}
	}
	r.Duration = policy.MinDuration
	cleared, err := b.consent.clear(ctx, *r, r.user)
	if err != nil {
		return Issued{}, false, err
	}
	issued, err = b.issuing.issue(ctx, r, cleared)
	return issued, false, err
}

// stillGiven reports whether today's config would give what the Grant gave: the
// same role, and no less MFA.
func stillGiven(g Grant, a policy.Account) bool {
	return g.RoleARN == a.RoleARN && (g.MFA || a.MFA == policy.MFANone)
}

// recordUse puts on the record that the bot is about to use or end a Grant.
func (b *core) recordUse(ctx context.Context, r Request, kind EventKind, g Grant) error {
	if err := b.recorder.Record(ctx, b.grantEvent(kind, r, g)); err != nil {
		return recordAway(err, "nothing was done")
	}
	return nil
}

func (b *Lists) listingFailed(ctx context.Context, r Request, g Grant, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer cancel()
	e := b.asError(r, err)
	if e.Code == CodeCredentialsGone {
		if err := b.grants.ForgetCredentials(ctx, r.user.Slack, g.ID); err != nil {
			b.log.WarnContext(ctx, "dead credentials not forgotten", "request", r.ID, "error", err)
		}
	}
	event := b.grantEvent(EventFailed, r, g)
	event.failed(e)
	b.note(ctx, event)
	return onRecord(e)
}
