package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/broker/record/entry"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/broker/record/witness"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store"
)

// A recording is the record as this process writes, reads, signs and closes it.
type recording struct {
	log       *record.Log
	keys      tree.PublicKeys
	publisher *record.Publisher
	importer  *record.Importer // nil where there can be no former record
	archiver  *record.Archiver // nil where there is no archive
	covered   bool             // nothing is shown before the archive has it
	closing   func() error     // lets go of the archive
	out       *slog.Logger
}

// newRecording finds where this process begins to read the record. That the record does
// not check out is no error: the process serves what gives nothing.
func newRecording(ctx context.Context, st *store.Store, aws *awsapi.Client, s Settings, cfg config.Record, env Environment,
	needed func(context.Context) (int64, error)) (*recording, error) {
	signer, keys, origin, err := s.recordOf(ctx, st, env.Log)
	if err != nil {
		return nil, err
	}
	witnesses, err := witnessesOf(cfg)
	if err != nil {
		return nil, NeedsPerson(err)
	}
	archive, closing, err := archiveOf(cfg, aws, keys, origin)
	if err != nil {
		return nil, NeedsPerson(err)
	}
	l := record.New(record.Deps{
		Entries: st.Log,
		Archive: archive,
		Keys:    st.LogKeys,
		Origin:  origin,
		Replica: broker.NewID(),
		Now:     env.Now,
		Log:     env.Log,
	})
	err = untilAnswered(ctx, env.Log, func() error { return l.Begin(ctx, st.Checkpoints, keys) })
	if err != nil && !errors.Is(err, record.ErrStopped) {
		return nil, errors.Join(fmt.Errorf("begin to read the record: %w", err), closing())
	}
	r := &recording{
		log:     l,
		keys:    keys,
		out:     env.Log,
		covered: cfg.RequireArchive,
		closing: closing,
	}
	if archive != nil {
		r.archiver = record.NewArchiver(record.ArchiverDeps{
			Log:      l,
			Store:    st.Checkpoints,
			Archive:  archive,
			Leases:   env.leases,
			Required: cfg.RequireArchive,
			Memory:   st.Log.Memory,
			Out:      env.Log,
		})
	}
	r.publisher = record.NewPublisher(record.PublisherDeps{
		Log:       l,
		Store:     st.Checkpoints,
		Signer:    signer,
		Leases:    env.leases,
		Needed:    r.neededBy(needed),
		Witnesses: witnesses,
		Required:  cfg.RequireWitnesses,
		Archive:   archive,
		Eager:     cfg.RequireArchive || env.Line != nil, // a drill waits for what it proves
		Out:       env.Log,
	})
	if !st.Embedded() {
		r.importer = record.NewImporter(l, st.Former, env.leases)
	}
	return r, nil
}

// recordOf is what signs the record and checks it, and the origin of the log that is open.
func (s Settings) recordOf(ctx context.Context, st *store.Store, log *slog.Logger) (*tree.Signer, tree.PublicKeys, string, error) {
	signer, err := s.RecordSigner()
	if err != nil {
		return nil, tree.PublicKeys{}, "", NeedsPerson(err)
	}
	keys, err := signer.PublicKeys()
	if err != nil {
		return nil, tree.PublicKeys{}, "", NeedsPerson(err)
	}
	var origin string
	err = untilAnswered(ctx, log, func() (err error) {
		origin, err = record.CurrentOrigin(ctx, st.Log, signer.Origin())
		if errors.Is(err, entry.ErrForeign) {
			err = NeedsPerson(err)
		}
		return err
	})
	return signer, keys, origin, err
}

// neededBy is the number of the oldest entry that a reader or the archive still needs.
func (r *recording) neededBy(reader func(context.Context) (int64, error)) func(context.Context) (int64, error) {
	return func(ctx context.Context) (int64, error) {
		needed, err := reader(ctx)
		if err != nil || r.archiver == nil {
			return needed, err
		}
		archived, err := r.archiver.Needed(ctx)
		return min(needed, archived), err
	}
}

// compare compares the record with what lies outside of the store, before anything is issued.
func (r *recording) compare(ctx context.Context) error {
	err := untilAnswered(ctx, r.out, func() error {
		err := r.publisher.Ask(ctx)
		if r.archiver != nil {
			err = errors.Join(err, r.archiver.Ask(ctx))
		}
		return err
	})
	if errors.Is(err, record.ErrStopped) {
		return nil // it gives nothing, and serves the rest
	}
	return err
}

// witnessTimeout is how long a witness may take to answer.
const witnessTimeout = 5 * time.Second

func witnessesOf(cfg config.Record) (witness.Set, error) {
	all := witness.Set{Client: &http.Client{Timeout: witnessTimeout}, Limit: witnessTimeout}
	for _, w := range cfg.Witnesses {
		each, err := witness.New(w.URL, w.Key)
		if err != nil {
			return witness.Set{}, err
		}
		all.Each = append(all.Each, each)
	}
	return all, nil
}

// run does all of it until ctx ends. It returns at once; wait returns when it has ended.
// Nobody writes any more when what was written last is signed, and that is archived then.
func (r *recording) run(ctx context.Context) (wait func()) {
	writing := []func(context.Context){func(ctx context.Context) { <-ctx.Done() }}
	if r.importer != nil {
		writing = append(writing, r.importer.Run)
	}
	ended := inTurn(ctx, writing...)
	ended = inTurn(ended, r.publisher.Run)
	if r.archiver != nil {
		ended = inTurn(ended, r.archiver.Run)
	}
	ended = inTurn(ended, r.log.Run)
	return func() { <-ended.Done() }
}

// inTurn runs all until ctx ends. The context that it returns ends once they have ended.
func inTurn(ctx context.Context, all ...func(context.Context)) context.Context {
	next, end := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, run := range all {
		running.Go(func() { run(ctx) })
	}
	go func() { running.Wait(); end() }()
	return next
}

// Record implements [broker.Recorder].
func (r *recording) Record(ctx context.Context, events ...event.Event) (event.Receipt, error) {
	receipt, err := r.log.Record(ctx, events...)
	if err == nil && r.covered && showsNext(events) {
		err = r.archiver.Covered(ctx, receipt.Number+int64(len(events))-1)
	}
	if errors.Is(err, record.ErrStopped) {
		err = fmt.Errorf("%w: %w", broker.ErrRecordStopped, err)
	}
	if errors.Is(err, record.ErrHeld) {
		err = fmt.Errorf("%w: %w", broker.ErrRecordHeld, err)
	}
	if errors.Is(err, record.ErrInterrupted) {
		err = fmt.Errorf("%w: %w", broker.ErrInterrupted, err)
	}
	return receipt, err
}

// showsNext reports whether something is shown or used once these Events are on the record.
func showsNext(events []event.Event) bool {
	return slices.ContainsFunc(events, func(e event.Event) bool {
		switch e.Data.Kind() {
		case event.Granted, event.Shown, event.Listing:
			return true
		}
		return false
	})
}
