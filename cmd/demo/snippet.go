package main

import (
	"encoding/json"
	"strings"

	"github.com/assumebot/assumebot/broker/awstest"
)

// shown is what a snippet puts into a person's hands.
type shown struct {
	credentials awstest.Credentials
	region      string // "" in a format that has no place for it
}

// readSnippet reads a snippet in any of the bot's formats as what it was made
// for reads it. It knows nothing of the code that wrote it.
func readSnippet(text string) (shown, bool) {
	values := map[string]string{}
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		var doc struct {
			AccessKeyID                   string `json:"AccessKeyId"`
			SecretAccessKey, SessionToken string
		}
		if json.Unmarshal([]byte(text), &doc) != nil {
			return shown{}, false
		}
		values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"] = doc.AccessKeyID, doc.SecretAccessKey
		values["AWS_SESSION_TOKEN"] = doc.SessionToken
	} else {
		for line := range strings.SplitSeq(text, "\n") {
			if name, value, ok := readVariable(strings.TrimSpace(line)); ok {
				values[strings.ToUpper(name)] = value
			}
		}
	}
	s := shown{region: values["AWS_REGION"] + values["REGION"], credentials: awstest.Credentials{
		AccessKeyID: values["AWS_ACCESS_KEY_ID"], SecretAccessKey: values["AWS_SECRET_ACCESS_KEY"],
		SessionToken: values["AWS_SESSION_TOKEN"],
	}}
	return s, s.credentials.AccessKeyID != "" && s.credentials.SecretAccessKey != ""
}

// readVariable reads one line of a shell's snippet, a .env file or a profile.
func readVariable(line string) (name, value string, ok bool) {
	if rest, found := strings.CutPrefix(line, "export "); found { // bash
		name, value, ok = strings.Cut(rest, "=")
		return name, unquote(value, `'\''`, "'"), ok
	}
	if rest, found := strings.CutPrefix(line, "set -gx "); found { // fish
		name, value, ok = strings.Cut(strings.TrimSuffix(rest, ";"), " ")
		return name, unquote(value, `\'`, "'", `\\`, `\`), ok
	}
	if rest, found := strings.CutPrefix(line, "$Env:"); found { // PowerShell
		name, value, ok = strings.Cut(rest, " = ")
		return name, unquote(value, "''", "'"), ok
	}
	if rest, found := strings.CutPrefix(line, `set "`); found { // cmd
		name, value, ok = strings.Cut(strings.TrimSuffix(rest, `"`), "=")
		return name, value, ok
	}
	name, value, ok = strings.Cut(line, "=") // dotenv, profile
	return strings.TrimSpace(name), unquote(strings.TrimSpace(value)), ok
}

// unquote takes single quotes off, and undoes what stands for characters within.
func unquote(s string, escapes ...string) string {
	inner, found := strings.CutPrefix(s, "'")
	if !found {
		return s
	}
	return strings.NewReplacer(escapes...).Replace(strings.TrimSuffix(inner, "'"))
}
