package doctor

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/app"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// keeping is a patient whose record is kept in a directory, under the eyes of a witness.
func keeping(t *testing.T, status int) Patient {
	t.Helper()
	p := patient(t, startSlack(t), worldConfig)
	key, _, err := tree.NewKey("example.com/assumebot")
	if err != nil {
		t.Fatal(err)
	}
	p.Settings.RedisURL, p.Settings.RecordKeys = secret.New("unix:///absent"), []secret.Text{secret.New(key)}
	p.Settings.SealKeys = []secret.Text{app.NewSealKey()}
	there := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(there.Close)
	p.Config.Record.Archive = t.TempDir()
	p.Config.Record.Witnesses = []config.Witness{{URL: there.URL}}
	return p
}

func TestARecordThatIsKeptIsAllRight(t *testing.T) {
	t.Parallel()
	p := keeping(t, http.StatusNotFound)
	found := p.record(t.Context())
	want(t, found, "record-keys", "", OK, "example.com/assumebot", "newest of 1")
	want(t, found, "record-archive", "", OK, "is empty")
	want(t, found, "record-witness", p.Config.Record.Witnesses[0].URL, OK, "answers")
	if entries, err := os.ReadDir(p.Config.Record.Archive); err != nil || len(entries) != 0 {
		t.Errorf("got %v, %v in the archive, want that nothing was written", entries, err)
	}
}

// TestWhetherEveryStartMustHaveWrappedKeysIsTold: that KMS has opened all says nothing of the next start.
func TestWhetherEveryStartMustHaveWrappedKeysIsTold(t *testing.T) {
	t.Parallel()
	p := keeping(t, http.StatusNotFound)
	p.Wrapped = 2
	want(t, p.record(t.Context()), "record-keys", "", OK, "KMS has opened all", "set wrapped_keys: required")
	p.Config.WrappedKeys = true
	want(t, p.record(t.Context()), "record-keys", "", OK, "KMS has opened all, as wrapped_keys requires")
}

func TestEachThingThatIsWrongWithTheRecordIsTold(t *testing.T) {
	t.Parallel()
	p := keeping(t, http.StatusBadGateway)
	url := p.Config.Record.Witnesses[0].URL
	p.Config.Record.Archive = filepath.Join(p.Config.Record.Archive, "absent")
	found := p.record(t.Context())
	want(t, found, "record-archive", "", Wrong, "absent", "read and write")
	want(t, found, "record-witness", url, Warning, "HTTP 502")
	p.Config.Record.Witnesses[0].URL = "http://127.0.0.1:1"
	want(t, p.record(t.Context()), "record-witness", "http://127.0.0.1:1", Wrong, "cannot be reached")
	p.Config.Record = config.Record{}
	want(t, p.record(t.Context()), "record-archive", "", Warning, "nowhere else")
	want(t, p.record(t.Context()), "record-witness", "", Warning, "can rewrite")
	p = keeping(t, http.StatusOK)
	if err := os.WriteFile(filepath.Join(p.Config.Record.Archive, "checkpoint"), []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, p.record(t.Context()), "record-archive", "", Wrong, "archive")
}

// TestNothingIsWrongWhereAllIsRight examines everything over both fakes.
func TestNothingIsWrongWhereAllIsRight(t *testing.T) {
	t.Parallel()
	p := awsPatient(t, startAWS(t))
	found := Examine(t.Context(), p)
	if Worst(found) == Wrong {
		t.Errorf("got\n%s", said(found))
	}
	checks := map[string]bool{}
	for _, f := range found {
		checks[f.Check] = true
	}
	for _, check := range []string{
		"slack-bot-token", "slack-workspace", "slack-scopes", "slack-channel", "slack-group", "slack-user", "slack-messages", "slack-socket", "slack-app",
		"redis", "aws-region", "aws-sts", "aws-clock", "aws-bot", "aws-key", "aws-key-age", "aws-mfa-device", "aws-role",
		"record-keys", "record-archive", "record-witness",
	} {
		if !checks[check] {
			t.Errorf("%s was not looked at", check)
		}
	}
}
