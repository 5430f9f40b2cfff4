package main

import (
	"bytes"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

func TestAnImageOfReleasedBuildsPasses(t *testing.T) {
	t.Parallel()
	index, err := indexOf(both(t), someLicences)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if err := inspected(t, index, &said); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"linux/amd64: sha256:", "linux/arm64: sha256:", "user 65532:65532", "entrypoint [/assumebot]"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("got %q, want %q in it", said.String(), want)
		}
	}
}

func TestTheSameBinariesGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	var tars [2][]byte
	for i := range tars {
		programs := []program{buildAnew(t, "amd64", released), buildAnew(t, "arm64", released)}
		if i == 1 {
			slices.Reverse(programs)
		}
		index, err := indexOf(programs, someLicences)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "image.tar")
		if err := saveLayout(index, programs[0], path); err != nil {
			t.Fatal(err)
		}
		if tars[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second - time.Duration(time.Now().Nanosecond())) // a time in it would be another
	}
	if !bytes.Equal(tars[0], tars[1]) {
		t.Error("got two images, want one")
	}
}

func with(extra ...file) func([]file) []file {
	return func(files []file) []file { return append(files, extra...) }
}

// on changes the one file of this name.
func on(name string, do func(*file)) func([]file) []file {
	return func(files []file) []file {
		for i := range files {
			if files[i].name == name {
				do(&files[i])
			}
		}
		return files
	}
}

func TestInspectRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	noise := make([]byte, maxCompressed)
	_, _ = rand.Read(noise)
	tests := map[string]struct {
		change change
		want   string
	}{
		"root by number":   {change{config: func(c *v1.ConfigFile) { c.Config.User = "0" }}, "User is 0, want 65532:65532"},
		"root by name":     {change{config: func(c *v1.ConfigFile) { c.Config.User = "root" }}, "User is root"},
		"no user":          {change{config: func(c *v1.ConfigFile) { c.Config.User = "" }}, "User is , want"},
		"group of root":    {change{config: func(c *v1.ConfigFile) { c.Config.User = "65532:0" }}, "User is 65532:0"},
		"a shell to begin": {change{config: func(c *v1.ConfigFile) { c.Config.Entrypoint = []string{"/bin/sh", "-c"} }}, "Entrypoint is"},
		"another command":  {change{config: func(c *v1.ConfigFile) { c.Config.Cmd = []string{"version"} }}, "Cmd is"},
		"a secret inside":  {change{config: func(c *v1.ConfigFile) { c.Config.Env = []string{"SLACK_BOT_TOKEN=x"} }}, "Env is"},
		"a port":           {change{config: func(c *v1.ConfigFile) { c.Config.ExposedPorts = map[string]struct{}{"9464": {}} }}, "ExposedPorts is"},
		"a volume":         {change{config: func(c *v1.ConfigFile) { c.Config.Volumes = map[string]struct{}{"/": {}} }}, "Volumes is"},
		"a health check": {change{config: func(c *v1.ConfigFile) {
			c.Config.Healthcheck = &v1.HealthConfig{Test: []string{"CMD-SHELL", "id"}}
		}}, "Healthcheck is"},
		"a trigger":         {change{config: func(c *v1.ConfigFile) { c.Config.OnBuild = []string{"RUN id"} }}, "OnBuild is"},
		"another commit":    {change{config: func(c *v1.ConfigFile) { c.Config.Labels["org.opencontainers.image.revision"] = "0" }}, "label says revision"},
		"time of the build": {change{config: func(c *v1.ConfigFile) { c.Created.Time = time.Now() }}, "want the time of the commit"},
		"a shell":           {change{files: with(file{"sh", 0o555, []byte("#!")})}, "sh is in it, and should not be"},
		"a directory":       {change{files: with(file{"tmp", 0o777, nil})}, "tmp is in it"},
		"twice":             {change{files: with(file{programPath, 0o555, []byte("another")})}, "duplicate file path: assumebot"},
		"set user ID":       {change{files: on(programPath, func(f *file) { f.mode = 0o4555 })}, "assumebot has mode 4555, want 555"},
		"can be replaced":   {change{files: on(certsPath, func(f *file) { f.mode = 0o666 })}, "has mode 666, want 444"},
		"no directory":      {change{files: on("etc", func(f *file) { f.data = []byte{} })}, `etc is of type '0', want '5'`},
		"no certificates":   {change{files: on(certsPath, func(f *file) { f.data = []byte{} })}, "the certificates lack Amazon Root CA 1"},
		"another authority": {change{files: on(certsPath, func(f *file) { f.data = append(f.data, "\n"...) })}, "not those that go.sum pins"},
		"no licences":       {change{files: on(licencesPath, func(f *file) { f.data = []byte("MIT") })}, "it lacks the licences"},
		"too large":         {change{files: on(licencesPath, func(f *file) { f.data = noise })}, "bytes compressed, at most 20971520 are allowed"},
		"another program":   {change{files: on(programPath, func(f *file) { f.data = []byte("#!/bin/sh\n") })}, "no program built by Go"},
		"other processor":   {change{program: func(p *program) { *p = built(t, "arm64", released); p.arch = "amd64" }}, "the program is for linux/arm64"},
		"not static":        {change{program: func(p *program) { *p = built(t, "amd64", released+" -buildmode=pie") }}, "it is not static"},
		"paths of a machine": {change{program: func(p *program) {
			*p = built(t, "amd64", "-buildvcs=true -tags grpcnotrace")
		}}, "built with -trimpath=, want true"},
		"pages of gRPC": {change{program: func(p *program) { *p = built(t, "amd64", "-buildvcs=true -trimpath") }}, "built with -tags=, want grpcnotrace"},
		"no commit": {change{program: func(p *program) {
			*p = built(t, "amd64", "-buildvcs=false -trimpath -tags grpcnotrace")
		}}, "it does not tell its commit"},
		"two layers": {change{image: func(image v1.Image) v1.Image {
			layers, _ := image.Layers()
			image, _ = mutate.AppendLayers(image, layers...)
			return image
		}}, "it has 2 layers, want one"},
	}
	programs := both(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := inspected(t, changed(t, programs, test.change), io.Discard)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "linux/arm64:") {
				t.Errorf("got %v, want nothing said of arm64", err)
			}
		})
	}
}

func TestInspectRefusesFewerAndOtherPlatforms(t *testing.T) {
	t.Parallel()
	programs := both(t)
	err := inspected(t, changed(t, programs[:1], change{}), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "got platforms [linux/amd64], want [linux/amd64 linux/arm64]") {
		t.Errorf("of one platform: got %v", err)
	}
	err = inspected(t, changed(t, append(programs, built(t, "386", released)), change{}), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "got platforms [linux/386 ") {
		t.Errorf("of three platforms: got %v", err)
	}
}

func TestAnImageIsMadeOfReleasedBuildsOfOneCommitAlone(t *testing.T) {
	t.Parallel()
	programs := both(t)
	other := programs[1]
	other.commit = "another"
	for want, of := range map[string][]program{
		"no binary":             nil,
		"two commits":           {programs[0], other},
		"two binaries are for":  {programs[0], programs[0]},
		"-tags=, want":          {programs[0], built(t, "arm64", "-buildvcs=true -trimpath")},
		"not tell its commit":   {built(t, "amd64", "-buildvcs=false -trimpath -tags grpcnotrace")},
		"is not static: it has": {built(t, "amd64", released+" -buildmode=pie")},
	} {
		if _, err := indexOf(slices.Clone(of), someLicences); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
