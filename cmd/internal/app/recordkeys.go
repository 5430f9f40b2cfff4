package app

import (
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/secret"
)

// recordKeys reads a list of keys of one name, and lines that begin with #, which
// say something about them.
func (r *settingsReader) recordKeys(list string) []secret.Text {
	const name = "ASSUMEBOT_RECORD_KEY"
	const hint = "`assumebot keygen record NAME` prints one, in a line that begins with PRIVATE+KEY+"
	lines := slices.DeleteFunc(strings.Split(list, "\n"), func(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "#") })
	list = strings.TrimSpace(strings.Join(lines, "\n"))
	if list == "" {
		r.fail("%s has no key: %s", name, hint)
		return nil
	}
	var keys []secret.Text
	origin, failed := "", false
	for i, key := range betweenKeys.Split(list, -1) {
		of, err := originOf(key)
		known := slices.ContainsFunc(keys, func(k secret.Text) bool { return k.Reveal() == key })
		switch {
		case key == "":
			r.fail("%s: key %d is empty: remove the comma", name, i+1)
		case err != nil && awsapi.IsWrappedKey(key):
			r.fail("%s: key %d %v", name, i+1, err)
		case err != nil:
			r.fail("%s: key %d is no private key of a record: %s", name, i+1, hint)
		case known:
			r.fail("%s: key %d came before already: remove one of the two", name, i+1)
		case origin != "" && origin != of:
			r.fail("%s: key %d is of the record %s, and those before it of %s: give the keys of one record alone", name, i+1, of, origin)
		default:
			keys, origin = append(keys, secret.New(key)), of
			continue
		}
		failed = true
	}
	if failed {
		return nil
	}
	return keys
}

// originOf is the name of the record that a key is of.
func originOf(key string) (string, error) {
	if awsapi.IsWrappedKey(key) {
		k, err := wrapped(key, purposeRecord)
		return k.Context[contextOrigin], err
	}
	signer, err := tree.NewSigner(key)
	if err != nil {
		return "", err
	}
	return signer.Origin(), nil
}

// recordOrigin is what the record is called, also while its keys are wrapped.
func (s Settings) recordOrigin() (string, error) {
	if s.EmbeddedRedis() {
		return Embedded, nil
	}
	if len(s.RecordKeys) == 0 {
		_, err := tree.NewSigner()
		return "", err
	}
	return originOf(s.RecordKeys[0].Reveal())
}

// RecordSigner returns what signs the record. With Embedded each one has a key of its
// own, since each start begins another record, and no key may sign two.
func (s Settings) RecordSigner() (*tree.Signer, error) {
	if s.EmbeddedRedis() {
		private, _, err := tree.NewKey(Embedded)
		if err != nil {
			return nil, err
		}
		return tree.NewSigner(private)
	}
	ring := make([]string, len(s.RecordKeys))
	for i, key := range s.RecordKeys {
		ring[i] = key.Reveal()
	}
	return tree.NewSigner(ring...)
}
