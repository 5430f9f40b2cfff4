package store_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/store/storetest"
)

// TestTheACLUserIsTheSameEverywhere compares the commands that a real Redis was
// held to, in TestACLUserOfTheDocumentationHasExactlyWhatIsUsed, with those that the package
// documentation and the example name.
func TestTheACLUserIsTheSameEverywhere(t *testing.T) {
	want := slices.DeleteFunc(slices.Clone(aclUser), func(word string) bool { return !strings.HasPrefix(word, "+") })
	for i, word := range want {
		want[i] = strings.TrimPrefix(word, "+")
	}
	slices.Sort(want)
	read := func(path string) string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	check := func(where string, got []string) {
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", where, got, want)
		}
	}
	var example []string
	_, user, _ := strings.Cut(read("../deploy/redis-users.example.acl"), "user assumebot")
	for _, word := range strings.Fields(user) {
		if command, ok := strings.CutPrefix(word, "+"); ok {
			example = append(example, command)
		}
	}
	check("the example", example)
	_, doc, _ := strings.Cut(read("doc.go"), "and the commands")
	doc, _, _ = strings.Cut(doc, ";")
	words := strings.Fields(strings.NewReplacer("//", "", ",", " ").Replace(doc))
	check("the documentation", slices.DeleteFunc(words, func(word string) bool { return word == "and" }))
}

// wantUsed wants the ACL user to have run exactly the commands that it may run, in scripts
// or by themselves, and to have been refused none but what the bot does without.
func wantUsed(t *testing.T, rdb redis.UniversalClient) {
	t.Helper()
	stats, err := rdb.Info(t.Context(), "commandstats").Result()
	if err != nil {
		t.Fatal(err)
	}
	var ran, refused []string
	for line := range strings.Lines(stats) {
		name, of, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "cmdstat_"), ":calls=")
		if ok && !strings.HasPrefix(of, "0,") {
			ran = append(ran, "+"+name)
		}
		if ok && !strings.Contains(of, "rejected_calls=0,") {
			refused = append(refused, name)
		}
	}
	for _, word := range aclUser {
		if strings.HasPrefix(word, "+") && !slices.Contains(ran, word) {
			t.Errorf("%s is allowed, and nothing uses it", word)
		}
	}
	slices.Sort(refused)
	if want := []string{"config|get"}; !slices.Equal(refused, want) {
		t.Errorf("refused: got %v, want %v alone", refused, want)
	}
}

// TestRedisWithTheExampleOfUsersKeepsWhatItAcknowledged: when Redis reads its append-only
// file, it runs each transaction as the user default, and drops what that one may not do.
func TestRedisWithTheExampleOfUsersKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("../deploy/redis-users.example.acl")
	if err != nil {
		t.Fatal(err)
	}
	users := filepath.Join(t.TempDir(), "users.acl")
	if err := os.WriteFile(users, []byte(strings.Replace(string(example), "REPLACE_THIS_PASSWORD", password, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	redis := storetest.StartDurable(t, "--aclfile", users)
	url := strings.Replace(redis.URL, "unix://", "unix://assumebot:"+password+"@", 1)
	s := mustOpen(t, url)
	replica := storetest.NewReplica(t, s)
	refused := event.Event{ID: "e", Time: time.Now(), Data: event.RefusedData{Reason: event.NewText("INC-42")}}
	if _, err := replica.Record(t.Context(), refused, refused); err != nil {
		t.Fatal(err)
	}
	redis.Kill()
	redis.Start()
	_, next, err := mustOpen(t, url).Log.Bounds(t.Context())
	if err != nil || next != 2 {
		t.Errorf("got %d entries, %v, want both", next, err)
	}
	wantOpenError(t, redis.URL, []secret.Text{storetest.KeyOne}, "NOAUTH")
}
