package directory

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/lease"
)

// groupsKnown names the membership.
const groupsKnown = "groups"

// membershipChanges puts changes of the groups that the config names on the
// record: at least once, and once unless a replica dies between the record and
// the swap.
type membershipChanges struct {
	known    Copies
	recorder broker.Recorder
	named    func() []string
	now      func() time.Time
	log      *slog.Logger
}

// A knownMembership is as it was before Slack was asked.
type knownMembership struct {
	groups membership
	sealed []byte
	ok     bool
}

func (c *membershipChanges) load(ctx context.Context) knownMembership {
	if len(c.named()) == 0 {
		return knownMembership{}
	}
	plain, sealed, err := c.known.LoadKnown(ctx, groupsKnown)
	k := knownMembership{groups: membership{}, sealed: sealed}
	if err == nil && plain != nil {
		err = json.Unmarshal(plain, &k.groups)
	}
	if err != nil {
		c.log.ErrorContext(ctx, "changes of user groups are not recorded: what was known of them cannot be read", "error", err)
		return knownMembership{}
	}
	k.ok = true
	return k
}

// record compares and replaces what was known. What cannot be recorded now stays
// as it was known, and is recorded at a later refresh.
func (c *membershipChanges) record(ctx context.Context, h *lease.Hold, before knownMembership, groups membership) {
	if !before.ok {
		return
	}
	if _, err := h.Fence(); err != nil {
		return // whoever has the lease now compares
	}
	next := maps.Clone(before.groups) // a replica with another config may name further groups
	for _, group := range c.named() {
		members := slices.Sorted(slices.Values(groups[group]))
		old, seen := before.groups[group]
		next[group] = slices.Compact(members)
		added, removed := without(next[group], old), without(old, next[group])
		if !seen || len(added)+len(removed) == 0 {
			continue
		}
		changed := event.Event{
			ID: changeID(before.sealed, group, added, removed), Time: c.now().UTC(), Kind: event.Membership,
			Data: event.MembershipData{Group: group, Added: added, Removed: removed},
		}
		if _, err := c.recorder.Record(ctx, changed); err != nil {
			c.log.ErrorContext(ctx, "a change of a user group is not recorded yet", "group", group, "error", err)
			return
		}
	}
	plain, err := json.Marshal(next)
	if err == nil {
		_, err = c.known.SwapKnown(ctx, groupsKnown, before.sealed, plain)
	}
	if err != nil {
		c.log.ErrorContext(ctx, "the membership of user groups is not kept; its changes may be recorded again", "error", err)
	}
}

// changeID is the same for the same change from the same state.
func changeID(before []byte, group string, added, removed []string) string {
	text, _ := json.Marshal([]any{group, added, removed}) // strings always marshal
	sum := sha256.Sum256(bytes.Join([][]byte{before, text}, nil))
	return hex.EncodeToString(sum[:16])
}

// without returns what is in a and not in b.
func without(a, b []string) []string {
	var out []string
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}
