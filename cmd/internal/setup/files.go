package setup

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/assumebot/assumebot/cmd/internal/config"
)

// A File is one that is written, below the directory of all.
type File struct {
	Name string
	Mode fs.FileMode
	Data []byte
}

// ManifestName is the file of the Slack app's manifest.
const ManifestName = "slack-manifest.yaml"

// Files are all that the answers make. What was not said has its standard answer, and
// the external ID is random.
func (a Answers) Files() ([]File, error) {
	if a.ExternalID == "" {
		random := make([]byte, 16)
		_, _ = rand.Read(random) // it never fails
		a.ExternalID = hex.EncodeToString(random)
	}
	text, err := a.Config()
	if err != nil {
		return nil, err
	}
	schema, err := config.Schema()
	if err != nil {
		return nil, err
	}
	files := []File{
		{config.FileName, 0o600, text},
		{config.SchemaName, 0o644, schema},
		{ManifestName, 0o644, []byte(Manifest(a.Prefix))},
	}
	policies, err := a.Policies()
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(policies)) {
		files = append(files, File{filepath.Join("iam", name), 0o644, policies[name]})
	}
	return files, nil
}

// Existing are those of the files that init may write which are there.
func Existing(dir string) []string {
	var there []string
	for _, name := range []string{config.FileName, config.SchemaName, ManifestName, "iam/bot-policy.json", "iam/revoker-policy.json",
		"iam/revoker-trust-policy.json", "iam/role-trust-policy.json", "iam/user-policy.json"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Lstat(path); err == nil {
			there = append(there, path)
		}
	}
	return there
}

// Write writes all files below dir or none. Where one is there already it is an error,
// unless force is true.
func Write(dir string, files []File, force bool) (err error) {
	w := writing{}
	defer func() {
		if err != nil {
			w.undo()
		}
		w.clean()
	}()
	var temps []string
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if err := w.mkdir(filepath.Dir(path)); err != nil {
			return err
		}
		temp, err := w.temporary(path, f)
		if err != nil {
			return err
		}
		temps = append(temps, temp)
	}
	for i, f := range files {
		if err := w.place(temps[i], filepath.Join(dir, f.Name), force); err != nil {
			return err
		}
	}
	return nil
}

// A writing is what was done so far.
type writing struct {
	dirs   []string          // that were made
	temps  []string          // to be removed
	placed []string          // files that were not there
	saved  map[string]string // what was there, by where it is kept meanwhile
}

func (w *writing) mkdir(dir string) error {
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || d == filepath.Dir(d) {
			break
		}
		w.dirs = append(w.dirs, d)
	}
	slices.SortFunc(w.dirs, func(a, b string) int { return len(b) - len(a) })
	return os.MkdirAll(dir, 0o750)
}

func (w *writing) temporary(path string, f File) (string, error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	w.temps = append(w.temps, temp.Name())
	_, err = temp.Write(f.Data)
	return temp.Name(), errors.Join(err, temp.Chmod(f.Mode), temp.Sync(), temp.Close())
}

// place moves temp to path. What is there is kept until all are placed.
func (w *writing) place(temp, path string, force bool) error {
	own, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		_ = own.Close() // nothing was written
		w.placed = append(w.placed, path)
	case !errors.Is(err, fs.ErrExist):
		return err
	case !force:
		return fmt.Errorf("%s is there already, and nothing was written: --force overwrites it", path)
	default:
		saved := temp + ".before"
		if err := os.Rename(path, saved); err != nil {
			return err
		}
		if w.saved == nil {
			w.saved = map[string]string{}
		}
		w.saved[saved] = path
		w.temps = append(w.temps, saved)
	}
	return os.Rename(temp, path)
}

// undo puts back what was there. What fails of it cannot be helped.
func (w *writing) undo() {
	for _, path := range w.placed {
		_ = os.Remove(path)
	}
	for saved, path := range w.saved {
		_ = os.Rename(saved, path)
	}
	w.clean()
	for _, dir := range w.dirs {
		_ = os.Remove(dir) // only if it is empty
	}
}

func (w *writing) clean() {
	for _, temp := range w.temps {
		_ = os.Remove(temp) // most are in their place by now
	}
}
