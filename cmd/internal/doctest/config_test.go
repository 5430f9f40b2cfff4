package doctest

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/bot/command"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// least are the parts of a config that a fragment may leave out.
var least = []struct{ key, text string }{
	{"slack:", "slack: {workspaces: [T0123], audit_channel: C0AUDIT}\n"},
	{"users:", "users:\n  - {slack: U01ALICE, name: alice, session_name: alice, mfa_serial: GAHT00000001, credentials: {env: ALICE}}\n"},
	{"accounts:", "accounts:\n  - {name: prod, role_arn: \"arn:aws:iam::222222222222:role/OnCall\", allow: [U01ALICE]}\n"},
}

func TestConfigsOfTheGuidesAreRight(t *testing.T) {
	t.Parallel()
	blocks := of(t, "yaml")
	if len(blocks) == 0 {
		t.Error("got no config, want that of the install")
	}
	for _, b := range blocks {
		text := b.text
		if strings.HasPrefix(text, "  - name: ") { // an account, below those that are there
			text = least[2].text + text
		}
		for _, part := range least {
			if !strings.HasPrefix(text, part.key) && !strings.Contains(text, "\n"+part.key) {
				text += part.text
			}
		}
		readFile := func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(root, "deploy", name)) }
		if _, err := config.Parse(b.guide, []byte(text), readFile); err != nil {
			t.Errorf("%s:%d: %v", b.guide, b.line, err)
		}
	}
}

// TestTheGrammarReadsWhatTheGuidesSayToType reads each line of a block twice: as short and as
// long as its brackets allow. Two spaces end what is typed. It reads each command in a table, too.
func TestTheGrammarReadsWhatTheGuidesSayToType(t *testing.T) {
	t.Parallel()
	const public = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
	const ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIJ6Xr6JMqVIm5LWCy6kAnLZMPqcVIwZ7XPcN0pBKHg0"
	words := strings.NewReplacer("ssh-ed25519 AAAA…", ssh, "age1…", public, "ACCOUNT", "prod", "CODE", "123456", "REASON", "INC-42",
		"@P", "<@U02BOB|bob>")
	read := 0
	reads := func(guide, typed string) {
		read++
		if err := parse(words.Replace(typed)); err != nil {
			t.Errorf("%s: %q: %v", guide, typed, err)
		}
	}
	for _, b := range of(t, "slack") {
		for _, line := range strings.Split(strings.TrimRight(b.text, "\n"), "\n") {
			typed, _, _ := strings.Cut(line, "  ")
			reads(b.guide, without(typed))
			reads(b.guide, strings.NewReplacer("[", "", "]", "").Replace(typed))
		}
	}
	inTable := regexp.MustCompile("`(/(?:assume|mfa|buckets|sessions)(?: [^`]*)?)`")
	for _, g := range guides(t) {
		for _, line := range strings.Split(g.prose, "\n") {
			if !strings.HasPrefix(line, "| ") {
				continue
			}
			for _, found := range inTable.FindAllStringSubmatch(line, -1) {
				reads(g.path, found[1])
			}
		}
	}
	if read < 50 {
		t.Errorf("got %d commands, want the lists of README and using.md", read)
	}
}

// without is a line without what stands in brackets.
func without(line string) string {
	for {
		before, rest, found := strings.Cut(line, " [")
		if !found {
			return line
		}
		_, after, _ := strings.Cut(rest, "]")
		line = before + after
	}
}

func parse(typed string) (err error) {
	name, text, _ := strings.Cut(typed, " ")
	switch name {
	case "/assume":
		_, err = command.ParseAssume(text)
	case "/mfa":
		_, err = command.ParseMFA(text)
	case "/buckets":
		_, err = command.ParseBuckets(text)
	case "/sessions":
	default:
		err = errors.New("there is no such command")
	}
	return err
}
