package setup

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

type manifest struct {
	Features struct {
		Commands []struct {
			Name   string `json:"command" yaml:"command"`
			Escape bool   `json:"should_escape" yaml:"should_escape"`
		} `json:"slash_commands" yaml:"slash_commands"`
	} `json:"features" yaml:"features"`
}

func TestManifestWithoutAPrefixIsTheShippedOne(t *testing.T) {
	shipped, err := os.ReadFile("../../../deploy/slack-manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(shipped), Manifest("")); diff != "" {
		t.Errorf("manifest (-shipped +printed):\n%s", diff)
	}
}

func TestManifestPutsThePrefixBeforeEachCommand(t *testing.T) {
	text, err := ManifestJSON("aws-")
	if err != nil {
		t.Fatal(err)
	}
	var byYAML, byJSON manifest
	if err := yaml.Unmarshal([]byte(Manifest("aws-")), &byYAML); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &byJSON); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(byYAML, byJSON); diff != "" {
		t.Errorf("manifest (-YAML +JSON):\n%s", diff)
	}
	var got []string
	for _, c := range byYAML.Features.Commands {
		if got = append(got, c.Name); !c.Escape {
			t.Errorf("%s does not escape", c.Name)
		}
	}
	if diff := cmp.Diff([]string{"/aws-assume", "/aws-buckets", "/aws-mfa", "/aws-sessions"}, got); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}
