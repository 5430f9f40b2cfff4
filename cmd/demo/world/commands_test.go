package world

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/cmd/internal/app"
)

func TestCommandsAreThoseOfTheManifest(t *testing.T) {
	manifest, err := os.ReadFile("../../../deploy/slack-manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	field := func(text, name string) string {
		found := regexp.MustCompile(`(?m)^\s+` + name + `: (.*)$`).FindStringSubmatch(text)
		if found == nil {
			return ""
		}
		return found[1]
	}
	var want []Command
	registered, _, _ := strings.Cut(string(manifest), "oauth_config:")
	for _, each := range strings.Split(registered, "    - command: ")[1:] {
		name, rest, _ := strings.Cut(each, "\n")
		want = append(want, Command{name, field(rest, "description"), field(rest, "usage_hint")})
	}
	if got := Commands(); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !strings.Contains(string(manifest), "callback_id: "+Shortcut+"\n") {
		t.Errorf("the manifest has no shortcut %q", Shortcut)
	}
}

func TestPrefixOfCommandsIsKnownToABotElsewhereAlone(t *testing.T) {
	ours, theirs := &World{App: &app.App{}}, &World{}
	for _, test := range []struct {
		name         string
		ours, theirs bool
	}{
		{"/assume", true, true},
		{"/aws-assume", false, true},
		{"/asume", false, false},
		{"/", false, false},
		{"assume", false, false},
	} {
		if got := ours.Registered(test.name); got != test.ours {
			t.Errorf("%s of the demo's own bot: got %v, want %v", test.name, got, test.ours)
		}
		if got := theirs.Registered(test.name); got != test.theirs {
			t.Errorf("%s of a bot elsewhere: got %v, want %v", test.name, got, test.theirs)
		}
	}
}
