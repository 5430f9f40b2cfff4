// Command ship makes what a release has beside the program, and inspects it: the
// container image, the certificates in it and the licences of what is linked. It needs
// no container engine, and is a module of its own, so that the bot depends on none of
// what it uses.
//
// What it writes depends on its input alone: the same binaries give the same bytes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

const usage = `usage:
  ship licences [-check FILE] [-table] DIR     the licences of what ./cmd/assumebot of DIR links, for all that it is released for
  ship root -licences FILE BINARY DIR          the root file system of the image, as files
  ship image -licences FILE -o FILE BINARY...  the image, one platform for each binary, as a tar of an OCI layout
  ship inspect FILE                            whether an image is as it must be; says what it is
  ship unpack -platform OS/ARCH FILE DIR       the root file system of one platform of an image
  ship sbom SBOM BINARY                        whether a CycloneDX SBOM lists what is linked into a binary
`

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ship:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	flags := flag.NewFlagSet("ship", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(flags.Output(), usage) }
	var (
		out      = flags.String("o", "", "where it is written")
		licences = flags.String("licences", "", "file of licences")
		platform = flags.String("platform", "linux/amd64", "OS/ARCH")
		check    = flags.String("check", "", "a file that must already say the same")
		table    = flags.Bool("table", false, "names alone")
	)
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	rest := flags.Args()
	want := map[string]int{"licences": 1, "root": 2, "inspect": 1, "unpack": 2, "sbom": 2}
	if n, ok := want[args[0]]; ok && len(rest) != n {
		return fmt.Errorf("%s takes %d arguments\n%s", args[0], n, usage)
	}
	switch args[0] {
	case "licences":
		return writeLicences(rest[0], *check, *table, stdout)
	case "root":
		return writeRoot(rest[0], *licences, rest[1])
	case "image":
		return writeImage(*out, *licences, rest, stdout)
	case "inspect":
		return inspectFile(rest[0], stdout)
	case "unpack":
		return unpackFile(rest[0], *platform, rest[1])
	case "sbom":
		return checkSBOM(rest[0], rest[1], stdout)
	}
	return fmt.Errorf("unknown command %q\n%s", args[0], strings.TrimSpace(usage))
}
