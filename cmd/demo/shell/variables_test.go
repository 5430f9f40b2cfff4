package shell

import (
	"maps"
	"testing"
)

func TestSnippetsAreReadAsTheirShellsReadThem(t *testing.T) {
	want := map[string]string{
		"AWS_ACCESS_KEY_ID": "ASIA1", "AWS_SECRET_ACCESS_KEY": "a'b/+", "AWS_SESSION_TOKEN": "t=", "AWS_REGION": "eu-west-1",
	}
	plain := maps.Clone(want)
	plain["AWS_SECRET_ACCESS_KEY"] = "ab/+"
	noRegion := maps.Clone(plain)
	delete(noRegion, "AWS_REGION")
	for _, c := range []struct {
		name, text string
		want       map[string]string
	}{
		{"bash", " unset AWS_PROFILE\n" +
			" export AWS_ACCESS_KEY_ID='ASIA1'\n export AWS_SECRET_ACCESS_KEY='a'\\''b/+'\n export AWS_SESSION_TOKEN='t='\n export AWS_REGION='eu-west-1'", want},
		{"fish", " for assumebot in AWS_PROFILE AWS_REGION; set -eg $assumebot; end;\n" +
			" set -gx AWS_ACCESS_KEY_ID 'ASIA1';\n set -gx AWS_SECRET_ACCESS_KEY 'a\\'b/+';\n set -gx AWS_SESSION_TOKEN 't=';\n set -gx AWS_REGION 'eu-west-1';", want},
		{"powershell", "$Env:AWS_ACCESS_KEY_ID = 'ASIA1'\n$Env:AWS_SECRET_ACCESS_KEY = 'a''b/+'\n$Env:AWS_SESSION_TOKEN = 't='\n$Env:AWS_REGION = 'eu-west-1'", want},
		{"cmd", "set \"AWS_ACCESS_KEY_ID=ASIA1\"\nset \"AWS_SECRET_ACCESS_KEY=a'b/+\"\nset \"AWS_SESSION_TOKEN=t=\"\nset \"AWS_REGION=eu-west-1\"", want},
		{"dotenv", "AWS_ACCESS_KEY_ID=ASIA1\nAWS_SECRET_ACCESS_KEY=ab/+\nAWS_SESSION_TOKEN=t=\nAWS_REGION=eu-west-1", plain},
		{"profile", "[prod]\n# expires soon\naws_access_key_id = ASIA1\naws_secret_access_key = ab/+\naws_session_token = t=\nregion = eu-west-1", plain},
		{"json", `{"Version": 1, "AccessKeyId": "ASIA1", "SecretAccessKey": "ab/+", "SessionToken": "t="}`, noRegion},
	} {
		if got, ok := readSnippet(c.text); !ok || !maps.Equal(got.set, c.want) {
			t.Errorf("%s: got %v, %v, want %v", c.name, got.set, ok, c.want)
		}
	}
	if got, ok := readSnippet("no credentials = here"); ok {
		t.Errorf("got %+v of a text without credentials, want none", got)
	}
}
