package main

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/CycloneDX/cyclonedx-go"
)

// checkSBOM holds that an SBOM lists each module that is linked into a binary, by its
// version, and none else.
func checkSBOM(path, binary string, stdout io.Writer) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return err
	}
	want := map[string]bool{"std@" + strings.Fields(info.GoVersion)[0]: true}
	for _, m := range info.Deps {
		want[m.Path+"@"+m.Version] = true
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(file, cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
		return fmt.Errorf("%s is no CycloneDX: %w", path, err)
	}
	got := map[string]bool{}
	var problems []error
	if bom.Components != nil {
		for _, c := range *bom.Components {
			got[c.Name+"@"+c.Version] = true
			if c.PackageURL == "" {
				problems = append(problems, fmt.Errorf("%s has no purl", c.Name))
			}
		}
	}
	if bom.Metadata == nil || bom.Metadata.Component == nil || bom.Metadata.Component.Name != info.Main.Path {
		problems = append(problems, fmt.Errorf("it is not of %s", info.Main.Path))
	}
	for _, m := range slices.Sorted(maps.Keys(want)) {
		if !got[m] {
			problems = append(problems, fmt.Errorf("it lacks %s", m))
		}
	}
	for _, m := range slices.Sorted(maps.Keys(got)) {
		if !want[m] {
			problems = append(problems, fmt.Errorf("it has %s, which is not linked", m))
		}
	}
	if len(problems) == 0 {
		_, err = fmt.Fprintf(stdout, "%s %s: %d components, all that is linked\n", bom.BOMFormat, bom.SpecVersion, len(got))
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
