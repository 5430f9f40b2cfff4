package shell

import (
	"encoding/json"
	"maps"
	"regexp"
	"strings"
)

// A line of a snippet is read as the shell reads it that it was made for. Nothing
// here knows the code that wrote it.

// An assignment is what one line does to the environment.
type assignment struct {
	set   map[string]string
	unset []string
}

// maxValue is above the longest session token that AWS issues.
const maxValue = 16 << 10

// ours are the variables that the shell has: those of AWS.
var ours = regexp.MustCompile(`^AWS_[A-Z0-9_]{1,60}$`)

// inProfile are the keys of a section of ~/.aws/credentials.
var inProfile = map[string]string{
	"aws_access_key_id":     accessKeyID,
	"aws_secret_access_key": secretKey,
	"aws_session_token":     sessionToken,
	"region":                "AWS_REGION",
}

var section = regexp.MustCompile(`^\[[^\[\]]{1,100}\]$`)

// readSnippet reads a text of which every line changes the environment, or does nothing.
func readSnippet(text string) (assignment, bool) {
	if values, ok := readJSON(text); ok {
		return assignment{set: values}, true
	}
	all := assignment{set: map[string]string{}}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		a, ok := readLine(line)
		if !ok {
			return assignment{}, false
		}
		maps.Copy(all.set, a.set)
		for _, name := range a.unset {
			delete(all.set, name)
		}
		all.unset = append(all.unset, a.unset...)
	}
	return all, len(all.set)+len(all.unset) > 0
}

// readLine reads a line that changes the environment, or does nothing.
func readLine(line string) (assignment, bool) {
	if names, ok := readUnset(line); ok {
		return assignment{unset: names}, true
	}
	if section.MatchString(line) || strings.HasPrefix(line, "if set -qUx AWS_") { // fish's own care of universal variables
		return assignment{}, true
	}
	name, value, ok := readVariable(line)
	if known := inProfile[name]; known != "" {
		name = known
	}
	switch {
	case !ok || !ours.MatchString(name) || len(value) > maxValue:
		return assignment{}, false
	case value == "":
		return assignment{unset: []string{name}}, true
	}
	return assignment{set: map[string]string{name: value}}, true
}

// readUnset reads what unset, fish's for and Remove-Item take away.
func readUnset(line string) (names []string, ok bool) {
	rest := ""
	switch {
	case strings.HasPrefix(line, "unset AWS_"):
		rest = strings.TrimPrefix(line, "unset ")
	case strings.HasPrefix(line, "for assumebot in AWS_"):
		rest, _, _ = strings.Cut(strings.TrimPrefix(line, "for assumebot in "), ";")
	case strings.HasPrefix(line, "Remove-Item Env:AWS_"):
		rest, _, _ = strings.Cut(strings.TrimPrefix(line, "Remove-Item "), " -")
		rest = strings.NewReplacer("Env:", "", ",", " ").Replace(rest)
	default:
		return nil, false
	}
	for _, name := range strings.Fields(rest) {
		if ours.MatchString(name) {
			names = append(names, name)
		}
	}
	return names, true
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

// readJSON reads what a credential_process prints.
func readJSON(text string) (map[string]string, bool) {
	var doc struct {
		AccessKeyID                   string `json:"AccessKeyId"`
		SecretAccessKey, SessionToken string
	}
	if !strings.HasPrefix(strings.TrimSpace(text), "{") || json.Unmarshal([]byte(text), &doc) != nil {
		return nil, false
	}
	values := map[string]string{accessKeyID: doc.AccessKeyID, secretKey: doc.SecretAccessKey, sessionToken: doc.SessionToken}
	for _, v := range values {
		if v == "" || len(v) > maxValue {
			return nil, false
		}
	}
	return values, true
}
