package broker

import (
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/listing"
	"github.com/assumebot/assumebot/broker/patience"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// Listings keep what is known of bucket lists. Losing one costs calls to S3 and
// nothing else, so an error is never a reason to show no list.
type Listings interface {
	// SaveListing keeps l for ttl, in place of what was kept before.
	SaveListing(ctx context.Context, user, grantID, prefix string, l listing.Listing, ttl time.Duration) error
	// LoadListing returns what SaveListing kept last; ok is false when that is
	// gone.
	LoadListing(ctx context.Context, user, grantID, prefix string) (l listing.Listing, ok bool, err error)
}

// BucketPage shows a page, from 0, of the list that a Grant of the Caller made.
// Policy is asked again, and it is on the record like any listing. Outside the
// reveal window there is nothing to list with: CodeRevealOver. A page behind the
// end is the last.
func (b *Lists) BucketPage(ctx context.Context, r Request, grantID, prefix string, page int) (BucketList, error) {
	r.Purpose = PurposeBuckets
	return visit(ctx, b.visits, r, b.visits.toShow(), func(ctx context.Context, r *Request) (BucketList, error) {
		found, account, err := b.holding.given(ctx, r, grantID)
		if err != nil {
			return BucketList{}, err
		}
		if !found.Kept {
			return BucketList{}, &Error{
				Code: CodeRevealOver,
				What: Say("This list has ended: the bot keeps the credentials that it was made with for " + text.FormatDuration(b.config.RevealWindow) + " only."),
				Hint: Say("Send ", BucketsCmd(account.Name), " again."),
			}
		}
		if err := b.recordUse(ctx, *r, EventListing, found.Grant); err != nil {
			return BucketList{}, err
		}
		known, _, err := b.listings.LoadListing(ctx, r.user.Slack, grantID, prefix)
		if err != nil {
			b.log.WarnContext(ctx, "listing not found again; counted anew", "request", r.ID, "error", err)
			known = listing.Listing{}
		}
		list := BucketList{Grant: found.Grant, Account: account, Prefix: prefix, Page: page, Reused: true, Kept: true}
		return b.listed(ctx, *r, found.Credentials, list, known.Sound())
	})
}

// listed reads list.Page and keeps what it came to know of the list.
func (b *Lists) listed(ctx context.Context, r Request, c secret.Credentials, list BucketList, known listing.Listing) (BucketList, error) {
	reading, cancel := patience.ForAWS(ctx)
	defer cancel()
	query := BucketQuery{Account: list.Account, Credentials: c, Prefix: list.Prefix, Again: list.renewal()}
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
	if list.Kept && left > 0 && len(walk.Known.Parts) > 1 { // one part says all by itself
		if err := b.listings.SaveListing(ctx, r.user.Slack, list.Grant.ID, list.Prefix, walk.Known, left); err != nil {
			b.log.WarnContext(ctx, "listing not kept; it will be counted anew", "request", r.ID, "error", err)
		}
	}
	return list, nil
}
