package app

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// archiveOf is the archive of the record that the config names; nil where it names none.
// close lets go of it.
func archiveOf(cfg config.Record, aws *awsapi.Client, keys tree.PublicKeys, origin string) (kept *archive.Archive, closing func() error, err error) {
	closing = func() error { return nil }
	if cfg.Archive == "" {
		return nil, closing, nil
	}
	var objects archive.Objects
	if cfg.InS3() {
		objects, err = aws.Archive(cfg.Archive, cfg.ObjectLock)
	} else {
		var dir *archive.Dir
		if dir, err = archive.OpenDir(cfg.Archive); err == nil {
			objects, closing = dir, dir.Close
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: make it, so that the user whom the bot runs as can write there, or name another in record.archive", err)
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the archive of the record, %s: %w", cfg.Archive, err)
	}
	return archive.New(objects, keys, origin), closing, nil
}
