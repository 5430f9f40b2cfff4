package main

import (
	"os"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/cmd/internal/app"
)

// TestKeysToWrapAreWrappedAllOrNot: the end of a list that is too long is never left out.
func TestKeysToWrapAreWrappedAllOrNot(t *testing.T) {
	aws, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = aws.Close() })
	aws.AddUser(awstest.User{Account: "111111111111", Name: "carol", AccessKeyID: "AKIACAROL00000000000", SecretAccessKey: "carols"})
	aws.AddKMSKey(awstest.KMSKey{Account: "111111111111", Region: "eu-west-1", ID: "1234abcd-12ab-34cd-56ef-1234567890ab", Alias: "alias/assumebot"})
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": aws.URL(), "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIACAROL00000000000", "AWS_SECRET_ACCESS_KEY": "carols",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	const tooLarge = "standard input is larger than 65536 bytes, so nothing was wrapped: is it the list of keys?"
	one, two := app.NewSealKey().Reveal(), app.NewSealKey().Reveal()
	listOf := func(bytes int) string { return one + strings.Repeat("\n", bytes-len(one)-len(two)) + two }
	for name, c := range map[string]struct {
		list, says string
		wraps      int
	}{
		"as long as may be":    {listOf(64 << 10), "", 2},
		"a key more":           {listOf(64<<10) + "\n" + app.NewSealKey().Reveal(), tooLarge, 0},
		"never ending, nearly": {strings.Repeat(one+"\n", 100_000), tooLarge, 0},
	} {
		asked := len(aws.Calls())
		keygen := keygenCommand(t.Context(), os.Getenv)
		var out, said strings.Builder
		keygen.SetIn(strings.NewReader(c.list))
		keygen.SetOut(&out)
		keygen.SetErr(&said)
		keygen.SetArgs([]string{"--kms", "alias/assumebot", "--name", "example.com/assumebot", "--wrap"})
		err := keygen.Execute()
		if got := strings.Count(out.String(), "awskms:///arn:"); got != c.wraps || len(aws.Calls())-asked != c.wraps {
			t.Errorf("%s: got %d wrapped, %d calls and %v, want %d", name, got, len(aws.Calls())-asked, err, c.wraps)
		}
		if got := errorText(err); c.says == "" && got != "" || !strings.Contains(got, c.says) {
			t.Errorf("%s: got %q, want %q", name, got, c.says)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
