package main

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// saved is a good image as a file.
func saved(t *testing.T) string {
	t.Helper()
	programs := both(t)
	index, err := indexOf(programs, someLicences)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "image.tar")
	if err := saveLayout(index, programs[0], path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUnpackWritesTheRootFileSystemOfOnePlatform(t *testing.T) {
	t.Parallel()
	image, dir := saved(t), filepath.Join(t.TempDir(), "root")
	if err := unpackFile(image, "linux/arm64", dir); err != nil {
		t.Fatal(err)
	}
	p, err := readProgram(filepath.Join(dir, programPath))
	if err != nil || p.arch != "arm64" {
		t.Errorf("got a program for %s, %v, want arm64", p.arch, err)
	}
	for name, want := range map[string]os.FileMode{programPath: 0o555, certsPath: 0o444, licencesPath: 0o444} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != want {
			t.Errorf("%s: got %v, %v, want %v", name, info, err, want)
		}
	}
	if err := unpackFile(image, "linux/arm64", dir); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a second time: got %v", err)
	}
	if err := unpackFile(image, "linux/s390x", t.TempDir()); err == nil || !strings.Contains(err.Error(), "has no linux/s390x") {
		t.Errorf("of another platform: got %v", err)
	}
}

// rewritten is a tar with do done to each entry.
func rewritten(t *testing.T, path string, do func(*tar.Header, []byte) (*tar.Header, []byte)) string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var out bytes.Buffer
	w, r := tar.NewWriter(&out), tar.NewReader(file)
	for {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		h, data = do(h, data)
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(data))
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "rewritten.tar")
	if err := os.WriteFile(to, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestInspectRefusesADamagedOrHostileTar(t *testing.T) {
	t.Parallel()
	image := saved(t)
	same := func(h *tar.Header, data []byte) (*tar.Header, []byte) { return h, data }
	if err := inspectFile(rewritten(t, image, same), io.Discard); err != nil {
		t.Fatalf("packed again: got %v, want it to pass", err)
	}
	for want, do := range map[string]func(*tar.Header, []byte) (*tar.Header, []byte){
		"the image is damaged": func(h *tar.Header, data []byte) (*tar.Header, []byte) {
			if len(data) > 100_000 {
				data[len(data)/2] ^= 1
			}
			return h, data
		},
		"escapes": func(h *tar.Header, data []byte) (*tar.Header, []byte) {
			if h.Name == "oci-layout" {
				h.Name = "../oci-layout"
			}
			return h, data
		},
		"neither file nor directory": func(h *tar.Header, data []byte) (*tar.Header, []byte) {
			if h.Name == "oci-layout" {
				return &tar.Header{Typeflag: tar.TypeSymlink, Name: h.Name, Linkname: "/etc/passwd"}, nil
			}
			return h, data
		},
		"no OCI layout": func(h *tar.Header, data []byte) (*tar.Header, []byte) {
			if h.Name == "index.json" {
				data = []byte("{")
			}
			return h, data
		},
		"names 0 images": func(h *tar.Header, data []byte) (*tar.Header, []byte) {
			if h.Name == "index.json" {
				data = []byte(`{"schemaVersion": 2, "manifests": []}`)
			}
			return h, data
		},
	} {
		if err := inspectFile(rewritten(t, image, do), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	none := filepath.Join(t.TempDir(), "none.tar")
	if err := os.WriteFile(none, bytes.Repeat([]byte("x"), 2048), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := inspectFile(none, io.Discard); err == nil || !strings.Contains(err.Error(), "is no tar") {
		t.Errorf("no tar: got %v", err)
	}
}
