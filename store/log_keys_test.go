package store

import (
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/record/entry"
)

// logKeys are those of a ring of the seeds.
func logKeys(t testing.TB, seeds ...byte) LogKeys {
	r := &ring{}
	for _, b := range seeds {
		r.keys = append(r.keys, ringOf(t, seed(b)).keys...)
	}
	c := &core{}
	c.ring.now.Store(r)
	return LogKeys{c}
}

// TestReplicasUnderstandEachOtherWhileTheRingIsChanged has each of a rollout's rings
// check what each makes.
func TestReplicasUnderstandEachOtherWhileTheRingIsChanged(t *testing.T) {
	message := []byte("message")
	before, meanwhile, after := logKeys(t, 1), logKeys(t, 2, 1), logKeys(t, 2)
	for _, c := range []struct {
		why            string
		writer, reader LogKeys
		want           bool
	}{
		{"old and old", before, before, true},
		{"old and both", before, meanwhile, true},
		{"both and old", meanwhile, before, true},
		{"both and both", meanwhile, meanwhile, true},
		{"both and new", meanwhile, after, true},
		{"new and both", after, meanwhile, true},
		{"new and new", after, after, true},
		{"old and new share no key", before, after, false},
		{"new and old share no key", after, before, false},
	} {
		if got := c.reader.Check(c.writer.MACs(message), message); got != c.want {
			t.Errorf("%s: got %v, want %v", c.why, got, c.want)
		}
	}
}

func TestAMACIsOfOneKeyAndOneMessage(t *testing.T) {
	message := []byte("message")
	keys := logKeys(t, 1, 2)
	macs := keys.MACs(message)
	first, second, _ := strings.Cut(macs, ",")
	wrong := strings.Repeat("0", 64)
	for why, c := range map[string]string{
		"":                        "",
		"no MAC":                  first[:17],
		"half a MAC":              first[:17+32],
		"more than a MAC":         first + "00",
		"no key":                  first[16:],
		"a MAC under another key": second[:17] + first[17:],
		"one right and one wrong": first + "," + second[:17] + wrong,
		"one wrong and one right": first[:17] + wrong + "," + second,
		"an unknown key alone":    strings.Repeat("f", 16) + "=" + first[17:],
		"too long":                macs + strings.Repeat(",", entry.MaxMACs),
	} {
		if keys.Check(c, message) {
			t.Errorf("%s: got true", why)
		}
	}
	if keys.Check(macs, []byte("massage")) {
		t.Error("another message: got true")
	}
	for why, c := range map[string]string{"one of two": second, "beside an unknown one": strings.Repeat("f", 16) + "=00," + first} {
		if !keys.Check(c, message) {
			t.Errorf("%s: got false", why)
		}
	}
	if k := keys.ring.now.Load().keys[0]; string(k.log) == string(k.code) || string(k.log) == string(k.due) {
		t.Error("two uses share a key")
	}
}

func TestALongRingMakesNoMoreMACsThanAnEntryHolds(t *testing.T) {
	var seeds []byte
	for b := range byte(60) {
		seeds = append(seeds, b+1)
	}
	keys := logKeys(t, seeds...)
	if macs := keys.MACs(nil); len(macs) > entry.MaxMACs || !keys.Check(macs, nil) {
		t.Errorf("got %d bytes, want at most %d that hold", len(macs), entry.MaxMACs)
	}
}
