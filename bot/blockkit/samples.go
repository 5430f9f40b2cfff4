package blockkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// Samples reads golden files as tests keep them: what a person reads, a line ----, and
// what Slack gets. It returns what Slack gets, by name.
func Samples(files fs.FS) (map[string]json.RawMessage, error) {
	names, err := fs.Glob(files, "testdata/messages/*.golden")
	if err != nil {
		return nil, err
	}
	all := make(map[string]json.RawMessage, len(names))
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		at := bytes.LastIndex(data, []byte("\n----\n"))
		blocks := json.RawMessage(data[at+len("\n----\n"):])
		if at < 0 || !json.Valid(blocks) {
			return nil, fmt.Errorf("%s is no golden file of a message", name)
		}
		all[strings.TrimSuffix(path.Base(name), ".golden")] = blocks
	}
	return all, nil
}
