package awsapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
)

func TestRevocationsKeepTheLatestOfEachSession(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	doc := revocations{}.with("alice@example.com", noon).
		with("bob@example.com", noon.Add(time.Hour)).
		with("alice@example.com", noon.Add(2*time.Hour))
	if got, want := len(doc.Statement), 2; got != want {
		t.Fatalf("got %d statements, want %d: %s", got, want, doc.text())
	}
	for session, before := range map[string]time.Time{"alice@example.com": noon.Add(2 * time.Hour), "bob@example.com": noon.Add(time.Hour)} {
		if !doc.denies(session, before) || doc.denies(session, before.Add(time.Second)) {
			t.Errorf("%s is not denied before exactly %s: %s", session, before, doc.text())
		}
	}
	// A replica whose clock, AWS's Date, is behind must not shorten what stands.
	if back := doc.with("alice@example.com", noon); !back.denies("alice@example.com", noon.Add(2*time.Hour)) {
		t.Errorf("an earlier moment replaced a later one: %s", back.text())
	}
}

func TestRevocationsAreDroppedOnceTheyHitNobody(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	doc := revocations{}.with("alice", noon)
	if got := doc.with("bob", noon.Add(policy.MaxRoleDuration-time.Second)); !got.denies("alice", noon) {
		t.Errorf("a deny that can still hit a session was dropped: %s", got.text())
	}
	if got := doc.with("bob", noon.Add(policy.MaxRoleDuration)); got.denies("alice", noon) {
		t.Errorf("a deny that can hit nobody stays: %s", got.text())
	}
}

func TestRevocationsOfEverybodyTakeThePlaceOfEarlierOnes(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	doc := revocations{}
	for i := range 30 {
		doc = doc.with(fmt.Sprintf("person-%d", i), noon)
	}
	doc = doc.with(anySession, noon).with("late", noon.Add(time.Minute))
	if got, want := len(doc.Statement), 2; got != want {
		t.Errorf("got %d statements, want %d: %s", got, want, doc.text())
	}
	if !doc.denies("person-7", noon) || doc.denies("person-7", noon.Add(time.Second)) {
		t.Errorf("not everybody is denied before noon: %s", doc.text())
	}
}

func TestRevocationsReadOnlyWhatTheyWrote(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	mine := revocations{}.with("alice", noon).with(anySession, noon.Add(-time.Hour))
	if got, err := parseRevocations(mine.text()); err != nil || got.text() != mine.text() {
		t.Errorf("got %s (%v), want %s", got.text(), err, mine.text())
	}
	for name, change := range map[string][2]string{
		"an allow":          {`"Deny"`, `"Allow"`},
		"a narrower action": {`"Action":"*"`, `"Action":"s3:*"`},
		"another user ID":   {`*:alice`, `AROA:alice`},
		"another condition": {`"StringLike"`, `"StringNotLike"`},
		"no JSON":           {`{"Version"`, `"Version"`},
	} {
		text := strings.Replace(mine.text(), change[0], change[1], 1)
		if _, err := parseRevocations(text); text == mine.text() || err == nil {
			t.Errorf("%s was read as the bot's own", name)
		}
	}
}

func TestOnlySessionNamesAreDenied(t *testing.T) {
	for _, session := range []string{"", "*", "ali*", "a?ice", "${aws:username}", "a", "alice/bob", "alice bob", "alice\n", strings.Repeat("x", 65), "аlice"} {
		if err := checkDeniable(session); err == nil {
			t.Errorf("%q: got no error", session)
		}
		if session != "" {
			text := revocations{}.with(session, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)).text()
			if _, err := parseRevocations(text); err == nil {
				t.Errorf("a policy that denies %q: got it taken for the bot's", session)
			}
		}
	}
	for _, session := range []string{"al", "alice@example.com", "alice_+=,.@-1", strings.Repeat("x", 64)} {
		if err := checkDeniable(session); err != nil {
			t.Errorf("%q: got %v", session, err)
		}
	}
}
