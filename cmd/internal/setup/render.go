package setup

import (
	_ "embed"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/assumebot/assumebot/broker/text"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

//go:embed config.yaml.tmpl
var configText string

// Config is the config file that the answers make.
func (a Answers) Config() []byte {
	people := a.people()
	for i, p := range people {
		people[i] = scalar(p)
	}
	credentials, is := a.credentials()
	prefix := optional("\n  # The app's manifest must say the same: assumebot manifest --config "+config.FileName+"\n  command_prefix: ", a.Prefix)
	revoker := optional("\n    # /assume revoke has AWS refuse what is out; the role above must have its permissions boundary.\n    revoker: ", a.Revoker)
	return []byte(strings.NewReplacer(
		"{{SchemaLine}}", config.SchemaLine, "{{FileName}}", config.FileName,
		"{{Workspace}}", scalar(a.Workspace), "{{Channel}}", scalar(a.Channel), "{{SlackUser}}", scalar(a.SlackUser), "{{PrefixLines}}", prefix,
		"{{Name}}", scalar(a.UserName()), "{{MFASerial}}", scalar(a.MFASerial), "{{Credentials}}", credentials, "{{KeyIs}}", is,
		"{{Account}}", scalar(a.Account), "{{Role}}", scalar(a.Role), "{{ExternalID}}", scalar(a.ExternalID), "{{Region}}", scalar(a.Region),
		"{{RevokerLines}}", revoker, "{{Allow}}", strings.Join(people, ", "),
	).Replace(configText))
}

// credentials is the value of the key of that name, and what a comment says of it.
func (a Answers) credentials() (value, is string) {
	kind, name, _ := a.keySource()
	value = "{" + kind + ": " + scalar(name) + "}"
	switch kind {
	case "secret":
		return value, "a secret of AWS Secrets Manager, a JSON object with access_key_id and secret_access_key."
	case "profile":
		return value, "a profile of the SDK's shared config."
	case "env":
		return value, "PREFIX_AWS_ACCESS_KEY_ID and PREFIX_AWS_SECRET_ACCESS_KEY, or files that …_FILE of each names."
	}
	return "{default: true}", "the SDK's default chain."
}

// plain needs no quotes, also between brackets.
var plain = text.NewPattern(`^[A-Za-z0-9][A-Za-z0-9_./:@=+-]*$`)

// scalar writes text so that YAML reads it as that text.
func scalar(text string) string {
	if plain.MatchString(text) {
		if out, err := yaml.Marshal(text); err == nil && string(out) == text+"\n" {
			return text
		}
	}
	return strconv.QuoteToASCII(text)
}

// optional is the value after its lines, and nothing where there is none.
func optional(lines, value string) string {
	if value == "" {
		return ""
	}
	return lines + scalar(value)
}
