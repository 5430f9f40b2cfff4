package broker

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Two things keep one person's revocations from holding up another's, an admin's
// above all.
//
// A revocation of a person's own that is under way serves those that come
// meanwhile and find nothing that it did not find: they get its answer. It takes
// what the bot keeps, so later ones find nothing and ask AWS nothing.
//
// What AWS is to refuse of one Account is written for all who wait at once. Whoever
// comes before the policy is read joins those who wait for the lease; whoever
// comes later waits for the next writing. So nobody waits for more than two, and
// one that an admin waits for asks for the lease without pausing longer.

// A fold shares one revocation among identical ones.
type fold struct {
	mu   sync.Mutex
	runs map[string]*foldRun
}

// errPanicked is what those get who waited for a run that panicked.
var errPanicked = errors.New("the run that was waited for did not end")

type foldRun struct {
	found map[string]bool // IDs of the Grants that it takes
	done  chan struct{}
	what  Revocation
}

// do runs revoke, unless a run of that name is under way that found all of found;
// then it is waited for, and shared is true.
func (f *fold) do(ctx context.Context, name string, found []Grant, revoke func() Revocation) (what Revocation, shared bool) {
	f.mu.Lock()
	if run := f.runs[name]; run != nil && run.covers(found) {
		f.mu.Unlock()
		select {
		case <-run.done:
			return run.what, true
		case <-ctx.Done():
			return revoke(), false
		}
	}
	run := &foldRun{found: map[string]bool{}, done: make(chan struct{})}
	for _, g := range found {
		run.found[g.ID] = true
	}
	if f.runs == nil {
		f.runs = map[string]*foldRun{}
	}
	f.runs[name] = run
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.runs[name] == run {
			delete(f.runs, name)
		}
		close(run.done)
	}()
	run.what.Err = &Error{Code: CodeInternal, Err: errPanicked, What: Say("Something failed on our side."), Hint: Say("Try again; if it stays, quote the reference.")}
	run.what = revoke()
	return run.what, false
}

func (r *foldRun) covers(found []Grant) bool {
	for _, g := range found {
		if !r.found[g.ID] {
			return false
		}
	}
	return true
}

// denials are the writings that wait for the lease of their role.
type denials struct {
	mu      sync.Mutex
	waiting map[string]*denial // by lease and Account
}

// A denial is one writing, for all session names that joined before it began.
type denial struct {
	names  []string
	urgent bool // an admin waits for it
	done   chan struct{}
	denied Denied
	err    error
}

// join returns the writing that will be for name too; leads says that the caller
// has to do it.
func (d *denials) join(lease, name string, urgent bool) (w *denial, leads bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w = d.waiting[lease]; w == nil {
		w, leads = &denial{done: make(chan struct{})}, true
		if d.waiting == nil {
			d.waiting = map[string]*denial{}
		}
		d.waiting[lease] = w
	}
	w.names, w.urgent = append(w.names, name), w.urgent || urgent
	return w, leads
}

// begin lets nobody join any more, and returns who did.
func (d *denials) begin(lease string, w *denial) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting[lease] == w {
		delete(d.waiting, lease)
	}
	return w.names
}

func (d *denials) isUrgent(w *denial) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return w.urgent
}

// deny has AWS refuse the sessions of that name of the Account's role that were
// issued until now, one replica and one Account at a time.
func (b *Broker) deny(ctx context.Context, r Request, account Account, session string, urgent bool) (*Denied, *Error) {
	if err := CheckSessionName(session); err != nil { // before it fails for those it would join
		return nil, b.notDenied(r, account, session, err)
	}
	// Two Accounts may have one role.
	lease := "revocations:" + string(account.RoleARN)
	waiting := lease + " " + account.Name
	w, leads := b.denials.join(waiting, session, urgent)
	if leads {
		b.writeDenial(ctx, r, account, lease, waiting, w)
	}
	select {
	case <-w.done:
	case <-ctx.Done():
		select {
		case <-w.done: // what was written counts, also at the last moment
		default:
			return nil, b.notDenied(r, account, session, &DenialError{Unconfirmed: true, Err: ctx.Err()})
		}
	}
	if w.err != nil {
		return nil, b.notDenied(r, account, session, w.err)
	}
	denied := w.denied
	return &denied, nil
}

// writeDenial goes on for those who joined, whether or not whoever leads is still
// there.
func (b *Broker) writeDenial(ctx context.Context, r Request, account Account, lease, waiting string, w *denial) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeOneTimeout)
	defer cancel()
	defer close(w.done)
	ended := false
	defer func() {
		if !ended { // a panic is no success for those who joined
			w.err = &DenialError{Unconfirmed: true, Err: errPanicked}
		}
	}()
	defer b.denials.begin(waiting, w) // where it never came to that
	holder := r.ID + ":" + account.Name
	still := func(ctx context.Context) error {
		return b.holdLease(ctx, lease, holder, func() bool { return b.denials.isUrgent(w) })
	}
	if w.err = still(ctx); w.err != nil {
		ended = true
		return
	}
	w.denied, w.err = b.aws.Deny(ctx, account, func() []string { return b.denials.begin(waiting, w) }, still)
	ended = true
	// Also when the time is over: others wait for it.
	ctx, release := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
	defer release()
	if err := b.leases.ReleaseLease(ctx, lease, holder); err != nil {
		b.log.WarnContext(ctx, "lease not released; the next revocation waits for its end", "lease", lease, "error", err)
	}
}

// holdLease claims or renews the lease, waiting while another holds it.
func (b *Broker) holdLease(ctx context.Context, name, holder string, urgent func() bool) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		mine, err := b.leases.Lease(ctx, name, holder, denyLease)
		if err != nil || mine {
			return err
		}
		if urgent() {
			pause = firstPause
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
