package setup

import (
	"bytes"
	_ "embed"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"

	"github.com/assumebot/assumebot/cmd/internal/config"
)

//go:embed config.yaml.tmpl
var configText string

// Config is the config file that the answers make.
func (a Answers) Config() ([]byte, error) {
	t, err := template.New("config").Parse(configText)
	if err != nil {
		return nil, err
	}
	people := a.people()
	for i, p := range people {
		people[i] = scalar(p)
	}
	credentials, is := a.credentials()
	var b bytes.Buffer
	err = t.Execute(&b, map[string]string{
		"SchemaLine": config.SchemaLine, "FileName": config.FileName,
		"Workspace": scalar(a.Workspace), "Channel": scalar(a.Channel), "SlackUser": scalar(a.SlackUser), "Prefix": optional(a.Prefix),
		"Name": scalar(a.UserName()), "MFASerial": scalar(a.MFASerial), "Credentials": credentials, "KeyIs": is,
		"Account": scalar(a.Account), "Role": scalar(a.Role), "ExternalID": scalar(a.ExternalID), "Region": scalar(a.Region),
		"Revoker": optional(a.Revoker), "Allow": strings.Join(people, ", "),
	})
	return b.Bytes(), err
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
var plain = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_./:@=+-]*$`)

// scalar writes text so that YAML reads it as that text.
func scalar(text string) string {
	if plain.MatchString(text) {
		if out, err := yaml.Marshal(text); err == nil && string(out) == text+"\n" {
			return text
		}
	}
	return strconv.QuoteToASCII(text)
}

func optional(text string) string {
	if text == "" {
		return ""
	}
	return scalar(text)
}
