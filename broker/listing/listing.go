// Package listing pages through a list of S3 buckets that is read in parts.
package listing

import (
	"context"
	"errors"
	"slices"
	"time"
)

// S3 gives buckets in parts, each found by the token that ended the one before.
// A Listing keeps those tokens, so that any replica reads any page with one call
// of a thousand names, two where a page lies across parts. Keeping the names
// themselves would spare that call, but cost megabytes of Redis for each list of
// 100,000 and show buckets that are gone; the tokens of such a list are 100 KB
// at most (API_ListBuckets: up to 1,024 characters each), and in practice those
// of the first ten parts, since nobody pages on for long.
const (
	// PerPage is how many buckets a page has; the last has fewer.
	PerPage = 20
	// PerPart is how many buckets one call asks for; S3 gives up to 10,000.
	// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html
	PerPart = 1000
	// countUpTo is how far a new list is counted: ten calls. It is the quota of
	// an account that asked AWS for no more.
	// https://docs.aws.amazon.com/general/latest/gr/s3.html
	countUpTo = 10_000
	// lastPage is that of a million buckets, which is as many as AWS allows.
	lastPage = 1_000_000/PerPage - 1
	// countFor ends the counting sooner when S3 is slow: a person waits.
	countFor = 5 * time.Second
)

// A Bucket is one S3 bucket.
type Bucket struct {
	Name    string
	Region  string
	Created time.Time
}

// A Listing is what is known of a bucket list: where its parts begin, from the
// first on, and how many buckets there are. The zero Listing knows nothing.
type Listing struct {
	Parts []Part `json:"parts"`
	Total int    `json:"total"` // at least, until Ended
	Ended bool   `json:"ended"` // the last part is known
}

// A Part is where S3 goes on with a list.
type Part struct {
	First int    `json:"first"` // how many buckets are before it
	Token string `json:"token,omitempty"`
}

// ErrNoSuchPart is in the chain of an error about a Token that S3 does not take.
var ErrNoSuchPart = errors.New("S3 takes no such token")

// Sound is l as it was kept; what cannot be a Listing knows nothing.
func (l Listing) Sound() Listing {
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

// A Walk reads a list from S3, as much of it as is needed.
type Walk struct {
	// Read returns one part of the list and the token of the next one, "" after the
	// last. [ErrNoSuchPart] is in the chain of the error when S3 does not take token.
	Read  func(ctx context.Context, token string) (buckets []Bucket, next string, err error)
	Now   func() time.Time
	Known Listing // grows
}

// Page returns the buckets of a page, from 0, and which page that is: of one behind
// the end it is the last.
func (w *Walk) Page(ctx context.Context, page int) ([]Bucket, int, error) {
	page = min(max(page, 0), lastPage)
	buckets, err := w.page(ctx, page)
	for err == nil && len(buckets) == 0 && page > 0 { // they became fewer; a part that is empty does not say how many
		page = max(w.Known.Total-1, 0) / PerPage
		buckets, err = w.page(ctx, page)
	}
	return buckets, page, err
}

// page reads a page. A token that S3 no longer takes is no reason to fail: the list
// is read from its beginning instead.
func (w *Walk) page(ctx context.Context, page int) ([]Bucket, error) {
	buckets, err := w.read(ctx, page*PerPage)
	if len(w.Known.Parts) > 1 && errors.Is(err, ErrNoSuchPart) {
		w.Known = Listing{}
		buckets, err = w.read(ctx, page*PerPage)
	}
	return buckets, err
}

// read returns a page of buckets from the first on. A list that nothing is
// known of is counted, too.
func (w *Walk) read(ctx context.Context, first int) ([]Bucket, error) {
	until, began := first+PerPage, w.Now()
	count := 0
	if len(w.Known.Parts) == 0 {
		w.Known.Parts, count = []Part{{}}, countUpTo
	}
	i := len(w.Known.Parts) - 1
	for w.Known.Parts[i].First > first {
		i--
	}
	var page []Bucket
	for {
		part := w.Known.Parts[i]
		buckets, next, err := w.Read(ctx, part.Token)
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
		counted := end >= count || w.Now().Sub(began) > countFor
		if next == "" || end >= until && counted {
			return page, nil
		}
		i++
	}
}

// learn notes that part i goes up to end, and with which token the next one
// begins. Where that part was known already, buckets may have come or gone: from
// here on this reading counts.
func (w *Walk) learn(i, end int, next string) {
	k := &w.Known
	last := i == len(k.Parts)-1
	switch {
	case next == "":
		k.Parts, k.Total, k.Ended = k.Parts[:i+1], end, true
	case last:
		k.Parts, k.Total, k.Ended = append(k.Parts, Part{First: end, Token: next}), end, false
	default:
		k.Parts[i+1] = Part{First: end, Token: next}
		// The rest keeps its order, whatever sizes S3 gives its parts.
		if at := slices.IndexFunc(k.Parts[i+2:], func(p Part) bool { return p.First <= end }); at >= 0 {
			k.Parts = k.Parts[:i+2+at]
		}
		k.Total = max(k.Total, end)
	}
}
