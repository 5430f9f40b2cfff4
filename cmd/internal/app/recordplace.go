package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/record/archive"
	"github.com/assumebot/assumebot/broker/record/audit"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store"
)

// A RecordPlace is where a tool reads the record: Redis, an archive or a file. Of an
// archive beside Redis only the tiles are read that Redis has no more.
type RecordPlace struct {
	Redis   bool   // the one of REDIS_URL
	Archive string // a directory, or s3://BUCKET/PREFIX
	File    string // an export
}

// A RecordReader reads the record without the bot. Close gives back what it holds.
type RecordReader struct {
	Source   audit.Source
	Store    *store.Store    // nil without Redis
	Seal     entry.Keys      // nil without Redis, or seal keys
	Archived audit.Source    // what the archive has; nil without one
	Objects  archive.Objects // of the archive
	holds    []io.Closer
}

// Close gives back what r holds.
func (r *RecordReader) Close() error {
	var all error
	for _, c := range r.holds {
		all = errors.Join(all, c.Close())
	}
	return all
}

// ReadRecordSettings reads the part of the environment that a tool for the record needs:
// keys that may be absent, and with redis REDIS_URL and the seal keys. The record key is
// left out where none is needed, with public keys at hand. Where KMS has wrapped a key that
// is needed, it is asked to open it.
func ReadRecordSettings(ctx context.Context, getenv func(string) string, redis, recordKey bool) (Settings, error) {
	r := settingsReader{getenv: getenv}
	s := Settings{ConfigPath: getenv("ASSUMEBOT_CONFIG")}
	if redis {
		s.RedisURL, _ = r.redis(r.secret("REDIS_URL"))
		if s.EmbeddedRedis() {
			r.fail("REDIS_URL is %s, and that record is inside of the bot, and ends with it: there is nothing to read", Embedded)
		}
	}
	r.keys(&s, true)
	s.Risks = r.risks
	if err := errors.Join(r.problems...); err != nil {
		return s, err
	}
	if !redis {
		s.SealKeys = nil
	}
	if !recordKey {
		s.RecordKeys = nil
	}
	return s.Unwrapped(ctx, getenv)
}

// PublicKeys are what the record is checked with: the public keys that are given, or
// else those of the private keys in ASSUMEBOT_RECORD_KEY; and the keys of witnesses.
func (s Settings) PublicKeys(given, witnesses []string) (tree.PublicKeys, error) {
	switch {
	case len(given) > 0:
		return tree.NewPublicKeys(given, witnesses)
	case len(s.RecordKeys) == 0:
		return tree.PublicKeys{}, errors.New("the public key of the record is needed: `assumebot keygen record` printed it; or set ASSUMEBOT_RECORD_KEY")
	}
	signer, err := s.RecordSigner()
	if err != nil {
		return tree.PublicKeys{}, err
	}
	return signer.PublicKeys(witnesses...)
}

// OpenRecord opens the record at a place.
func OpenRecord(ctx context.Context, p RecordPlace, s Settings, getenv func(string) string) (*RecordReader, error) {
	r := &RecordReader{}
	err := r.open(ctx, p, s, getenv)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *RecordReader) open(ctx context.Context, p RecordPlace, s Settings, getenv func(string) string) error {
	if p.Archive != "" {
		if err := r.openArchive(ctx, p.Archive, getenv); err != nil {
			return fmt.Errorf("the archive %s: %w", p.Archive, err)
		}
		r.Source = r.Archived
	}
	if p.Redis {
		if err := r.openRedis(ctx, s); err != nil {
			return err
		}
	}
	if p.File == "" {
		return nil
	}
	f, err := OpenNamed(p.File)
	if err != nil {
		return err
	}
	r.holds = append(r.holds, f)
	if r.Source, err = audit.FromFile(f); err != nil {
		return fmt.Errorf("%s: %w", p.File, err)
	}
	return nil
}

// OpenNamed opens a file that a person names, which is read more than once.
func OpenNamed(path string) (*os.File, error) {
	f, err := config.OpenRegular(path)
	switch {
	case errors.Is(err, config.ErrNotRegular):
		return nil, fmt.Errorf("%s: %w: put what it holds into one", path, err)
	case err != nil:
		return nil, fmt.Errorf("%s: %s", path, config.WithoutPath(err))
	}
	return f, nil
}

func (r *RecordReader) openRedis(ctx context.Context, s Settings) error {
	store.RouteClientLog(slog.New(slog.DiscardHandler))
	st, err := store.Open(ctx, s.storeOptions())
	if err != nil {
		return err
	}
	r.holds = append(r.holds, st)
	r.Store, r.Source = st, audit.FromStore(st.Log, st.Checkpoints)
	if r.Archived != nil {
		r.Source = audit.WithTiles(r.Source, r.Archived)
	}
	if len(s.SealKeys) > 0 {
		r.Seal = st.LogKeys
	}
	return nil
}

func (r *RecordReader) openArchive(ctx context.Context, place string, getenv func(string) string) error {
	var err error
	if strings.HasPrefix(place, "s3://") {
		r.Objects, err = openBucket(ctx, place, getenv)
	} else {
		var dir *archive.Dir
		if dir, err = archive.OpenDir(place); err == nil {
			r.Objects, r.holds = dir, append(r.holds, dir)
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: see that it is the directory of record.archive, on this host", err)
		}
	}
	if err != nil {
		return err
	}
	r.Archived, err = audit.FromArchive(ctx, r.Objects)
	return err
}

func openBucket(ctx context.Context, place string, getenv func(string) string) (archive.Objects, error) {
	aws, err := openToolAWS(ctx, getenv)
	if err != nil {
		return nil, err
	}
	return aws.Archive(place, awsapi.ObjectLock{})
}
