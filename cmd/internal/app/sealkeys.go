package app

import (
	"crypto/rand"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store"
)

// sealKeyBytes is the key size of AES-256.
const sealKeyBytes = 32

// NewSealKey returns a fresh key as ASSUMEBOT_SEAL_KEYS takes it.
func NewSealKey() secret.Text {
	var key [sealKeyBytes]byte
	_, _ = rand.Read(key[:]) // never fails: it ends the program instead
	return secret.New(base64.StdEncoding.EncodeToString(key[:]))
}

// betweenKeys is a comma, or a line of its own for each key.
var betweenKeys = regexp.MustCompile(`\s*,\s*|\s+`)

// sealKeys reads a list of keys, in either base64 alphabet, with padding or
// without, and returns each as [NewSealKey] would write it. One that KMS has wrapped stays as it is.
func (r *settingsReader) sealKeys(list string) []secret.Text {
	const name = "ASSUMEBOT_SEAL_KEYS"
	const hint = "make one with `assumebot keygen`, and put it before the others after a comma"
	var raw []string
	var keys []secret.Text
	for i, entry := range betweenKeys.Split(strings.TrimSpace(list), -1) {
		if awsapi.IsWrappedKey(entry) {
			if _, err := wrapped(entry, purposeSeal); err != nil {
				r.fail("%s: key %d %v", name, i+1, err)
			}
			keys = append(keys, secret.New(entry))
			continue
		}
		entry = strings.TrimRight(entry, "=")
		entry = strings.NewReplacer("-", "+", "_", "/").Replace(entry)
		key, err := base64.RawStdEncoding.DecodeString(entry)
		switch {
		case entry == "":
			r.fail("%s: key %d is empty: remove the comma, or %s", name, i+1, hint)
		case err != nil:
			r.fail("%s: key %d is not base64: %s", name, i+1, hint)
		case len(key) != sealKeyBytes:
			r.fail("%s: key %d has %d bytes and needs %d: %s", name, i+1, len(key), sealKeyBytes, hint)
		case store.WeakSealKey(key):
			r.fail("%s: key %d is too regular to be random, and anybody could guess it: %s", name, i+1, hint)
		case slices.Contains(raw, string(key)):
			r.fail("%s: key %d came before already: remove one of the two", name, i+1)
		default:
			raw = append(raw, string(key))
			keys = append(keys, secret.New(base64.StdEncoding.EncodeToString(key)))
		}
	}
	return keys
}
