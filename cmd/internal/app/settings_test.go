package app

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// canary is in every secret of these tests, and in nothing that is printed.
const canary = "canary"

func goodEnvironment() map[string]string {
	return map[string]string{
		"SLACK_APP_TOKEN": "xapp-1-" + canary, "SLACK_BOT_TOKEN": "xoxb-1-" + canary,
		"REDIS_URL": "rediss://bot:" + canary + "@redis.example:6380/1", "ASSUMEBOT_SEAL_KEYS": sealKey(canary + "1"),
		"ASSUMEBOT_RECORD_KEY": recordKey, "AWS_REGION": "eu-west-1",
	}
}

// sealKey is a key of 32 bytes that begins with text.
func sealKey(text string) string {
	return base64.StdEncoding.EncodeToString([]byte((text + "0123456789ABCDEFGHIJKLMNOPQRSTUV")[:sealKeyBytes]))
}

// read reads the good environment with changes; "" unsets.
func read(changes map[string]string) (Settings, error) {
	env := goodEnvironment()
	for name, v := range changes {
		env[name] = v
	}
	return ReadSettings(func(name string) string { return env[name] })
}

func TestReadSettingsTakesGoodEnvironment(t *testing.T) {
	s, err := read(map[string]string{
		"ASSUMEBOT_CONFIG": "c.yaml", "SLACK_API_URL": "http://127.0.0.1:8080/api",
		"ASSUMEBOT_SEAL_KEYS": sealKey("new") + ", " + strings.TrimRight(sealKey("old"), "="),
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{s.SlackAppToken.Reveal(), s.SlackBotToken.Reveal(), s.RedisURL.Reveal(), s.SlackAPIURL, s.ConfigPath, s.AWSRegion}
	want := []string{"xapp-1-canary", "xoxb-1-canary", "rediss://bot:canary@redis.example:6380/1", "http://127.0.0.1:8080/api/", "c.yaml", "eu-west-1"}
	for _, k := range s.SealKeys {
		got = append(got, k.Reveal())
	}
	if diff := cmp.Diff(append(want, sealKey("new"), sealKey("old")), got); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
}

func TestReadSettingsNeedsNoKeyWhenEmbedded(t *testing.T) {
	s, err := read(map[string]string{"REDIS_URL": Embedded, "ASSUMEBOT_SEAL_KEYS": "", "ASSUMEBOT_RECORD_KEY": ""})
	if err != nil || !s.EmbeddedRedis() || s.SlackAPIURL != "https://slack.com/api/" {
		t.Errorf("got %+v and %v, want embedded Redis and Slack's own address", s, err)
	}
}

func TestReadSettingsReadsFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	write(t, path, "xapp-1-from-file\r\n")
	s, err := read(map[string]string{"SLACK_APP_TOKEN": "", "SLACK_APP_TOKEN_FILE": path})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.SlackAppToken.Reveal(), "xapp-1-from-file"; got != want {
		t.Errorf("token: got %q, want %q", got, want)
	}
}

func TestReadSettingsTakesDefaultRegion(t *testing.T) {
	s, err := read(map[string]string{"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-gov-west-1"})
	if err != nil || s.AWSRegion != "us-gov-west-1" {
		t.Errorf("region: got %q and %v, want us-gov-west-1", s.AWSRegion, err)
	}
}

func TestReadSettingsTakesASecondRegionWhereTheSameCredentialsCount(t *testing.T) {
	for _, c := range []struct{ region, endpoint, says string }{
		{"eu-central-1", "", ""},
		{"eu-central-1", "http://127.0.0.1:4566", ""},
		{"", "https://vpce-1.sts.eu-west-1.vpce.amazonaws.com", ""},
		{"Frankfurt", "", `AWS_FALLBACK_REGION is "Frankfurt", which is not a region's code`},
		{"eu-west-1", "", "AWS_FALLBACK_REGION is eu-west-1, as AWS_REGION is"},
		{"cn-north-1", "", "in the partition aws-cn, and AWS_REGION is in aws"},
		{"eu-central-1", "https://vpce-1.sts.eu-west-1.vpce.amazonaws.com", "AWS_ENDPOINT_URL_STS leads to one endpoint whatever the region"},
	} {
		s, err := read(map[string]string{"AWS_REGION": "eu-west-1", "AWS_FALLBACK_REGION": c.region, "AWS_ENDPOINT_URL_STS": c.endpoint})
		if c.says == "" && (err != nil || s.AWSFallback != c.region) || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%q by %q: got %q and %v, want %q", c.region, c.endpoint, s.AWSFallback, err, c.says)
		}
	}
}

func TestReadSettingsTakesTheWordOfWhoeverRunsItAlone(t *testing.T) {
	for url, want := range map[string]bool{Embedded: false, Embedded + "?alone=true": true} {
		s, err := read(map[string]string{"REDIS_URL": url, "ASSUMEBOT_SEAL_KEYS": "", "ASSUMEBOT_RECORD_KEY": ""})
		if err != nil || !s.EmbeddedRedis() || s.Alone != want {
			t.Errorf("%s: got embedded %t, alone %t, %v, want true, %t", url, s.EmbeddedRedis(), s.Alone, err, want)
		}
	}
}

func TestReadSettingsTakesEverySealKeySpelling(t *testing.T) {
	raw := "\xff\xfe" + "0123456789ABCDEFGHIJKLMNOPQRST"
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		s, err := read(map[string]string{"ASSUMEBOT_SEAL_KEYS": enc.EncodeToString([]byte(raw))})
		if err != nil || len(s.SealKeys) != 1 || s.SealKeys[0].Reveal() != base64.StdEncoding.EncodeToString([]byte(raw)) {
			t.Errorf("key: got %d keys and %v, want the one", len(s.SealKeys), err)
		}
	}
}

func TestReadSettingsTakesSealKeysWithCommasOrOneALine(t *testing.T) {
	one, two := sealKey("one"), sealKey("two")
	for _, list := range []string{one + "," + two, one + "\n" + two, " " + one + ",\r\n" + two + "\n\n", one + " , " + two, one + "\n\n\t" + two} {
		s, err := read(map[string]string{"ASSUMEBOT_SEAL_KEYS": list})
		if err != nil || len(s.SealKeys) != 2 || s.SealKeys[0].Reveal() != one || s.SealKeys[1].Reveal() != two {
			t.Errorf("%q: got %d keys and %v, want both in their order", list, len(s.SealKeys), err)
		}
	}
}

func TestReadSettingsRefusesSealKeysThatAnybodyCouldGuess(t *testing.T) {
	counting := make([]byte, sealKeyBytes)
	for i := range counting {
		counting[i] = byte(i * 3)
	}
	for name, raw := range map[string][]byte{
		"all zero": make([]byte, sealKeyBytes), "one letter": []byte(strings.Repeat("x", sealKeyBytes)),
		"a short pattern": []byte(strings.Repeat("changeme", sealKeyBytes/8)), "counting": counting,
	} {
		_, err := read(map[string]string{"ASSUMEBOT_SEAL_KEYS": base64.StdEncoding.EncodeToString(raw)})
		if err == nil || !strings.Contains(err.Error(), "key 1 is too regular to be random") {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
}

func TestRisksAreTakenOnlyByTheSettingThatNamesThem(t *testing.T) {
	tests := []struct {
		risk, says string
		change     map[string]string
	}{
		{"REDIS_CLEARTEXT", "travel in clear", map[string]string{"REDIS_URL": "redis://u:" + canary + "@redis.example:6379"}},
		{"REDIS_CLEARTEXT", "travel in clear", map[string]string{"REDIS_URL": "redis://127.0.0.1?addr=10.0.0.1:6379&addr=127.0.0.1:1"}},
		{"REDIS_CLEARTEXT", "travel in clear", map[string]string{"REDIS_URL": "redis://10.0.0.1:26379?master_name=main"}},
		{"REDIS_SKIP_VERIFY", "anybody on the way", map[string]string{"REDIS_URL": "rediss://redis.example?skip_verify=true"}},
		{"REDIS_SKIP_VERIFY", "anybody on the way", map[string]string{"REDIS_URL": "rediss://redis.example?skip_verify=false&skip_verify=1"}},
		{"AWS_FOREIGN_ENDPOINT", "AWS_ENDPOINT_URL_IAM is no host of AWS", map[string]string{"AWS_ENDPOINT_URL_IAM": "https://iam.example"}},
	}
	for _, test := range tests {
		_, err := read(test.change)
		if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), test.risk+"=accepted") || strings.Contains(err.Error(), canary) {
			t.Errorf("%v: got %v, want a refusal that names %s", test.change, err, test.risk)
		}
		test.change[test.risk] = "yes"
		if _, err := read(test.change); err == nil || !strings.Contains(err.Error(), test.risk+` is "yes": write accepted, or unset it`) {
			t.Errorf("%v: got %v, want yes refused", test.change, err)
		}
		test.change[test.risk] = "accepted"
		s, err := read(test.change)
		if err != nil || len(s.Risks) != 1 || s.Risks[0] != test.risk {
			t.Errorf("%v: got risks %v and %v, want the one taken", test.change, s.Risks, err)
		}
	}
	for _, url := range []string{
		"redis://127.0.0.1:6379", "redis://localhost?addr=[::1]:6379", "unix:///run/redis.sock", "rediss://redis.example?skip_verify=false",
	} {
		if _, err := read(map[string]string{"REDIS_URL": url}); err != nil {
			t.Errorf("%s: got %v, want it taken", url, err)
		}
	}
}

func TestNewSealKeyIsTakenAndFresh(t *testing.T) {
	a, b := NewSealKey(), NewSealKey()
	if a.Reveal() == b.Reveal() {
		t.Error("two keys are the same")
	}
	if _, err := read(map[string]string{"ASSUMEBOT_SEAL_KEYS": a.Reveal() + "," + b.Reveal()}); err != nil {
		t.Errorf("fresh keys were refused: %v", err)
	}
}

func TestReadSettingsSaysWhatMendsEachVariable(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	write(t, empty, "\n")
	large := filepath.Join(t.TempDir(), "large")
	write(t, large, strings.Repeat("x", 64<<10+1))
	long := strings.Repeat(canary, 8)
	tests := []struct {
		name, variable, value, want string
	}{
		{"app token unset", "SLACK_APP_TOKEN", "", "SLACK_APP_TOKEN is not set: it is the token xapp-…"},
		{"bot token for app token", "SLACK_APP_TOKEN", "xoxb-" + canary, "holds a bot token, which is for SLACK_BOT_TOKEN"},
		{"app token for bot token", "SLACK_BOT_TOKEN", "xapp-" + canary, "holds an app-level token, which is for SLACK_APP_TOKEN"},
		{"user token", "SLACK_BOT_TOKEN", "xoxp-" + canary, "holds a user token"},
		{"another token", "SLACK_BOT_TOKEN", canary, "SLACK_BOT_TOKEN does not begin with xoxb-"},
		{"nothing but a prefix", "SLACK_BOT_TOKEN", "xoxb-", "SLACK_BOT_TOKEN does not begin with xoxb-"},
		{"token with a space", "SLACK_APP_TOKEN", "xapp-" + canary + " ", "white space"},
		{"both a value and a file", "SLACK_APP_TOKEN_FILE", empty, "SLACK_APP_TOKEN and SLACK_APP_TOKEN_FILE are both set"},
		{"absent file", "ASSUMEBOT_SEAL_KEYS_FILE", "/absent", "ASSUMEBOT_SEAL_KEYS_FILE: /absent cannot be read: no such file"},
		{"a directory", "ASSUMEBOT_SEAL_KEYS_FILE", filepath.Dir(empty), "cannot be read: it is not a regular file: name a file"},
		{"a device", "ASSUMEBOT_SEAL_KEYS_FILE", os.DevNull, "cannot be read: it is not a regular file: name a file"},
		{"a large file", "ASSUMEBOT_SEAL_KEYS_FILE", large, "is larger than 65536 bytes: is this the value?"},
		{"empty file", "ASSUMEBOT_SEAL_KEYS_FILE", empty, "is empty: put the value into it"},
		{"Slack in clear", "SLACK_API_URL", "http://slack.example/api/", "tokens would travel in clear"},
		{"Slack that is no URL", "SLACK_API_URL", canary, "SLACK_API_URL is not an http or https URL"},
		{"Slack with a password", "SLACK_API_URL", "https://u:" + canary + "@slack.com/api/", "remove user, query"},
		{"Redis unset", "REDIS_URL", "", "REDIS_URL is not set: set it to embedded for one process, or to a URL such as rediss://"},
		{"embedded with a word too many", "REDIS_URL", "embedded?alone=yes", "nothing may stand after embedded but ?alone=true"},
		{"Redis that is no URL", "REDIS_URL", "redis://:" + canary + "%@host", "REDIS_URL is not a URL"},
		{"Redis without scheme", "REDIS_URL", canary + ":6379", "neither redis://"},
		{"Redis of another client", "REDIS_URL", "redis+sentinel://:" + canary + "@host", "begins with redis+sentinel://, which is not understood"},
		{"redis-py's habits", "REDIS_URL", "rediss://u:" + canary + "@redis.example?ssl_cert_reqs=none",
			"REDIS_URL has ?ssl_cert_reqs=, which is another client's: leave it out"},
		{"AWS in clear", "AWS_ENDPOINT_URL_SSO_OIDC", "http://u:" + canary + "@oidc.example", "AWS_ENDPOINT_URL_SSO_OIDC is http"},
		{"AWS that is no URL", "AWS_ENDPOINT_URL_IAM", canary, "AWS_ENDPOINT_URL_IAM is no https URL"},
		{"Redis without host", "REDIS_URL", "redis:///0", "has no host"},
		{"Redis with a database that is none", "REDIS_URL", "rediss://u:" + canary + "@redis.example/first", "REDIS_URL cannot be read"},
		{"socket without path", "REDIS_URL", "unix://", "no path of a socket"},
		{"seal keys unset", "ASSUMEBOT_SEAL_KEYS", "", "make a key with `assumebot keygen`"},
		{"seal key that is no base64", "ASSUMEBOT_SEAL_KEYS", canary + "!", "key 1 is not base64"},
		{"short seal key", "ASSUMEBOT_SEAL_KEYS", "Y2FuYXJ5", "key 1 has 6 bytes and needs 32"},
		{"long seal key", "ASSUMEBOT_SEAL_KEYS", base64.StdEncoding.EncodeToString([]byte(long)), "key 1 has 48 bytes and needs 32"},
		{"same seal key twice", "ASSUMEBOT_SEAL_KEYS", sealKey(canary) + "," + sealKey(canary), "key 2 came before already"},
		{"empty seal key", "ASSUMEBOT_SEAL_KEYS", sealKey(canary) + ",", "key 2 is empty"},
		{"region unset", "AWS_REGION", "", "AWS_REGION is not set"},
		{"zone for a region", "AWS_REGION", "eu-west-1a", `AWS_REGION is "eu-west-1a"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			changes := map[string]string{test.variable: test.value}
			if test.variable == "ASSUMEBOT_SEAL_KEYS_FILE" {
				changes["ASSUMEBOT_SEAL_KEYS"] = ""
			}
			_, err := read(changes)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error: got %v, want one with %q", err, test.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("one mistake became several problems:\n%v", err)
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("the error holds a secret: %v", err)
			}
		})
	}
}

// Whoever writes embedded means it, with a word too many as well: it needs no keys.
func TestAMisspeltEmbeddedAsksForNoKeys(t *testing.T) {
	_, err := read(map[string]string{"REDIS_URL": "embedded?alone=yes", "ASSUMEBOT_SEAL_KEYS": "", "ASSUMEBOT_RECORD_KEY": ""})
	if err == nil || !strings.Contains(err.Error(), "?alone=true") || strings.Contains(err.Error(), "ASSUMEBOT_") {
		t.Errorf("got %v, want a word about alone and none about keys", err)
	}
}

func TestReadSettingsReportsAllInOneGo(t *testing.T) {
	_, err := ReadSettings(func(string) string { return "" })
	if err == nil {
		t.Fatal("an empty environment was taken")
	}
	for _, name := range []string{"SLACK_APP_TOKEN", "SLACK_BOT_TOKEN", "REDIS_URL", "AWS_REGION"} {
		if !strings.Contains(err.Error(), name+" is not set") {
			t.Errorf("error does not say that %s is not set:\n%v", name, err)
		}
	}
}

func TestSettingsNeverPrintSecrets(t *testing.T) {
	s, err := read(nil)
	if err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&printed, verb+verb+"\n", s, &s)
	}
	wrapped := struct{ inner Settings }{s}
	fmt.Fprintf(&printed, "%v %+v %#v\n", wrapped, wrapped, wrapped)
	for _, h := range []slog.Handler{slog.NewTextHandler(&printed, nil), slog.NewJSONHandler(&printed, nil)} {
		slog.New(h).Info("start", "settings", s, "wrapped", wrapped)
	}
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	printed.Write(data)
	for _, secret := range []string{canary, fmt.Sprintf("%x", canary), sealKey(canary + "1"), recordKey[len(recordKey)-20:]} {
		if text := printed.String(); strings.Contains(text, secret) {
			t.Errorf("%s was printed:\n%s", secret, text)
		}
	}
}
