package main

import (
	"cmp"
	"fmt"
	"runtime/debug"
)

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
