package setup

import (
	"encoding/json"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/assumebot/assumebot/deploy"
)

// commandLine begins the name of a slash command in the manifest.
const commandLine = "    - command: /"

// Manifest is the manifest of the Slack app, as YAML, with prefix before the names of
// its commands. Without one it is deploy/slack-manifest.yaml.
func Manifest(prefix string) string {
	return strings.ReplaceAll(deploy.Manifest, commandLine, commandLine+prefix)
}

// ManifestJSON is the same as JSON, without comments.
func ManifestJSON(prefix string) ([]byte, error) {
	var of map[string]any
	if err := yaml.Unmarshal([]byte(Manifest(prefix)), &of); err != nil {
		return nil, err
	}
	out, err := json.MarshalIndent(of, "", "  ")
	return append(out, '\n'), err
}
