package store

import (
	"errors"
	"strings"

	"github.com/assumebot/assumebot/broker/record/published"
)

const (
	prefix    = "assumebot:"
	recordKey = prefix + "record"
)

// errNoName is of a user whom no key can be named for. Nothing is kept for such a
// user, so a look-up may answer "absent": the store did not fail.
var errNoName = errors.New("a Slack user ID is empty or holds a brace, so it cannot name a key")

// plausible reports whether id, as it was read back, can be that of a person or a
// Request: whoever can write to Redis may have put anything into an index.
func plausible(id string) bool {
	return id != "" && len(id) <= maxID && strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

const maxID = 64

// userKey names a key of one User. The braces are a hash tag: a cluster puts
// all keys with the same one into the same slot.
// https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
func userKey(user string, parts ...string) (string, error) {
	if user == "" || strings.ContainsAny(user, "{}") {
		return "", errNoName
	}
	return prefix + "{" + user + "}:" + strings.Join(parts, ":"), nil
}

func leaseKey(name string) string  { return prefix + leaseTag(name) + ":holder" }
func turnKey(name string) string   { return prefix + leaseTag(name) + ":turn" }
func cursorKey(name string) string { return prefix + leaseTag(name) + ":cursor" }

// leaseTag is the hash tag of a lease. The signer's is the record's, so that one script
// sees whose turn it is and keeps the checkpoint.
func leaseTag(name string) string {
	if name == published.Lease {
		return recordTag
	}
	return "{lease:" + name + "}"
}

// rateKeys are the Requests that were taken, and the first that was not.
func rateKeys(name string) ([]string, error) {
	if name == "" || strings.ContainsAny(name, "{}") {
		return nil, errors.New("the name of a rate is empty or holds a brace, so it cannot name a key")
	}
	return []string{prefix + "{rate:" + name + "}:taken", prefix + "{rate:" + name + "}:refused"}, nil
}

// dueNames are the keys of a due list: its IDs by when each is due, what older
// releases kept in clear, and what was set aside.
type dueNames struct{ list, old, aside string }

// entry is the key of what an ID stands for.
func (n dueNames) entry(id string) string { return n.old + ":entry:" + id }

func dueKeys(list string) (dueNames, error) {
	if list == "" || strings.ContainsAny(list, "{}") {
		return dueNames{}, errors.New("the name of a due list is empty or holds a brace, so it cannot name a key")
	}
	key := prefix + "{due:" + list + "}"
	return dueNames{list: key + ":sealed", old: key, aside: key + ":aside"}, nil
}

// What the ledger of answers owed is kept under, in one slot: its owners, whether one of
// them lives, what it owes, and what it has taken over; whether anybody has said lately that
// they live, and whether there was a gap in that; what others have taken over from it; and who
// tells what they have taken over, and whether one of them goes on with that.
const (
	ledgerKey  = prefix + "{owed}"
	ownersKey  = ledgerKey + ":owners"
	steadyKey  = ledgerKey + ":steady"
	graceKey   = ledgerKey + ":grace"
	tellersKey = ledgerKey + ":tellers"
)

func aliveKey(owner string) string   { return ledgerKey + ":alive:" + owner }
func owedKey(owner string) string    { return ledgerKey + ":by:" + owner }
func takenKey(owner string) string   { return ledgerKey + ":taken:" + owner }
func goneKey(owner string) string    { return ledgerKey + ":gone:" + owner }
func tellingKey(owner string) string { return ledgerKey + ":telling:" + owner }
