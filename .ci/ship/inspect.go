package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// maxCompressed is what one platform's image may have for whoever pulls it.
const maxCompressed = 20 << 20

// maxFile bounds a file that is read out of a layer.
const maxFile = 128 << 20

var platforms = []string{"linux/amd64", "linux/arm64"}

// inspectFile says of each platform what it holds. Its error lists all that is wrong.
func inspectFile(path string, stdout io.Writer) error {
	index, done, err := openLayout(path)
	if err != nil {
		return err
	}
	defer done()
	return inspect(index, stdout)
}

func inspect(index v1.ImageIndex, stdout io.Writer) error {
	// Every digest and size is that of what is there, and nothing is missing.
	if err := validate.Index(index); err != nil {
		return fmt.Errorf("the image is damaged: %w", err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	var got []string
	var problems []error
	for _, d := range manifest.Manifests {
		name := "unknown"
		if d.Platform != nil {
			name = d.Platform.String()
		}
		got = append(got, name)
		image, err := index.Image(d.Digest)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := inspectImage(image, name, stdout); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
	}
	if slices.Sort(got); !slices.Equal(got, platforms) {
		problems = append(problems, fmt.Errorf("got platforms %v, want %v", got, platforms))
	}
	return errors.Join(problems...)
}

func inspectImage(image v1.Image, platform string, stdout io.Writer) error {
	config, err := image.ConfigFile()
	if err != nil {
		return err
	}
	size, err := compressed(image)
	if err != nil {
		return err
	}
	files, problems := readLayers(image)
	if size > maxCompressed {
		problems = append(problems, fmt.Errorf("it has %d bytes compressed, at most %d are allowed", size, maxCompressed))
	}
	problems = append(problems, inspectConfig(config)...)
	problems = append(problems, inspectFiles(files, config.Created.Time)...)
	problems = append(problems, inspectCertificates(files[certsPath].data)...)
	problems = append(problems, inspectProgram(files[programPath].data, config, platform)...)
	if len(files[licencesPath].data) < 10_000 {
		problems = append(problems, errors.New("it lacks the licences of what is linked"))
	}
	digest, err := image.Digest()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s: %s, %.1f MB compressed, user %s, entrypoint %v, %d files and directories\n",
		platform, digest, float64(size)/1e6, config.Config.User, config.Config.Entrypoint, len(files))
	return errors.Join(append(problems, err)...)
}

func compressed(image v1.Image) (int64, error) {
	manifest, err := image.Manifest()
	if err != nil {
		return 0, err
	}
	size := manifest.Config.Size
	for _, layer := range manifest.Layers {
		size += layer.Size
	}
	return size, nil
}

// inspectConfig holds what a container is started with.
func inspectConfig(config *v1.ConfigFile) []error {
	want := v1.Config{
		User:       imageUser,
		Entrypoint: []string{"/" + programPath},
		Cmd:        []string{"run"},
		WorkingDir: "/",
		Labels:     config.Config.Labels,
	}
	var problems []error
	got, expected := reflect.ValueOf(config.Config), reflect.ValueOf(want)
	for i := range got.NumField() { // what is not listed above must not be set: no port, volume, shell or variable
		if !reflect.DeepEqual(got.Field(i).Interface(), expected.Field(i).Interface()) {
			problems = append(problems, fmt.Errorf("%s is %v, want %v", got.Type().Field(i).Name, got.Field(i).Interface(), expected.Field(i).Interface()))
		}
	}
	return problems
}

// A found is a file of a layer, as its header has it.
type found struct {
	header *tar.Header
	data   []byte
}

// readLayers reads all layers, one upon the other.
func readLayers(image v1.Image) (map[string]found, []error) {
	files := map[string]found{}
	layers, err := image.Layers()
	if err != nil {
		return files, []error{err}
	}
	if len(layers) != 1 {
		return files, []error{fmt.Errorf("it has %d layers, want one", len(layers))}
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		return files, []error{err}
	}
	defer content.Close()
	r := tar.NewReader(content)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return files, []error{err}
		}
		name := strings.TrimSuffix(h.Name, "/")
		if _, twice := files[name]; twice {
			return files, []error{fmt.Errorf("%s is there twice", name)}
		}
		data, err := io.ReadAll(io.LimitReader(r, maxFile))
		if err != nil {
			return files, []error{err}
		}
		files[name] = found{header: h, data: data}
	}
}

// inspectFiles holds that there is what rootOf lists and nothing else, so no shell.
func inspectFiles(files map[string]found, at time.Time) []error {
	want, err := rootOf([]byte{}, []byte{})
	if err != nil {
		return []error{err}
	}
	var problems []error
	problem := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	listed := map[string]bool{}
	for _, f := range want {
		listed[f.name] = true
		got, ok := files[f.name]
		if !ok {
			problem("%s is missing", f.name)
			continue
		}
		h := got.header
		kind := byte(tar.TypeReg)
		if f.dir() {
			kind = tar.TypeDir
		}
		if h.Typeflag != kind || h.Linkname != "" {
			problem("%s is of type %q, want %q", f.name, h.Typeflag, kind)
		}
		if h.Mode != f.mode {
			problem("%s has mode %o, want %o", f.name, h.Mode, f.mode)
		}
		if h.Uid != 0 || h.Gid != 0 {
			problem("%s is owned by %d:%d, want root", f.name, h.Uid, h.Gid)
		}
		if len(h.PAXRecords) > 0 {
			problem("%s has %v", f.name, h.PAXRecords)
		}
		if !h.ModTime.Equal(at) {
			problem("%s is of %v, want the time of the commit, %v", f.name, h.ModTime.UTC(), at.UTC())
		}
	}
	for name := range files {
		if !listed[name] {
			problem("%s is in it, and should not be", name)
		}
	}
	return problems
}

// wantedRoots sign for Slack and AWS today.
var wantedRoots = []string{"Amazon Root CA 1", "Amazon Root CA 2", "Amazon Root CA 3", "Amazon Root CA 4", "DigiCert Global Root G2"}

func inspectCertificates(data []byte) []error {
	got := map[string]bool{}
	var problems []error
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			problems = append(problems, fmt.Errorf("a certificate: %w", err))
			continue
		}
		if !cert.IsCA {
			problems = append(problems, fmt.Errorf("%s is no certificate of an authority", cert.Subject))
		}
		got[cert.Subject.CommonName] = true
	}
	for _, want := range wantedRoots {
		if !got[want] {
			problems = append(problems, fmt.Errorf("the certificates lack %s", want))
		}
	}
	own, err := certificates()
	if err == nil && !bytes.Equal(data, own) {
		err = errors.New("the certificates are not those that go.sum pins")
	}
	if err != nil {
		problems = append(problems, err)
	}
	return problems
}

func inspectProgram(data []byte, config *v1.ConfigFile, platform string) []error {
	p, err := parseProgram(data)
	if err != nil {
		return []error{err}
	}
	var problems []error
	if err := p.released(); err != nil {
		problems = append(problems, err)
	}
	if is := p.os + "/" + p.arch; is != platform || config.OS+"/"+config.Architecture != platform {
		problems = append(problems, fmt.Errorf("the program is for %s, the config for %s/%s", is, config.OS, config.Architecture))
	}
	if !config.Created.Time.Equal(p.at) {
		problems = append(problems, fmt.Errorf("created %v, want the time of the commit, %v", config.Created.UTC(), p.at.UTC()))
	}
	for label, want := range map[string]string{"version": p.version, "revision": p.commit} {
		if got := config.Config.Labels["org.opencontainers.image."+label]; got != want {
			problems = append(problems, fmt.Errorf("its label says %s %q, the program %q", label, got, want))
		}
	}
	return problems
}

// unpackFile writes the root file system of one platform into dir.
func unpackFile(path, platform, dir string) error {
	index, done, err := openLayout(path)
	if err != nil {
		return err
	}
	defer done()
	if err := inspect(index, io.Discard); err != nil { // no other is written to a disk
		return err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range manifest.Manifests {
		if d.Platform.String() == platform {
			image, err := index.Image(d.Digest)
			if err != nil {
				return err
			}
			return unpackImage(image, dir)
		}
	}
	return fmt.Errorf("the image has no %s", platform)
}

func unpackImage(image v1.Image, dir string) error {
	found, problems := readLayers(image)
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	if _, err := os.Stat(filepath.Join(dir, programPath)); err == nil {
		return fmt.Errorf("%s is there already", filepath.Join(dir, programPath))
	}
	var files []file
	for name, f := range found {
		data := f.data
		if f.header.Typeflag == tar.TypeDir {
			data = nil
		}
		files = append(files, file{name: name, mode: f.header.Mode, data: data})
	}
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return writeFiles(files, dir)
}
