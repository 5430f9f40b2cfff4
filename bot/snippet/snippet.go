package snippet

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// Params is what a snippet is made of.
type Params struct {
	Credentials secret.Credentials
	Region      string // "": the snippet says nothing of a region
	Profile     string // the section of [Profile]; the other formats have no use for it
}

// New returns the exact bytes to paste; "" is [Bash]. They end without
// a newline, which Slack would drop from what is copied: the last line runs when
// the person presses Enter, and no line that matters is last.
//
// Nothing is ever cut or replaced. What a format cannot say without doubt is
// refused with a *broker.Error, which holds nothing of the credentials.
func New(f Format, p Params) (secret.Text, error) {
	c := p.Credentials
	v := values{
		accessKeyID: c.AccessKeyID,
		secretKey:   c.SecretAccessKey.Reveal(),
		token:       c.SessionToken.Reveal(),
		region:      p.Region,
		expires:     c.Expires.UTC().Format(time.RFC3339),
	}
	if v.accessKeyID == "" || v.secretKey == "" || v.token == "" || c.Expires.IsZero() {
		return secret.Text{}, errSnippetIncomplete()
	}
	for _, s := range []string{v.accessKeyID, v.secretKey, v.token, v.region} {
		if !isPrintable(s) {
			return secret.Text{}, errSnippetUnprintable()
		}
	}
	var text string
	var err error
	switch f {
	case Bash, "":
		text = bashSnippet(v)
	case Fish:
		text = fishSnippet(v)
	case PowerShell:
		text = powershellSnippet(v)
	case Cmd:
		text, err = cmdSnippet(v)
	case Dotenv:
		text, err = dotenvSnippet(v)
	case Profile:
		text, err = profileSnippet(v, p.Profile)
	case JSON:
		text, err = jsonSnippet(v)
	default:
		err = snippetError("I do not know that format.", "I can write "+FormatList()+".")
	}
	if err != nil {
		return secret.Text{}, err
	}
	return secret.New(text), nil
}

// values are revealed: they live on the stack of [New], which hands them only to
// what writes its text.
type values struct {
	accessKeyID, secretKey, token string
	region                        string // "" where the Account has none
	expires                       string // RFC 3339, UTC
}

// A variable is one environment variable.
type variable struct{ name, value string }

// variables returns them in the order in which they are written. boto3 and AWS
// CLI v1 read AWS_DEFAULT_REGION alone, newer SDKs AWS_REGION first.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
func (v values) variables() []variable {
	all := []variable{
		{"AWS_ACCESS_KEY_ID", v.accessKeyID},
		{"AWS_SECRET_ACCESS_KEY", v.secretKey},
		{"AWS_SESSION_TOKEN", v.token},
	}
	if v.region != "" {
		all = append(all, variable{"AWS_REGION", v.region}, variable{"AWS_DEFAULT_REGION", v.region})
	}
	return append(all, variable{"AWS_CREDENTIAL_EXPIRATION", v.expires})
}

// inTheWay are the variables that some reader prefers to those of a snippet, or
// takes together with them: a profile goes before keys in the SDKs for Go and
// JavaScript, and one that is missing stops the AWS CLI; AWS_SECURITY_TOKEN goes
// before AWS_SESSION_TOKEN in botocore; account and scope of other credentials
// choose endpoints.
// https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html#EVarSettings
func inTheWay() []string {
	return []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN", "AWS_ACCOUNT_ID", "AWS_CREDENTIAL_SCOPE"}
}

// credentialNames are the variables of old credentials, which a snippet replaces.
// Where it may not get that far they go first.
func credentialNames() []string {
	return append(inTheWay(), "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION")
}

// lines writes one line for each variable.
func (v values) lines(line func(variable) string) []string {
	var all []string
	for _, each := range v.variables() {
		all = append(all, line(each))
	}
	return all
}

func joinLines(lines []string) string { return strings.Join(lines, "\n") }

// isPrintable reports whether s survives being shown, copied and pasted: no
// controls, nothing invisible, no white space but the plain space.
func isPrintable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func snippetError(message, hint string) error {
	return &broker.Error{Code: broker.CodeInternal, What: prose.Say(message), Hint: prose.Say(hint)}
}

func errSnippetIncomplete() error {
	return snippetError("These credentials are incomplete, so there is nothing to paste.", "Ask for new ones.")
}

func errSnippetUnprintable() error {
	return snippetError("These credentials hold characters that AWS never issues, so they are not shown.", "Ask for new ones, and tell who runs this bot.")
}

// errSnippetUnfit answers a value that the format has no certain way to write.
func errSnippetUnfit(f Format) error {
	return snippetError("These credentials cannot be written as "+string(f)+" without doubt.",
		"Ask for another format, such as as bash, as powershell or as json.")
}
