package awsapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/secret"
)

var (
	sealing = awstest.KMSKey{Account: hub, Region: "eu-central-1", ID: "1234abcd-12ab-34cd-56ef-1234567890ab", Alias: "alias/assumebot"}
	bound   = map[string]string{"assumebot:purpose": "seal", "assumebot:origin": "example.com/bot?a=b&c#d %é"}
)

// keyBench is a client of AWS in eu-west-1, whose key of KMS is in another region.
func keyBench(t *testing.T) (*awstest.Server, *awsapi.Client) {
	t.Helper()
	aws, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	aws.AddUser(awstest.User{Account: hub, Name: "assumebot", AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: "bot-secret-key"})
	aws.AddKMSKey(sealing)
	place := awsapi.Place{Endpoint: aws.URL(), Key: secret.Credentials{AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: secret.New("bot-secret-key")}}
	return aws, awsapi.NewAt(place, "eu-west-1", func(string) string { return "" }, time.Now)
}

func TestAWrappedKeyIsOpenedInTheRegionOfItsKey(t *testing.T) {
	aws, c := keyBench(t)
	k, err := c.Wrap(t.Context(), sealing.ARN(), bound, secret.New("clear"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := awsapi.ParseWrappedKey(k.String())
	if diff := cmp.Diff(k, again); err != nil || diff != "" {
		t.Fatalf("%v, written and read again:\n%s", err, diff)
	}
	held, err := c.Unwrap(t.Context(), again)
	if err != nil || held.Reveal() != "clear" {
		t.Errorf("got %q, %v, want clear", held.Reveal(), err)
	}
	fresh, err := c.WrapNew(t.Context(), sealing.ARN(), bound)
	if err != nil {
		t.Fatal(err)
	}
	if held, err := c.Unwrap(t.Context(), fresh); err != nil || len(held.Reveal()) != 32 {
		t.Errorf("got %d bytes, %v, want 32", len(held.Reveal()), err)
	}
	for _, call := range aws.Calls() {
		if call.Service != "kms" || call.Region != "eu-central-1" {
			t.Errorf("got %s in %s, want kms in the region of the key", call.Service, call.Region)
		}
	}
}

func TestEachRefusalOfKMSSaysWhatToDo(t *testing.T) {
	aws, c := keyBench(t)
	other := awstest.KMSKey{Account: hub, Region: "eu-central-1", ID: "other"}
	aws.AddKMSKey(other)
	good, err := c.WrapNew(t.Context(), sealing.ARN(), bound)
	if err != nil {
		t.Fatal(err)
	}
	unbroken := func() {}
	state := func(to awstest.KMSKeyState) { aws.SetKMSKeyState(sealing.ARN(), to) }
	enabled := func() { state(awstest.KMSEnabled) }
	bot := awstest.User{Account: hub, Name: "assumebot", AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: "bot-secret-key"}
	fault := func(code string, status int) func(*awsapi.WrappedKey) {
		return func(*awsapi.WrappedKey) {
			unbroken = aws.Inject(awstest.Fault{Action: "Decrypt", Error: &awstest.FaultError{Status: status, Code: code, Message: "Rate exceeded"}})
		}
	}
	for _, test := range []struct {
		name    string
		change  func(*awsapi.WrappedKey)
		passes  bool
		says    []string
		restore func()
	}{
		{"another use", func(k *awsapi.WrappedKey) { k.Context = map[string]string{"assumebot:purpose": "record"} }, false,
			[]string{"KMS does not open", "wrapped for another use", "whole line"}, nil},
		{"another key", func(k *awsapi.WrappedKey) { k.KeyARN = other.ARN() }, false, []string{"another key of KMS than " + other.ARN()}, nil},
		{"no key", func(k *awsapi.WrappedKey) { k.KeyARN += "0" }, false, []string{"there is no key", "account and region"}, nil},
		{"disabled", func(*awsapi.WrappedKey) { state(awstest.KMSDisabled) }, false, []string{"is disabled", "aws kms enable-key"}, enabled},
		{"to be deleted", func(*awsapi.WrappedKey) { state(awstest.KMSPendingDeletion) }, false, []string{"cancel-key-deletion"}, enabled},
		{"not allowed", func(*awsapi.WrappedKey) {
			denied := bot
			denied.Deny = []string{"kms:*"}
			aws.AddUser(denied)
		}, false, []string{"does not let this identity", "allow kms:Decrypt"}, func() { aws.AddUser(bot) }},
		{"dead credentials", func(*awsapi.WrappedKey) { aws.DisableKey("AKIABOT0000000000000") }, false, []string{"get-caller-identity"},
			func() { aws.EnableKey("AKIABOT0000000000000") }},
		{"throttled", fault("ThrottlingException", 400), true, []string{"too many requests", "again"}, nil},
		{"unwell", fault("KMSInternalException", 500), true, []string{"does not work right now"}, nil},
		{"new to us", fault("SomethingElseException", 400), false, []string{"KMS refuses", "SomethingElseException"}, nil},
		{"cut off", func(*awsapi.WrappedKey) { unbroken = aws.Inject(awstest.Fault{Action: "Decrypt", LoseAnswer: true}) }, true,
			[]string{"did not answer in time, or its answer was lost"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := good
			test.change(&k)
			_, err := c.Unwrap(t.Context(), k)
			var kms *awsapi.KMSError
			if !errors.As(err, &kms) || kms.Passes != test.passes {
				t.Fatalf("got %#v, want an error of KMS that passes: %t", err, test.passes)
			}
			for _, part := range test.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got %q, want %q in it", err, part)
				}
			}
			if unbroken(); test.restore != nil {
				test.restore()
			}
		})
	}
	away, c := keyBench(t)
	if err := away.Close(); err != nil {
		t.Fatal(err)
	}
	var kms *awsapi.KMSError
	if _, err := c.Unwrap(t.Context(), good); !errors.As(err, &kms) || !kms.Passes || !strings.Contains(err.Error(), "cannot be reached at 127.0.0.1") {
		t.Errorf("got %v, want that KMS cannot be reached, for now", err)
	}
}

func TestASourceOfCredentialsThatIsAwayIsWaitedForAndARefusalIsNot(t *testing.T) {
	aws, c := keyBench(t)
	k, err := c.WrapNew(t.Context(), sealing.ARN(), bound)
	if err != nil {
		t.Fatal(err)
	}
	source := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"code":"AccessDeniedException","message":"no role"}`))
	}))
	defer source.Close()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CA_BUNDLE", "")
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", source.URL)
	t.Setenv("AWS_ENDPOINT_URL", aws.URL())
	for _, passes := range []bool{false, true} {
		c, err := awsapi.New(t.Context(), "eu-west-1", func(string) string { return "" }, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		var kms *awsapi.KMSError
		if _, err = c.Unwrap(t.Context(), k); !errors.As(err, &kms) || kms.Passes != passes || !strings.Contains(err.Error(), "no AWS credentials") {
			t.Errorf("got %v, want that there are no credentials, which passes: %t", err, passes)
		}
		source.Close() // and then it is away
	}
}

func TestWhatIsNoWrappedKeyIsRefusedAndNotRepeated(t *testing.T) {
	arn := sealing.ARN()
	for name, c := range map[string]struct{ text, says string }{
		"an endpoint":  {"awskms://canary.example/" + arn + "#QQ==", "AWS_ENDPOINT_URL_KMS"},
		"no slashes":   {"awskms:canary", "awskms:///"},
		"no blob":      {"awskms:///" + arn, "after #"},
		"empty blob":   {"awskms:///" + arn + "#", "after #"},
		"an alias":     {"awskms:///alias/canary#QQ==", "an alias may be moved"},
		"alias ARN":    {"awskms:///arn:aws:kms:eu-west-1:111111111111:alias/canary#QQ==", "an alias may be moved"},
		"other query":  {"awskms:///" + arn + "?region=canary#QQ==", "context_NAME=VALUE"},
		"twice":        {"awskms:///" + arn + "?context_a=canary&context_a=canary#QQ==", "one twice"},
		"no base64":    {"awskms:///" + arn + "?context_a=b#canary!", "base64"},
		"bad escape":   {"awskms:///" + arn + "?context_a=%zcanary#QQ==", "query"},
		"far too long": {"awskms:///" + arn + "?context_a=b#" + strings.Repeat("AAAA", 3000), "base64"},
	} {
		_, err := awsapi.ParseWrappedKey(c.text)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %v, want %q in it and nothing of the text", name, err, c.says)
		}
	}
}

func FuzzParseWrappedKey(f *testing.F) {
	f.Add(fmt.Sprintf("awskms:///%s?context_a=b&context_c=d%%2Fe#QUJD", sealing.ARN()))
	f.Add("awskms:///arn:aws:kms:eu-west-1:111111111111:key/x?#QQ==")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := awsapi.ParseWrappedKey(text)
		if err != nil {
			return
		}
		again, err := awsapi.ParseWrappedKey(k.String())
		if diff := cmp.Diff(k, again); err != nil || diff != "" {
			t.Errorf("%v, read again:\n%s", err, diff)
		}
		if strings.ContainsAny(k.String(), ", \n\t") {
			t.Errorf("%q cannot stand in a list", k.String())
		}
	})
}
