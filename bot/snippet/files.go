package snippet

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/assumebot/assumebot/broker/policy"
)

// What needs no quotation marks in any reader of these files.
const plainValue = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=_.:,@-"

// dotenvSnippet is for the readers of .env files. They agree on plain values, and
// on single quotes around values that hold neither quotation mark, backslash nor
// dollar sign: python-dotenv expands ${…} between single quotes and reads
// backslashes there, Docker Compose does not. AWS's values are plain, and plain
// is also what docker run --env-file needs, which keeps quotation marks.
func dotenvSnippet(v values) (string, error) {
	for _, each := range v.variables() {
		if strings.ContainsAny(each.value, "'\"`\\$") {
			return "", errSnippetUnfit(Dotenv)
		}
	}
	return joinLines(v.lines(func(each variable) string {
		if strings.Trim(each.value, plainValue) == "" {
			return each.name + "=" + each.value
		}
		return each.name + "='" + each.value + "'"
	})), nil
}

// profileSnippet is a section of ~/.aws/credentials. SDKs differ on what white
// space, comment signs, quotation marks and characters beyond ASCII mean there,
// so values that hold one are refused.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
func profileSnippet(v values, profile string) (string, error) {
	if policy.CheckAccountName(profile) != nil {
		return "", snippetError("There is no name for the profile.", "Ask for another format, such as as bash.")
	}
	for _, each := range v.variables() {
		if !isASCII(each.value) || strings.ContainsAny(each.value, " #;'\"`\\") {
			return "", errSnippetUnfit(Profile)
		}
	}
	lines := []string{
		"[" + profile + "]",
		"# expires " + v.expires,
		"aws_access_key_id = " + v.accessKeyID,
		"aws_secret_access_key = " + v.secretKey,
		"aws_session_token = " + v.token,
	}
	if v.region != "" {
		lines = append(lines, "region = "+v.region)
	}
	return joinLines(lines), nil
}

// jsonSnippet is what a credential_process prints. It has no place for a region.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
func jsonSnippet(v values) (string, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		Version         int
		AccessKeyID     string `json:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
	}{1, v.accessKeyID, v.secretKey, v.token, v.expires})
	return strings.TrimSuffix(text.String(), "\n"), err
}
