package rotation_test

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/rotation"
)

func TestAVersionNamesTheKeyThatItHolds(t *testing.T) {
	t.Parallel()
	for keyID, told := range map[string]bool{
		"AKIAIOSFODNN7EXAMPLE":  true,
		strings.Repeat("A", 16): true,
		strings.Repeat("A", 31): true,
		strings.Repeat("A", 32): false, // no room
		strings.Repeat("A", 60): false,
		"":                      false,
	} {
		one, other := rotation.VersionOf(keyID), rotation.VersionOf(keyID)
		got, ok := rotation.KeyOf(one)
		if ok != told || told && got != keyID || len(one) < 32 || len(one) > 64 || one == other {
			t.Errorf("%q: got %q of %s (and %s), want it: %t", keyID, got, one, other, told)
		}
	}
	for _, version := range []string{
		"", "1c9ce13e-0b5c-4a2b-9c3f-1f5a8f2f3b3a", "assumebot-holds-no-key-" + strings.Repeat("A", 26), "assumebot-holds-", "assumebot-holds-AKIAIOSFODNN7EXAMPLE",
		"assumebot-holds-AKIAIOSFODNN7EXAMPLE-", "assumebot-holds-AKIAIOSFODNN7EXAMPLE-short", "x" + rotation.VersionOf("AKIAIOSFODNN7EXAMPLE"),
		rotation.VersionOf("AKIAIOSFODNN7EXAMPLE") + "\n", "assumebot-holds-AKIA IOSFODNN7EXAMPL-" + strings.Repeat("A", 26),
	} {
		if got, ok := rotation.KeyOf(version); ok {
			t.Errorf("%q: got the key %q, want none", version, got)
		}
	}
}
