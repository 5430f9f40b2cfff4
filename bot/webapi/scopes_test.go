package webapi

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestScopesAreThoseOfTheManifest(t *testing.T) {
	manifest, err := os.ReadFile("../../deploy/slack-manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, scopes, _ := strings.Cut(string(manifest), "oauth_config:")
	scopes, _, _ = strings.Cut(scopes, "settings:")
	var want, got []string
	for _, m := range regexp.MustCompile(`(?m)^      - (\S+)`).FindAllStringSubmatch(scopes, -1) {
		want = append(want, m[1])
	}
	for _, s := range Scopes() {
		got = append(got, s.Name)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) || len(got) == 0 {
		t.Errorf("got %v, want those of the manifest, %v", got, want)
	}
}
