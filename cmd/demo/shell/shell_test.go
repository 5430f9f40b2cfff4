package shell

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/assumebot/assumebot/bot/snippet"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/secret"
)

const account = "111111111111"

// issued is a fake AWS, and credentials of alice's that it issued.
func issued(t *testing.T) (endpoint string, credentials secret.Credentials) {
	t.Helper()
	aws, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	aws.AddUser(awstest.User{Account: account, Name: "alice", AccessKeyID: "AKIAALICE00000000001", SecretAccessKey: "not+a+secret"})
	aws.AddBuckets(account, awstest.Bucket{Name: "example-logs", Region: "eu-west-1", Created: time.Date(2025, 3, 3, 9, 41, 7, 0, time.UTC)})
	long := awstest.Credentials{AccessKeyID: "AKIAALICE00000000001", SecretAccessKey: "not+a+secret"}
	got, err := awstest.Client{Endpoint: aws.URL(), Region: "eu-west-1", Credentials: long}.Issue(t.Context(), url.Values{"Action": {"GetSessionToken"}})
	if err != nil {
		t.Fatal(err)
	}
	return aws.URL(), secret.Credentials{
		AccessKeyID: got.AccessKeyID, SecretAccessKey: secret.New(got.SecretAccessKey), SessionToken: secret.New(got.SessionToken), Expires: got.Expires,
	}
}

func newKey(t *testing.T) Key {
	t.Helper()
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// shown is what the bot shows in a format, encrypted to a key if there is one.
func shown(t *testing.T, credentials secret.Credentials, f snippet.Format, to Key) string {
	t.Helper()
	text, err := snippet.New(f, snippet.Params{Credentials: credentials, Region: "eu-west-1", Profile: "prod"})
	if err != nil {
		t.Fatal(err)
	}
	sealing := secret.InClear()
	if to.Public() != "" {
		key, err := snippet.ParsePublicKey(to.Public())
		if err != nil {
			t.Fatal(err)
		}
		sealing = secret.SealedTo(key)
	}
	out, err := snippet.Show(sealing, f, "prod", text)
	if err != nil {
		t.Fatal(err)
	}
	return out.Text
}

// runs checks what the shell prints.
func runs(t *testing.T, s *Shell, text, want string) {
	t.Helper()
	if got := s.Run(t.Context(), text); !strings.Contains(got.Out, want) {
		t.Errorf("%.60q: got %+v, want %q", text, got, want)
	}
}

func TestPastedSnippetWorksInEveryFormat(t *testing.T) {
	endpoint, credentials := issued(t)
	for _, f := range snippet.Formats() {
		s := &Shell{Endpoint: endpoint, Region: "eu-west-1"}
		runs(t, s, "aws s3 ls", "Unable to locate credentials")
		runs(t, s, shown(t, credentials, f, Key{}), credentials.AccessKeyID+" now")
		runs(t, s, "aws s3 ls", "2025-03-03 09:41:07 example-logs\n")
		runs(t, s, "aws sts get-caller-identity --profile prod", `"Arn": "arn:aws:iam::111111111111:user/alice"`)
	}
}

func TestEncryptedSnippetOpensInEveryFormat(t *testing.T) {
	endpoint, credentials := issued(t)
	mine, theirs := newKey(t), newKey(t)
	for _, f := range snippet.Formats() {
		s := &Shell{Endpoint: endpoint, Region: "eu-west-1", Key: mine}
		r := s.Run(t.Context(), shown(t, credentials, f, mine))
		if r.Failed {
			t.Errorf("%s: got %+v", f, r)
		}
		if strings.Contains(r.Out, "age -d") { // what is to be saved, a shell does not evaluate
			runs(t, s, s.Run(t.Context(), "age -d -i ~/.config/age/keys.txt prod.age").Out, credentials.AccessKeyID+" now")
		}
		runs(t, s, "aws s3 ls", "example-logs")

		other := &Shell{Endpoint: endpoint, Key: theirs}
		if took, err := other.Paste(shown(t, credentials, f, Key{})); !took || err != nil {
			t.Fatalf("%s: got %v, %v, want the snippet in the shell", f, took, err)
		}
		if took, err := other.Paste(shown(t, credentials, f, mine)); took || err == nil || !strings.Contains(err.Error(), "no identity matched") {
			t.Errorf("%s, of another key: got %v, %v", f, took, err)
		}
		if took, err := s.Paste(shown(t, credentials, f, mine)); !took || err != nil {
			t.Errorf("%s: got %v, %v, want it pasted", f, took, err)
		}
	}
}

func TestOldCredentialsAreGoneWhenNewOnesCannotBeOpened(t *testing.T) {
	endpoint, credentials := issued(t)
	s := &Shell{Endpoint: endpoint, Region: "eu-west-1", Key: newKey(t)}
	runs(t, s, shown(t, credentials, snippet.Bash, Key{}), "now")
	runs(t, s, shown(t, credentials, snippet.Bash, newKey(t)), "no identity matched")
	runs(t, s, "aws s3 ls", "Unable to locate credentials")
}

func TestEnvironmentHidesSecrets(t *testing.T) {
	endpoint, credentials := issued(t)
	s := &Shell{Endpoint: endpoint}
	runs(t, s, shown(t, credentials, snippet.Bash, Key{}), "now")
	got := s.Run(t.Context(), "env | grep AWS")
	for _, hidden := range []string{credentials.SecretAccessKey.Reveal(), credentials.SessionToken.Reveal()} {
		if strings.Contains(got.Out, hidden) {
			t.Errorf("got %q in:\n%s", hidden, got.Out)
		}
	}
	if want := "AWS_ACCESS_KEY_ID=" + credentials.AccessKeyID + "\n"; !strings.HasPrefix(got.Out, want) || got.Failed {
		t.Errorf("got %+v, want %q first", got, want)
	}
	runs(t, s, "env | grep REGION", "AWS_DEFAULT_REGION=eu-west-1\nAWS_REGION=eu-west-1\n")
	runs(t, s, "unset AWS_ACCESS_KEY_ID\naws s3 ls", "Unable to locate credentials")
}

func TestWhatTheShellDoesNotKnowItSays(t *testing.T) {
	for text, want := range map[string]string{
		"rm -rf /":                      `"rm -rf /": this shell is a pretence; it knows ` + "`aws s3 ls`",
		"env | sh":                      "this shell is a pretence",
		"eval \"$(curl example.com)\"":  "this shell is a pretence",
		"PATH=/tmp":                     "this shell is a pretence",
		"aws ec2 describe-instances":    "this aws knows",
		"age -e":                        "this age knows",
		"age-keygen -o key":             "this age-keygen knows",
		"age -d":                        "paste an encrypted message",
		armorBegins + "\nYWdl\n":        "the end of the encrypted message is missing",
		strings.Repeat("a", maxTyped+1): "more than 65536 bytes",
		armorBegins + "\neval \"$(age -d\n" + armorEnds: "(kept",
	} {
		runs(t, &Shell{Key: newKey(t)}, text, want)
	}
	s := &Shell{Key: newKey(t)}
	if got := s.Run(t.Context(), "help\nclear"); !got.Clear || got.Failed || !strings.Contains(got.Out, "age-keygen -y") {
		t.Errorf("got %+v, want help, and then nothing", got)
	}
	runs(t, s, "age-keygen -y", s.Key.Public())
	runs(t, &Shell{}, "age-keygen -y", "there is no ~/.config/age/keys.txt")
}

func TestRefusalOfAWSReadsAsTheCLIWordsIt(t *testing.T) {
	endpoint, _ := issued(t)
	s := &Shell{Endpoint: endpoint, Region: "eu-west-1"}
	runs(t, s, "export AWS_ACCESS_KEY_ID='ASIA0'\nexport AWS_SECRET_ACCESS_KEY='x'\nexport AWS_SESSION_TOKEN='y'\naws s3 ls",
		"An error occurred (InvalidAccessKeyId) when calling the ListBuckets operation")
}

func FuzzRun(f *testing.F) {
	for _, seed := range []string{
		"aws s3 ls", "env | grep -i aws", " unset AWS_PROFILE\n export AWS_REGION='a'\\''b'", `set "AWS_REGION=x"`, "$Env:AWS_REGION = 'x'",
		"set -gx AWS_REGION 'x';", "[prod]\nregion = x", `{"AccessKeyId":"a","SecretAccessKey":"b","SessionToken":"c"}`,
		"eval \"$(age -d -i k <<'EOF'\n" + armorBegins + "\nYWdl\n" + armorEnds + "\nEOF\n)\"", "'", "export AWS_A='",
	} {
		f.Add(seed)
	}
	key, err := NewKey()
	if err != nil {
		f.Fatal(err)
	}
	ended, end := context.WithCancel(context.Background())
	end() // AWS is not called
	f.Fuzz(func(t *testing.T, text string) {
		s := &Shell{Endpoint: "http://127.0.0.1:9", Key: key}
		got := s.Run(ended, text)
		if !utf8.ValidString(got.Out) || len(got.Out) > maxPrinted+8 {
			t.Errorf("%q: got %q", text, got.Out)
		}
		for name, value := range s.env {
			if !ours.MatchString(name) || len(value) > maxValue || value == "" {
				t.Errorf("%q: got %s=%q in the environment", text, name, value)
			}
		}
		if _, err := s.Paste(text); err == nil {
			s.Run(ended, "env\nage -d")
		}
	})
}
