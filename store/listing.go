package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/listing"
)

// Listings keeps pages of bucket lists.
type Listings struct{ *core }

var _ broker.Listings = Listings{}

// A keptListing is what is sealed.
type keptListing struct {
	Until   time.Time       `json:"until"`
	Listing listing.Listing `json:"listing"`
}

// SaveListing implements [broker.Listings]. S3's tokens are sealed: they grant
// nothing, but what they hold is S3's business. One round trip.
func (s Listings) SaveListing(ctx context.Context, user, grantID, bucketPrefix string, l listing.Listing, ttl time.Duration) error {
	key, err := listingKey(user, grantID, bucketPrefix)
	if err != nil {
		return fmt.Errorf("save listing: %w", err)
	}
	if ttl < time.Millisecond {
		return errors.New("save listing: it needs a time to live")
	}
	plain, err := json.Marshal(keptListing{Until: s.now().Add(ttl), Listing: l})
	if err != nil {
		return fmt.Errorf("save listing: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	if err := s.rdb.Set(ctx, key, s.ring.seal(key, plain), ttl).Err(); err != nil {
		return fmt.Errorf("save listing: %w", err)
	}
	return nil
}

// LoadListing implements [broker.Listings]. One that does not open is an error.
// One round trip.
func (s Listings) LoadListing(ctx context.Context, user, grantID, bucketPrefix string) (listing.Listing, bool, error) {
	key, err := listingKey(user, grantID, bucketPrefix)
	if err != nil {
		return listing.Listing{}, false, fmt.Errorf("load listing: %w", err)
	}
	ctx, cancel := s.bound(ctx)
	defer cancel()
	plain, sealed, err := s.getSealed(ctx, key)
	if err != nil {
		return listing.Listing{}, false, fmt.Errorf("load listing: %w", err)
	}
	if sealed == nil {
		return listing.Listing{}, false, nil
	}
	var kept keptListing
	if err := json.Unmarshal(plain, &kept); err != nil {
		return listing.Listing{}, false, fmt.Errorf("load listing: %s is no listing: %w", key, err)
	}
	if !kept.Until.After(s.now()) {
		return listing.Listing{}, false, nil
	}
	return kept.Listing, true, nil
}

// listingKey holds a hash of the prefix: a person typed that, and it may be
// long.
func listingKey(user, grantID, bucketPrefix string) (string, error) {
	sum := sha256.Sum256([]byte(bucketPrefix))
	return userKey(user, "listing", grantID, hex.EncodeToString(sum[:16]))
}
