package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// saveLayout writes index as a tar of an OCI layout, which podman, skopeo, crane and
// newer Dockers load. It is named by the version of p.
func saveLayout(index v1.ImageIndex, p program, out string) error {
	dir, err := os.MkdirTemp("", "ship-image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	name := map[string]string{"org.opencontainers.image.ref.name": p.version}
	if err := path.AppendIndex(index, layout.WithAnnotations(name)); err != nil {
		return err
	}
	file, err := os.Create(out)
	if err != nil {
		return err
	}
	return errors.Join(packDir(dir, file, p.at), file.Close())
}

// packDir packs dir in the order of names, with one time and one owner.
func packDir(dir string, out io.Writer, at time.Time) error {
	w := tar.NewWriter(out)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		h := &tar.Header{Typeflag: tar.TypeDir, Name: filepath.ToSlash(name) + "/", Mode: 0o755, ModTime: at, Format: tar.FormatUSTAR}
		if entry.IsDir() {
			return w.WriteHeader(h)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		h.Typeflag, h.Name, h.Mode, h.Size = tar.TypeReg, filepath.ToSlash(name), 0o644, int64(len(data))
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
	return errors.Join(err, w.Close())
}

// maxLayout bounds what is unpacked of an image that others made.
const maxLayout = 256 << 20

// openLayout has what a tar of an OCI layout holds, and forgets it when done is called.
func openLayout(path string) (index v1.ImageIndex, done func(), err error) {
	dir, err := os.MkdirTemp("", "ship-layout-")
	if err != nil {
		return nil, nil, err
	}
	done = func() { _ = os.RemoveAll(dir) }
	if err := unpackLayout(path, dir); err != nil {
		done()
		return nil, nil, err
	}
	if index, err = onlyIndex(dir); err != nil {
		done()
		return nil, nil, err
	}
	return index, done, nil
}

func unpackLayout(path, dir string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	root, err := os.OpenRoot(dir) // no name leads out of it
	if err != nil {
		return err
	}
	defer root.Close()
	left := int64(maxLayout)
	r := tar.NewReader(file)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s is no tar: %w", path, err)
		}
		if left -= h.Size; left < 0 {
			return fmt.Errorf("%s holds more than %d bytes", path, maxLayout)
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(filepath.FromSlash(h.Name), 0o755)
		case tar.TypeReg:
			err = copyInto(root, filepath.FromSlash(h.Name), r)
		default:
			err = fmt.Errorf("%s: %s is neither file nor directory", path, h.Name)
		}
		if err != nil {
			return err
		}
	}
}

func copyInto(root *os.Root, name string, from io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := root.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Close())
}

// onlyIndex is the one index that the layout in dir names.
func onlyIndex(dir string) (v1.ImageIndex, error) {
	top, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, fmt.Errorf("no OCI layout: %w", err)
	}
	manifest, err := top.IndexManifest()
	if err != nil {
		return nil, fmt.Errorf("no OCI layout: %w", err)
	}
	if len(manifest.Manifests) != 1 {
		return nil, fmt.Errorf("the layout names %d images, want one", len(manifest.Manifests))
	}
	return top.ImageIndex(manifest.Manifests[0].Digest)
}
