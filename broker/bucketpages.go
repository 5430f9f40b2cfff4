package broker

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// S3 gives buckets in parts, each found by the token that ended the one before.
// A Listing keeps those tokens, so that any replica reads any page with one call
// of a thousand names, two where a page lies across parts. Keeping the names
// themselves would spare that call, but cost megabytes of Redis for each list of
// 100,000 and show buckets that are gone; the tokens of such a list are 100 KB
// at most (API_ListBuckets: up to 1,024 characters each), and in practice those
// of the first ten parts, since nobody pages on for long.
const (
	// BucketsPerPage is how many buckets a page has; the last has fewer.
	BucketsPerPage = 20
	// BucketsPerPart is how many buckets one call asks for; S3 gives up to 10,000.
	// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
	BucketsPerPart = 1000
	// countUpTo is how far a new list is counted: ten calls. It is the quota of
	// an account that asked AWS for no more.
	// https://docs.aws.amazon.com/general/latest/gr/s3.html
	countUpTo = 10_000
	// lastPage is that of a million buckets, which is as many as AWS allows.
	lastPage = 1_000_000/BucketsPerPage - 1
	// countFor ends the counting sooner when S3 is slow: a person waits.
	countFor = 5 * time.Second
)

// Listings keep what is known of bucket lists. Losing one costs calls to S3 and
// nothing else, so an error is never a reason to show no list.
type Listings interface {
	// SaveListing keeps l for ttl, in place of what was kept before.
	SaveListing(ctx context.Context, user, grantID, prefix string, l Listing, ttl time.Duration) error
	// LoadListing returns what SaveListing kept last; ok is false when that is
	// gone.
	LoadListing(ctx context.Context, user, grantID, prefix string) (l Listing, ok bool, err error)
}

// A Listing is what is known of a bucket list: where its parts begin, from the
// first on, and how many buckets there are. The zero Listing knows nothing.
type Listing struct {
	Parts []ListingPart `json:"parts"`
	Total int           `json:"total"` // at least, until Ended
	Ended bool          `json:"ended"` // the last part is known
}

// A ListingPart is where S3 goes on with a list.
type ListingPart struct {
	First int    `json:"first"` // how many buckets are before it
	Token string `json:"token,omitempty"`
}

// ErrNoSuchPart is in the chain of an error about a Token that S3 does not take.
var ErrNoSuchPart = errors.New("S3 takes no such token")

// sound is l as it was kept; what cannot be a listing knows nothing.
func (l Listing) sound() Listing {
	before := 0
	for i, part := range l.Parts {
		if i == 0 && part.First != 0 || part.First < before {
			return Listing{}
		}
		before = part.First
	}
	if len(l.Parts) == 0 || l.Total < before {
		return Listing{}
	}
	return l
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
			known = Listing{}
		}
		list := BucketList{Grant: found.Grant, Account: account, Prefix: prefix, Page: min(max(page, 0), lastPage), Reused: true, Kept: true}
		return b.listed(ctx, *r, found.Credentials, list, known.sound())
	})
}

// listed reads list.Page and keeps what it came to know of the list.
func (b *Lists) listed(ctx context.Context, r Request, c secret.Credentials, list BucketList, known Listing) (BucketList, error) {
	reading, cancel := ForAWS(ctx)
	defer cancel()
	query := BucketQuery{Account: list.Account, Credentials: c, Prefix: list.Prefix, Again: list.renewal()}
	w := walk{s3: b.aws, query: query, now: b.now, known: known}
	var err error
	list.Buckets, err = w.page(reading, list.Page)
	if err == nil && len(list.Buckets) == 0 && list.Page > 0 { // they became fewer
		list.Page = max(w.known.Total-1, 0) / BucketsPerPage
		list.Buckets, err = w.page(reading, list.Page)
	}
	if err != nil {
		return list, b.listingFailed(ctx, r, list.Grant, err)
	}
	list.Total, list.AtLeast = w.known.Total, !w.known.Ended
	left := list.Grant.Issued.Add(b.config.RevealWindow).Sub(b.now())
	if list.Kept && left > 0 && len(w.known.Parts) > 1 { // one part says all by itself
		if err := b.listings.SaveListing(ctx, r.user.Slack, list.Grant.ID, list.Prefix, w.known, left); err != nil {
			b.log.WarnContext(ctx, "listing not kept; it will be counted anew", "request", r.ID, "error", err)
		}
	}
	return list, nil
}

// A walk reads a list from S3, as much of it as is needed.
type walk struct {
	s3    Buckets
	query BucketQuery
	now   func() time.Time
	known Listing
}

// page returns the buckets of a page. A token that S3 takes no longer is no
// reason to fail: the list is read from its beginning instead.
func (w *walk) page(ctx context.Context, page int) ([]Bucket, error) {
	buckets, err := w.read(ctx, page*BucketsPerPage)
	if len(w.known.Parts) > 1 && errors.Is(err, ErrNoSuchPart) {
		w.known = Listing{}
		buckets, err = w.read(ctx, page*BucketsPerPage)
	}
	return buckets, err
}

// read returns a page of buckets from the first on. A list that nothing is
// known of is counted, too.
func (w *walk) read(ctx context.Context, first int) ([]Bucket, error) {
	until, began := first+BucketsPerPage, w.now()
	count := 0
	if len(w.known.Parts) == 0 {
		w.known.Parts, count = []ListingPart{{}}, countUpTo
	}
	i := len(w.known.Parts) - 1
	for w.known.Parts[i].First > first {
		i--
	}
	var page []Bucket
	for {
		part := w.known.Parts[i]
		w.query.Token = part.Token
		buckets, next, err := w.s3.ListBuckets(ctx, w.query)
		if err != nil && ctx.Err() != nil && part.First >= until {
			return page, nil // the page is there; who waits need not know how many more there are
		}
		if err != nil {
			return nil, err
		}
		end := part.First + len(buckets)
		if from, to := max(first, part.First), min(until, end); from < to {
			page = append(page, buckets[from-part.First:to-part.First]...)
		}
		w.learn(i, end, next)
		counted := end >= count || w.now().Sub(began) > countFor
		if next == "" || end >= until && counted {
			return page, nil
		}
		i++
	}
}

// learn notes that part i goes up to end, and with which token the next one
// begins. Where that part was known already, buckets may have come or gone: from
// here on this reading counts.
func (w *walk) learn(i, end int, next string) {
	k := &w.known
	last := i == len(k.Parts)-1
	switch {
	case next == "":
		k.Parts, k.Total, k.Ended = k.Parts[:i+1], end, true
	case last:
		k.Parts, k.Total, k.Ended = append(k.Parts, ListingPart{First: end, Token: next}), end, false
	default:
		k.Parts[i+1] = ListingPart{First: end, Token: next}
		// The rest keeps its order, whatever sizes S3 gives its parts.
		if at := slices.IndexFunc(k.Parts[i+2:], func(p ListingPart) bool { return p.First <= end }); at >= 0 {
			k.Parts = k.Parts[:i+2+at]
		}
		k.Total = max(k.Total, end)
	}
}
