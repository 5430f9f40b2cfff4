package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/record"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/assumebot/assumebot/store"
)

// A recording is the record as this process writes, reads, signs and closes it.
type recording struct {
	log       *record.Log
	publisher *record.Publisher
	closer    *record.Closer
	importer  *record.Importer // nil where there can be no former record
}

// newRecording finds where this process begins to read the record. That the record does
// not check out is no error: the process serves what gives nothing.
func newRecording(ctx context.Context, st *store.Store, s Settings, cfg config.Record, env Environment,
	needed func(context.Context) (int64, error)) (*recording, error) {
	signer, err := s.RecordSigner()
	if err != nil {
		return nil, NeedsPerson(err)
	}
	keys, err := signer.PublicKeys()
	if err != nil {
		return nil, NeedsPerson(err)
	}
	witnesses, err := witnessesOf(cfg)
	if err != nil {
		return nil, NeedsPerson(err)
	}
	origin, err := record.CurrentOrigin(ctx, st.Log, signer.Origin())
	if errors.Is(err, record.ErrForeign) {
		return nil, NeedsPerson(err)
	}
	if err != nil {
		return nil, err
	}
	l := record.New(record.Deps{
		Entries: st.Log,
		Keys:    st.LogKeys,
		Origin:  origin,
		Replica: broker.NewID(),
		Now:     env.Now,
		Log:     env.Log,
	})
	if err := l.Begin(ctx, st.Checkpoints, keys); err != nil && !errors.Is(err, record.ErrStopped) {
		return nil, fmt.Errorf("begin to read the record: %w", err)
	}
	r := &recording{
		log:    l,
		closer: record.NewCloser(l, st.Leases),
		publisher: record.NewPublisher(record.PublisherDeps{
			Log:    l,
			Store:  st.Checkpoints,
			Signer: signer,
			Leases: st.Leases,
			Needed: needed,

			Witnesses: witnesses,
			Required:  cfg.RequireWitnesses,
			Out:       env.Log,
		}),
	}
	if !st.Embedded() {
		r.importer = record.NewImporter(l, st.Former, st.Leases)
	}
	return r, nil
}

// witnessTimeout is how long a witness may take to answer.
const witnessTimeout = 5 * time.Second

func witnessesOf(cfg config.Record) (record.Witnesses, error) {
	all := record.Witnesses{Client: &http.Client{Timeout: witnessTimeout}, Limit: witnessTimeout}
	for _, w := range cfg.Witnesses {
		each, err := record.NewWitness(w.URL, w.Key)
		if err != nil {
			return record.Witnesses{}, err
		}
		all.Each = append(all.Each, each)
	}
	return all, nil
}

// run does all of it until ctx ends. It returns at once; wait returns when it has ended.
func (r *recording) run(ctx context.Context) (wait func()) {
	var all sync.WaitGroup
	all.Go(func() { r.log.Run(ctx) })
	all.Go(func() { r.publisher.Run(ctx) })
	all.Go(func() { r.closer.Run(ctx) })
	if r.importer != nil {
		all.Go(func() { r.importer.Run(ctx) })
	}
	return all.Wait
}

// Record implements [broker.Recorder].
func (r *recording) Record(ctx context.Context, events ...event.Event) (event.Receipt, error) {
	receipt, err := r.log.Record(ctx, events...)
	if errors.Is(err, record.ErrStopped) {
		err = fmt.Errorf("%w: %w", broker.ErrRecordStopped, err)
	}
	return receipt, err
}
