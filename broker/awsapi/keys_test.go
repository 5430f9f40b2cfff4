package awsapi_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/policy"
)

// keySources are all ways in which a long-term key reaches the bot; each puts one
// in place.
var keySources = map[string]func(t *testing.T, b *bench, id, secret string) policy.KeySource{
	"env": func(_ *testing.T, b *bench, id, secret string) policy.KeySource {
		b.env["ALICE_AWS_ACCESS_KEY_ID"], b.env["ALICE_AWS_SECRET_ACCESS_KEY"] = id, secret
		return policy.KeySource{Env: "ALICE"}
	},
	"files": func(t *testing.T, b *bench, id, secret string) policy.KeySource {
		clear(b.env)
		for name, text := range map[string]string{"CAROL_AWS_ACCESS_KEY_ID": id, "CAROL_AWS_SECRET_ACCESS_KEY": secret} {
			b.env[name+"_FILE"] = filepath.Join(t.TempDir(), name)
			writeFile(t, b.env[name+"_FILE"], text)
		}
		return policy.KeySource{Env: "CAROL"}
	},
	"profile": func(t *testing.T, _ *bench, id, secret string) policy.KeySource {
		process := fmt.Sprintf(`{"Version":1,"AccessKeyId":%q,"SecretAccessKey":%q}`, id, secret)
		file := os.Getenv("AWS_CONFIG_FILE")
		writeFile(t, file+".json", process)
		writeFile(t, file, "[profile alice]\ncredential_process = cat "+file+".json\n")
		return policy.KeySource{Profile: "alice"}
	},
	"secret": func(t *testing.T, b *bench, id, secret string) policy.KeySource {
		t.Setenv("AWS_ACCESS_KEY_ID", "AKIABOT0000000000000")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "bot-secret-key")
		b.aws.AddUser(awstest.User{Account: hub, Name: "assumebot", AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: "bot-secret-key"})
		b.aws.PutSecret(hub, "assumebot/alice", fmt.Sprintf(`{"access_key_id":%q,"secret_access_key":%q}`, id, secret))
		return policy.KeySource{Secret: "assumebot/alice"}
	},
	"default": func(t *testing.T, _ *bench, id, secret string) policy.KeySource {
		t.Setenv("AWS_ACCESS_KEY_ID", id)
		t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
		return policy.KeySource{Default: true}
	},
}

// keyed is a bench whose user has the key from source.
func keyed(t *testing.T, source, id, secret string) (*bench, *broker.Broker) {
	t.Helper()
	b := newBench(t)
	b.config.Users.Find("U01ALICE").Key = keySources[source](t, b, id, secret)
	return b, b.again(t)
}

func TestAKeyFileThatCannotBeUsedIsNamedAndItsTextIsNot(t *testing.T) {
	for name, test := range map[string]struct{ direct, text, want string }{
		"both":      {direct: "CANARY", text: "x", want: "CAROL_AWS_SECRET_ACCESS_KEY and CAROL_AWS_SECRET_ACCESS_KEY_FILE are both set"},
		"empty":     {text: " \n", want: "is empty"},
		"too large": {text: strings.Repeat("CANARY", 1000), want: "is too large for a key"},
		"no key":    {text: "CANARY with spaces", want: "holds white space"},
		"absent":    {want: "cannot be opened"},
	} {
		b, br := keyed(t, "files", "AKIAALICE00000000000", "alice-secret-key")
		const variable = "CAROL_AWS_SECRET_ACCESS_KEY"
		b.env[variable] = test.direct
		writeFile(t, b.env[variable+"_FILE"], test.text)
		if test.text == "" {
			b.env[variable+"_FILE"] = "/absent"
		}
		_, err := br.Issuing.Issue(t.Context(), b.request("prod", b.device.Code()))
		e := wantCode(t, err, broker.CodeKeyUnreadable)
		if said := fmt.Sprint(e.Err); !strings.Contains(said, test.want) || strings.Contains(said, "CANARY") {
			t.Errorf("%s: got %q, want %q in it and nothing of the file", name, said, test.want)
		}
	}
}

func TestWhatIsPastedAlongWithAKeyIsTakenOff(t *testing.T) {
	for source := range keySources {
		for name, around := range map[string][2]string{
			"line break": {"", "\n"}, "Windows line break": {"", "\r\n"}, "blanks": {" ", "\t "}, "byte order mark": {"\ufeff", "\n"},
		} {
			t.Run(source+" "+name, func(t *testing.T) {
				b, br := keyed(t, source, around[0]+"AKIAALICE00000000000"+around[1], around[0]+"alice-secret-key"+around[1])
				if _, err := br.Issuing.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
					t.Errorf("got %v, want credentials", err)
				}
			})
		}
	}
}

func TestAKeyThatCannotBeOneIsRefusedAlikeWhereverItIs(t *testing.T) {
	for source := range keySources {
		for name, key := range map[string]struct{ id, secret, says string }{
			"a line break inside": {"AKIAALICE00000000000", "alice-\nsecret-key", "secret access key holds"},
			"a blank inside":      {"AKIAALICE00000000000", "alice- secret-key", "secret access key holds"},
			"a long dash":         {"AKIAALICE00000000000", "alice\u2014secret-key", "secret access key holds"},
			"not an ID":           {"AKIA ALICE", "CANARY-secret-key", "access key ID is not one"},
			"swapped":             {"CANARY+secret/key-0123456789", "AKIAALICE00000000000", "access key ID is not one"},
		} {
			t.Run(source+" "+name, func(t *testing.T) {
				b, br := keyed(t, source, key.id, key.secret)
				code := b.device.Code()
				_, err := br.Issuing.Issue(t.Context(), b.request("prod", code))
				e := wantCode(t, err, broker.CodeKeyUnreadable)
				if !strings.Contains(e.Err.Error(), key.says) || strings.Contains(e.Error(), key.secret) || strings.Contains(e.Error(), "CANARY") {
					t.Errorf("got %q, want it to say %q and nothing of the key", e, key.says)
				}
				if e.Use != broker.UseUnused || b.asked("AssumeRole") > 0 {
					t.Errorf("got use %v and %d calls, want the code unused", e.Use, b.asked("AssumeRole"))
				}
			})
		}
	}
}

func TestASecretThatIsMendedCountsAtOnce(t *testing.T) {
	b, br := keyed(t, "secret", "AKIAALICE00000000000", "alice secret key")
	_, err := br.Issuing.Issue(t.Context(), b.request("prod", b.device.Code()))
	wantCode(t, err, broker.CodeKeyUnreadable)
	b.aws.PutSecret(hub, "assumebot/alice", `{"access_key_id":"AKIAALICE00000000000","secret_access_key":"alice-secret-key"}`)
	if _, err := br.Issuing.Issue(t.Context(), b.request("prod", b.device.Code())); err != nil {
		t.Errorf("got %v, want credentials", err)
	}
}

func TestAMisspeltProfileIsNamed(t *testing.T) {
	b := newBench(t)
	writeFile(t, os.Getenv("AWS_CONFIG_FILE"), "[profile alice]\nregion = eu-west-1\n")
	b.config.Users.Find("U01ALICE").Key = policy.KeySource{Profile: "alcie"}
	_, err := b.Issuing.Issue(t.Context(), b.request("prod", b.device.Code()))
	e := wantCode(t, err, broker.CodeKeyUnreadable)
	if !strings.Contains(e.Err.Error(), `no profile "alcie"`) {
		t.Errorf("got %q, want it to name the profile", e.Err)
	}
}

func TestKeysComeFromEverySource(t *testing.T) {
	b := newBench(t)
	writeFile(t, os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), "[alice]\naws_access_key_id = AKIAALICE00000000000\naws_secret_access_key = alice-secret-key\n"+
		"[temporary]\naws_access_key_id = ASIAALICE00000000000\naws_secret_access_key = x\naws_session_token = y\n")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAALICE00000000000")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "alice-secret-key")
	client := b.client(t, "eu-west-1")
	b.aws.PutSecret(hub, "assumebot/alice", `{"access_key_id":"AKIAALICE00000000000","secret_access_key":"alice-secret-key"}`)
	b.aws.PutSecret(hub, "assumebot/broken", `CANARY not json`)
	tests := []struct {
		name string
		key  policy.KeySource
		want broker.Code
	}{
		{"profile", policy.KeySource{Profile: "alice"}, ""},
		{"environment", policy.KeySource{Env: "ALICE"}, ""},
		{"default chain", policy.KeySource{Default: true}, ""},
		{"secret", policy.KeySource{Secret: "assumebot/alice"}, ""},
		{"profile that is not there", policy.KeySource{Profile: "nobody"}, broker.CodeKeyUnreadable},
		{"environment that is empty", policy.KeySource{Env: "NOBODY"}, broker.CodeKeyUnreadable},
		{"secret that is not there", policy.KeySource{Secret: "assumebot/nobody"}, broker.CodeKeyUnreadable},
		{"secret that is malformed", policy.KeySource{Secret: "assumebot/broken"}, broker.CodeKeyUnreadable},
		{"temporary credentials", policy.KeySource{Profile: "temporary"}, broker.CodeKeyNotLongTerm},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b.later(30 * time.Second)
			b.config.Users.Find("U01ALICE").Key = test.key
			br := b.with(client)
			_, err := br.Issuing.Issue(t.Context(), b.request("prod", b.device.Code()))
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if e := wantCode(t, err, test.want); strings.Contains(e.Error(), "CANARY") {
				t.Errorf("got %q, want nothing of the secret", e)
			}
		})
	}
}
