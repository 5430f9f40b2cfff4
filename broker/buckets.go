package broker

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/patience"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// A BucketList is one page of an Account's buckets whose names start with Prefix.
type BucketList struct {
	Grant   Grant
	Account policy.Account
	Prefix  string
	Buckets []listing.Bucket
	Page    int          // of PerPage each, from 0
	Total   int          // of all pages
	AtLeast bool         // there are more than Total; nobody counted on
	Saved   bool         // the bot can show other pages without a new code, for a while
	Way     []prose.Part // how the credentials were obtained
	Reused  bool         // an earlier Grant's credentials listed them
	// UsedSession is as that of Issued.
	UsedSession *Session
}

// renewal says what it takes to ask for the list again.
func (l BucketList) renewal() Renewal {
	switch {
	case l.Account.MFA == policy.MFANone:
		return RenewWithoutMFA
	case l.Saved:
		return RenewFromSaved
	case l.Grant.MFASession != "":
		return RenewFromSession
	}
	return RenewWithCode
}

// Buckets lists the first page of r.Account's buckets, and how many there are. Without
// a code it uses the newest Grant in the reveal window; policy is asked either way.
// Credentials issued for a list alone live as short as AWS allows. With an error the
// list may still hold UsedSession.
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
			Saved:       reused || issued.Saved,
			UsedSession: issued.UsedSession,
		}
		if err := b.holding.recordUse(ctx, *r, event.ListingData{Given: issued.Grant.given(*r)}, issued.Grant, reused); err != nil {
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

func (b *Lists) listingFailed(ctx context.Context, r Request, g Grant, err error) error {
	ctx, cancel := finishing(ctx)
	defer cancel()
	e := b.asError(r, err)
	if e.Code == CodeCredentialsGone {
		if err := b.grants.ForgetCredentials(ctx, r.user.Slack, g.ID); err != nil {
			b.log.WarnContext(ctx, "dead credentials not forgotten", "request", r.ID, "error", err)
		}
	}
	b.note(ctx, b.event(r, g.failedWith(r, e)))
	return onRecord(e)
}

// Listings keep what is known of bucket lists. Losing one costs calls to S3 and
// nothing else, so an error is never a reason to show no list.
type Listings interface {
	// SaveListing keeps l for ttl, in place of what was kept before.
	SaveListing(ctx context.Context, user, grantID, prefix string, l listing.Listing, ttl time.Duration) error
	// LoadListing returns what SaveListing kept last; ok is false when that is gone.
	LoadListing(ctx context.Context, user, grantID, prefix string) (l listing.Listing, ok bool, err error)
}

// BucketPage shows a page, from 0, of the list that a Grant of the Caller made; one
// behind the end is the last. Policy is asked again, and it is on the record. Outside
// the reveal window there is nothing to list with: CodeRevealOver.
func (b *Lists) BucketPage(ctx context.Context, r Request, grantID, prefix string, page int) (BucketList, error) {
	r.Purpose = PurposeBuckets
	return visit(ctx, b.visits, r, b.visits.toShow(), func(ctx context.Context, r *Request) (BucketList, error) {
		found, account, err := b.holding.given(ctx, r, grantID)
		if err != nil {
			return BucketList{}, err
		}
		if !found.Revealable {
			return BucketList{}, newError(CodeRevealOver,
				prose.Say("This list has ended: the bot keeps the credentials that it was made with for "+text.FormatDuration(b.config.RevealWindow)+" only."),
				prose.Say("Send ", prose.BucketsCmd(account.Name), " again."))
		}
		if err := b.holding.recordUse(ctx, *r, event.ListingData{Given: found.Grant.given(*r)}, found.Grant, true); err != nil {
			return BucketList{}, err
		}
		known, _, err := b.listings.LoadListing(ctx, r.user.Slack, grantID, prefix)
		if err != nil {
			b.log.WarnContext(ctx, "listing not found again; counted anew", "request", r.ID, "error", err)
			known = listing.Listing{}
		}
		list := BucketList{Grant: found.Grant, Account: account, Prefix: prefix, Page: page, Reused: true, Saved: true}
		return b.listed(ctx, *r, found.Credentials, list, known.Sound())
	})
}

// listed reads list.Page and keeps what it came to know of the list.
func (b *Lists) listed(ctx context.Context, r Request, c secret.Credentials, list BucketList, known listing.Listing) (BucketList, error) {
	reading, cancel := patience.ForAWS(ctx)
	defer cancel()
	query := BucketQuery{User: r.Caller.User, Account: list.Account, Credentials: c, Prefix: list.Prefix, Again: list.renewal()}
	walk := listing.Walk{Now: b.now, Known: known, Read: func(ctx context.Context, token string) ([]listing.Bucket, string, error) {
		query.Token = token
		return b.aws.ListBuckets(ctx, query)
	}}
	var err error
	list.Buckets, list.Page, err = walk.Page(reading, list.Page)
	if err != nil {
		return list, b.listingFailed(ctx, r, list.Grant, err)
	}
	list.Total, list.AtLeast = walk.Known.Total, !walk.Known.Ended
	left := list.Grant.Issued.Add(b.config.RevealWindow).Sub(b.now())
	if list.Saved && left > 0 && len(walk.Known.Parts) > 1 { // one part says all by itself
		if err := b.listings.SaveListing(ctx, r.user.Slack, list.Grant.ID, list.Prefix, walk.Known, left); err != nil {
			b.log.WarnContext(ctx, "listing not kept; it will be counted anew", "request", r.ID, "error", err)
		}
	}
	return list, nil
}
