package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/assumebot/assumebot/broker/record/entry"
)

// LogKeys makes the MACs of the record's entries with the seal keys, which Redis does
// not have: for each key its ID, "=" and the MAC, both in hex, separated by commas.
type LogKeys struct{ *core }

var _ entry.Keys = LogKeys{}

// macKeys is how many keys make MACs, the newest, so that these are not too long. No
// ring is changed so often that replicas share none of them.
const macKeys = 24

// MACs implements [record.Keys].
func (s LogKeys) MACs(message []byte) string {
	var out []string
	keys := s.ring.now.Load().keys
	for _, k := range keys[:min(len(keys), macKeys)] {
		out = append(out, hex.EncodeToString(k.id)+"="+hex.EncodeToString(k.logMAC(message)))
	}
	return strings.Join(out, ",")
}

// Check implements [record.Keys].
func (s LogKeys) Check(macs string, message []byte) bool {
	if len(macs) > entry.MaxMACs {
		return false
	}
	right, keys := false, s.ring.now.Load().opening()
	for part := range strings.SplitSeq(macs, ",") {
		id, text, _ := strings.Cut(part, "=")
		for _, k := range keys {
			if hex.EncodeToString(k.id) != id {
				continue
			}
			mac, err := hex.DecodeString(text)
			if err != nil || !hmac.Equal(mac, k.logMAC(message)) {
				return false
			}
			right = true
		}
	}
	return right
}

func (k ringKey) logMAC(message []byte) []byte {
	mac := hmac.New(sha256.New, k.log)
	_, _ = mac.Write(message) // a hash never fails
	return mac.Sum(nil)
}
