package setup

import (
	"crypto/rand"
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

// Files are all that the answers make, once [Answers.Fill] has given each.
func (a Answers) Files() ([]File, error) {
	schema, err := config.Schema()
	if err != nil {
		return nil, err
	}
	files := []File{
		{config.FileName, 0o600, a.Config()},
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

// Write writes all files below dir or none, and follows no link out of it. Where one is
// there already it is an error, unless force is true.
func Write(dir string, files []File, force bool) (err error) {
	w := writing{}
	defer func() {
		if err != nil {
			err = fmt.Errorf("nothing was written to %s: %w", dir, err)
			w.undo()
		}
		w.end()
	}()
	if err := w.open(dir); err != nil {
		return err
	}
	var temps []string
	for _, f := range files {
		if err := w.mkdir(filepath.Dir(f.Name)); err != nil {
			return err
		}
		temp, err := w.temporary(f)
		if err != nil {
			return err
		}
		temps = append(temps, temp)
	}
	for i, f := range files {
		if err := w.place(temps[i], f.Name, force); err != nil {
			return err
		}
	}
	return nil
}

// A writing is what was done so far. All names but those of above are below root.
type writing struct {
	root   *os.Root
	above  []string // root and what it is in, where it was made
	dirs   []string // that were made
	temps  []string // to be removed
	placed []string // files that were not there
	saved  []move   // what was there
}

// A move is of a file that is kept meanwhile.
type move struct{ from, to string }

func (w *writing) open(dir string) (err error) {
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || d == filepath.Dir(d) {
			break
		}
		w.above = append(w.above, d)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	w.root, err = os.OpenRoot(dir)
	return err
}

func (w *writing) mkdir(dir string) error {
	switch there, err := w.root.Lstat(dir); {
	case err == nil && !there.IsDir():
		return fmt.Errorf("%s is no directory: move it away", dir)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	w.dirs = append(w.dirs, dir)
	return w.root.Mkdir(dir, 0o750)
}

func (w *writing) temporary(f File) (string, error) {
	name := filepath.Join(filepath.Dir(f.Name), "."+filepath.Base(f.Name)+"."+rand.Text())
	temp, err := w.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	w.temps = append(w.temps, name)
	_, err = temp.Write(f.Data)
	return name, errors.Join(err, temp.Chmod(f.Mode), temp.Sync(), temp.Close())
}

// place moves temp to name. What is there is kept until all are placed.
func (w *writing) place(temp, name string, force bool) error {
	own, err := w.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	switch {
	case err == nil:
		_ = own.Close() // nothing was written
		w.placed = append(w.placed, name)
	case !errors.Is(err, fs.ErrExist):
		return err
	case !force:
		return fmt.Errorf("%s is there already: --force overwrites it", name)
	default:
		if err := w.save(name, temp+".before"); err != nil {
			return err
		}
	}
	return w.root.Rename(temp, name)
}

// save moves a file away, or a link to one. Nothing else is init's to replace.
func (w *writing) save(name, saved string) error {
	switch there, err := w.root.Lstat(name); {
	case err != nil:
		return err
	case !there.Mode().IsRegular() && there.Mode().Type() != fs.ModeSymlink:
		return fmt.Errorf("%s is no file: move it away", name)
	}
	if err := w.root.Rename(name, saved); err != nil {
		return err
	}
	w.saved = append(w.saved, move{name, saved})
	return nil
}

// undo puts back what was there. What fails of it cannot be helped.
func (w *writing) undo() {
	if w.root != nil {
		for _, name := range w.placed {
			_ = w.root.Remove(name)
		}
		for _, m := range w.saved {
			_ = w.root.Rename(m.to, m.from)
		}
		w.saved = nil // what could not be put back is kept where it is
		w.clean()
		for _, dir := range w.dirs {
			_ = w.root.Remove(dir) // only if it is empty
		}
	}
	for _, dir := range w.above {
		_ = os.Remove(dir) // as above
	}
}

func (w *writing) clean() {
	for _, temp := range w.temps {
		_ = w.root.Remove(temp) // most are in their place by now
	}
	for _, m := range w.saved {
		_ = w.root.Remove(m.to) // it is replaced
	}
}

func (w *writing) end() {
	if w.root != nil {
		w.clean()
		_ = w.root.Close()
	}
}
