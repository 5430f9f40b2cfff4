package app

import (
	"strings"
	"testing"
)

// Private keys of two records, made for these tests.
const (
	recordKey      = "PRIVATE+KEY+example.com/assumebot+2faaab4c+AcQI9d5h/urkQjQqbmme+RtvhqtCrgyVXh1ItXjUAH1C"
	olderRecordKey = "PRIVATE+KEY+example.com/assumebot+d078cc31+AcXVRh0Z3GmQ5HQfEtg3Zfyqu2QmopeROjSZI4j2crEu"
	otherRecordKey = "PRIVATE+KEY+example.com/other+35feb75a+ASEmulh9JJSRMTek1K0AMNPnb4ZzxGnCWZXphzp48XXo"
)

func TestRecordKeysStandWithCommasOrOneALineAndMayHaveComments(t *testing.T) {
	for _, list := range []string{
		recordKey + "," + olderRecordKey, recordKey + "\n" + olderRecordKey, " " + recordKey + " ,\r\n" + olderRecordKey + "\n\n",
		"# public key: x+y+z\n" + recordKey + "\n  # the older one, of last year\r\n" + olderRecordKey + "\n#",
	} {
		s, err := read(map[string]string{"ASSUMEBOT_RECORD_KEY": list})
		if err != nil || len(s.RecordKeys) != 2 || s.RecordKeys[0].Reveal() != recordKey || s.RecordKeys[1].Reveal() != olderRecordKey {
			t.Errorf("%q: got %d keys and %v, want both in their order", list, len(s.RecordKeys), err)
		}
	}
}

func TestAWrongRecordKeyIsRefusedAndNeverShown(t *testing.T) {
	for _, test := range []struct{ list, want string }{
		{"", "ASSUMEBOT_RECORD_KEY is not set, and the record is signed with it: make a key with `assumebot keygen record NAME`"},
		{"# " + recordKey, "ASSUMEBOT_RECORD_KEY has no key: `assumebot keygen record NAME` prints one, in a line that begins with PRIVATE+KEY+"},
		{"example.com/assumebot+2faaab4c+ART+CG0dDb9kDtmSlwRuJrEt6IHmo2CZqZo1lWgOBSGX", "key 1 is no private key of a record"},
		{recordKey + "," + olderRecordKey[:60], "key 2 is no private key of a record"},
		{strings.Replace(recordKey, "example.com/assumebot", "example.com/assumeb0t", 1), "key 1 is no private key of a record"},
		{recordKey + ",", "key 2 is empty: remove the comma"},
		{recordKey + "\n" + olderRecordKey + "\n" + recordKey, "key 3 came before already: remove one of the two"},
		{recordKey + "," + otherRecordKey,
			"key 2 is of the record example.com/other, and those before it of example.com/assumebot: give the keys of one record alone"},
	} {
		s, err := read(map[string]string{"ASSUMEBOT_RECORD_KEY": test.list})
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") || len(s.RecordKeys) > 0 {
			t.Errorf("got %d keys and %v, want an error with %q", len(s.RecordKeys), err, test.want)
			continue
		}
		for _, key := range []string{recordKey, olderRecordKey, otherRecordKey} {
			if secret := key[len(key)-40 : len(key)-20]; strings.Contains(err.Error(), secret) {
				t.Errorf("the error holds a key: %v", err)
			}
		}
	}
}

func TestEmbeddedTakesNoRecordKeyAndMakesOneForEachRecord(t *testing.T) {
	_, err := read(map[string]string{"REDIS_URL": Embedded})
	if err == nil || !strings.Contains(err.Error(), "ASSUMEBOT_RECORD_KEY is set, and with REDIS_URL=embedded each start begins another record") {
		t.Errorf("got %v, want the key refused", err)
	}
	s, err := read(map[string]string{"REDIS_URL": Embedded, "ASSUMEBOT_RECORD_KEY": ""})
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.RecordSigner()
	if err != nil || first.Origin() != "embedded" {
		t.Fatalf("got %v, %v, want the record called embedded", first, err)
	}
	second, err := s.RecordSigner()
	if err != nil {
		t.Fatal(err)
	}
	note, err := first.Empty("embedded")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := second.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Check(note, "embedded"); err == nil {
		t.Error("two records have one key")
	}
}

func TestTheRecordIsSignedWithTheNewestKey(t *testing.T) {
	s, err := read(map[string]string{"ASSUMEBOT_RECORD_KEY": olderRecordKey + "," + recordKey})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := s.RecordSigner()
	if err != nil || signer.Origin() != "example.com/assumebot" {
		t.Fatalf("got %v, %v", signer, err)
	}
	note, err := signer.Empty("example.com/assumebot")
	if err != nil || strings.Count(string(note), "\n— ") != 1 || !strings.Contains(string(note), "— example.com/assumebot 0HjMM") {
		t.Errorf("got %v\n%s\nwant one signature, of the key d078cc31", err, note)
	}
	if _, err := (Settings{}).RecordSigner(); err == nil {
		t.Error("nothing signs a record without a key")
	}
}
