package main

import (
	"cmp"
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "version",
		Short:             "Say which version this is",
		Long:              "Say which version this is, of which commit, and how it was built: with which Go, and for what.",
		Example:           "  assumebot version",
		Args:              noArgs("it takes no arguments"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			info, ok := debug.ReadBuildInfo()
			_, err := fmt.Fprintf(c.OutOrStdout(), "%s\n%s\n", versionText(info, ok), buildText(info))
			return err
		},
	}
}

// versionText is one line: module version, commit, compiler. What the build did
// not record is called unknown.
func versionText(info *debug.BuildInfo, ok bool) string {
	const unknown = "unknown"
	if !ok {
		return fmt.Sprintf("assumebot %s, commit %s", unknown, unknown)
	}
	commit, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = " with uncommitted changes"
		}
	}
	return fmt.Sprintf("assumebot %s, commit %s%s, %s", cmp.Or(info.Main.Version, unknown), cmp.Or(commit, unknown), dirty, cmp.Or(info.GoVersion, unknown))
}

// buildText is one line: the platform, when the commit was made, and whether it was
// built as releases are, whose bytes anybody can make again from the commit.
func buildText(info *debug.BuildInfo) string {
	set := map[string]string{}
	if info != nil {
		for _, s := range info.Settings {
			set[s.Key] = s.Value
		}
	}
	const unknown = "unknown"
	how := "as releases are"
	for name, want := range map[string]string{"-tags": "grpcnotrace", "-trimpath": "true", "CGO_ENABLED": "0", "vcs.modified": "false"} {
		if set[name] != want {
			how = "otherwise than releases are"
		}
	}
	return fmt.Sprintf("built %s, for %s/%s, from a commit of %s",
		how, cmp.Or(set["GOOS"], unknown), cmp.Or(set["GOARCH"], unknown), cmp.Or(set["vcs.time"], unknown))
}
