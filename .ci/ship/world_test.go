package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// someLicences are as long as real ones.
var someLicences = bytes.Repeat([]byte("You may.\n"), 2_000)

// A small module of the same name stands for assumebot: what the toolchain writes into
// its binary is what it writes into the real one.
var checkout = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ship-test-")
	if err != nil {
		return "", err
	}
	for name, text := range map[string]string{
		"go.mod":                "module github.com/assumebot/assumebot\n\ngo 1.26.0\n",
		"cmd/assumebot/main.go": "package main\n\nfunc main() {}\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	for _, args := range []string{"init -q", "add .", "-c user.name=ci -c user.email=ci@example.com commit -q -m first"} {
		git := exec.Command("git", strings.Fields(args)...)
		git.Dir = dir
		if out, err := git.CombinedOutput(); err != nil {
			return "", fmt.Errorf("git %s: %w: %s", args, err, out)
		}
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := checkout(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

const released = "-buildvcs=true -trimpath -tags grpcnotrace"

var (
	buildsMutex sync.Mutex
	builds      = map[string]program{}
)

// built is the small program for one processor, built with flags once.
func built(t *testing.T, arch, flags string) program {
	t.Helper()
	buildsMutex.Lock()
	defer buildsMutex.Unlock()
	key := arch + " " + flags
	if _, ok := builds[key]; !ok {
		builds[key] = buildAnew(t, arch, flags)
	}
	p := builds[key]
	p.problems = slices.Clone(p.problems)
	return p
}

func buildAnew(t *testing.T, arch, flags string) program {
	t.Helper()
	dir, err := checkout()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "assumebot")
	build := exec.Command("go", append(append([]string{"build", "-o", out}, strings.Fields(flags)...), "./cmd/assumebot")...)
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=", "GOOS=linux", "CGO_ENABLED=0", "GOARCH="+arch)
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, said)
	}
	p, err := readProgram(out)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// both are the released builds.
func both(t *testing.T) []program {
	t.Helper()
	return []program{built(t, "amd64", released), built(t, "arm64", released)}
}

// A change is what an attacker, or a mistake, makes of an image before it is packed.
type change struct {
	program func(*program)
	files   func([]file) []file
	config  func(*v1.ConfigFile)
	image   func(v1.Image) v1.Image
}

// changed is the image of both programs with c done to that for amd64.
func changed(t *testing.T, programs []program, c change) v1.ImageIndex {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, p := range programs {
		change := c
		if p.arch != "amd64" {
			change = c.none()
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        change.to(t, p),
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: p.arch}},
		})
	}
	return index
}

func (change) none() change { return change{} }

func (c change) to(t *testing.T, p program) v1.Image {
	t.Helper()
	if c.program != nil {
		c.program(&p)
	}
	files, err := rootOf(p.data, someLicences)
	if err != nil {
		t.Fatal(err)
	}
	if c.files != nil {
		files = c.files(files)
	}
	image, err := imageOf(p, files)
	if err != nil {
		t.Fatal(err)
	}
	if c.config != nil {
		config, err := image.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		config = config.DeepCopy()
		c.config(config)
		if image, err = mutate.ConfigFile(image, config); err != nil {
			t.Fatal(err)
		}
	}
	if c.image != nil {
		image = c.image(image)
	}
	return image
}

// inspected saves an image, as whoever gets one has it, and inspects that.
func inspected(t *testing.T, index v1.ImageIndex, stdout io.Writer) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.tar")
	if err := saveLayout(index, built(t, "amd64", released), path); err != nil {
		t.Fatal(err)
	}
	return inspectFile(path, stdout)
}
