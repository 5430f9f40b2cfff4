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
		if dir, err = archiveDir(cfg); err == nil {
			objects, closing = dir, dir.Close
		}
	}
	if err != nil {
		return nil, nil, ofArchive(cfg, err)
	}
	return archive.New(objects, keys, origin), closing, nil
}

// checkArchive says so when the directory of the archive cannot be opened.
func checkArchive(cfg config.Record) error {
	if cfg.Archive == "" || cfg.InS3() {
		return nil
	}
	dir, err := archiveDir(cfg)
	if err != nil {
		return ofArchive(cfg, err)
	}
	return dir.Close()
}

func archiveDir(cfg config.Record) (*archive.Dir, error) {
	dir, err := archive.OpenDir(cfg.Archive)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: make it, so that the user whom the bot runs as can write there, or name another in record.archive", err)
	}
	return dir, err
}

func ofArchive(cfg config.Record, err error) error {
	return fmt.Errorf("the archive of the record, %s: %w", cfg.Archive, err)
}
