package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// The image has no base: nothing in it but what is listed here, so nothing to pin, to
// update or to break into a shell with. The user is a number, for which no file is
// needed, and owns nothing.
const (
	imageUser    = "65532:65532"
	programPath  = "assumebot"
	certsPath    = "etc/ssl/certs/ca-certificates.crt"
	licencesPath = "licenses/THIRD_PARTY_LICENSES.txt"
)

// A file is one of the image: owned by root, writable by nobody.
type file struct {
	name string // with no slash before it
	mode int64
	data []byte // nil for a directory
}

func (f file) dir() bool { return f.data == nil }

// rootOf is the root file system, parents first, in the order of names.
func rootOf(binary, licences []byte) ([]file, error) {
	certs, err := certificates()
	if err != nil {
		return nil, err
	}
	return []file{
		{programPath, 0o555, binary},
		{"etc", 0o555, nil},
		{"etc/ssl", 0o555, nil},
		{"etc/ssl/certs", 0o555, nil},
		{certsPath, 0o444, certs},
		{"licenses", 0o555, nil},
		{licencesPath, 0o444, licences},
	}, nil
}

// writeRoot writes the root file system as files, for a Dockerfile to copy.
func writeRoot(binary, licences, dir string) error {
	p, err := readProgram(binary)
	if err != nil {
		return err
	}
	notice, err := os.ReadFile(licences)
	if err != nil {
		return err
	}
	files, err := rootOf(p.data, notice)
	if err != nil {
		return err
	}
	return writeFiles(files, dir)
}

// writeFiles writes files below dir, which it makes. Directories stay open to their
// owner, or nothing could be written into them.
func writeFiles(files []file, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.name))
		if f.dir() {
			if err := os.MkdirAll(name, 0o755); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(name, f.data, os.FileMode(f.mode)); err != nil {
			return err
		}
	}
	return nil
}

// layerOf packs files: the time is that of the commit, the owner root.
func layerOf(files []file, at time.Time) (v1.Layer, error) {
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	for _, f := range files {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.data)), ModTime: at, Format: tar.FormatUSTAR}
		if f.dir() {
			h.Typeflag, h.Name = tar.TypeDir, f.name+"/"
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer),
		tarball.WithCompressionLevel(gzip.BestCompression), tarball.WithCompressedCaching)
}

// imageOf is the image of one platform.
func imageOf(p program, files []file) (v1.Image, error) {
	layer, err := layerOf(files, p.at)
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	image, err := mutate.Append(base, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: p.at}, CreatedBy: "ship image", Comment: "assumebot, root certificates, licences"},
	})
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(image, configOf(image, p))
}

func configOf(image v1.Image, p program) *v1.ConfigFile {
	config, err := image.ConfigFile()
	if err != nil { // an image in memory has one
		panic(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = p.os, p.arch, v1.Time{Time: p.at}
	config.Config = v1.Config{
		User:       imageUser,
		Entrypoint: []string{"/" + programPath},
		Cmd:        []string{"run"},
		WorkingDir: "/",
		Labels: map[string]string{
			"org.opencontainers.image.title":    "assumebot",
			"org.opencontainers.image.version":  p.version,
			"org.opencontainers.image.revision": p.commit,
			"org.opencontainers.image.created":  p.at.UTC().Format(time.RFC3339),
		},
	}
	return config
}

// indexOf is the image for all platforms. The programs must be of one commit.
func indexOf(programs []program, licences []byte) (v1.ImageIndex, error) {
	if len(programs) == 0 {
		return nil, errors.New("no binary was given")
	}
	slices.SortFunc(programs, func(a, b program) int { return cmp.Or(cmp.Compare(a.os, b.os), cmp.Compare(a.arch, b.arch)) })
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for i, p := range programs {
		if err := p.released(); err != nil {
			return nil, fmt.Errorf("%s/%s: %w", p.os, p.arch, err)
		}
		if p.commit != programs[0].commit || p.version != programs[0].version {
			return nil, fmt.Errorf("the binaries are of two commits, %s and %s", programs[0].commit, p.commit)
		}
		if i > 0 && p.arch == programs[i-1].arch && p.os == programs[i-1].os {
			return nil, fmt.Errorf("two binaries are for %s/%s", p.os, p.arch)
		}
		files, err := rootOf(p.data, licences)
		if err != nil {
			return nil, err
		}
		image, err := imageOf(p, files)
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        image,
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: p.os, Architecture: p.arch}},
		})
	}
	return index, nil
}

// writeImage writes the image and prints its digest.
func writeImage(out, licences string, binaries []string, stdout io.Writer) error {
	if out == "" {
		return errors.New("say with -o where the image goes")
	}
	notice, err := os.ReadFile(licences)
	if err != nil {
		return err
	}
	programs := make([]program, len(binaries))
	for i, path := range binaries {
		if programs[i], err = readProgram(path); err != nil {
			return err
		}
	}
	index, err := indexOf(programs, notice)
	if err != nil {
		return err
	}
	if err := saveLayout(index, programs[0], out); err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, digest)
	return err
}
