package broker

import (
	"context"
	"errors"
	"sync"

	"github.com/assumebot/assumebot/broker/lease"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/retry"
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
	run.what.Err = AsError(errPanicked, "")
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
	waiting map[string]*denial // by role and Account
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
func (d *denials) join(waiting, name string, urgent bool) (w *denial, leads bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w = d.waiting[waiting]; w == nil {
		w, leads = &denial{done: make(chan struct{})}, true
		if d.waiting == nil {
			d.waiting = map[string]*denial{}
		}
		d.waiting[waiting] = w
	}
	w.names, w.urgent = append(w.names, name), w.urgent || urgent
	return w, leads
}

// begin lets nobody join any more, and returns who did.
func (d *denials) begin(waiting string, w *denial) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting[waiting] == w {
		delete(d.waiting, waiting)
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
func (b *Revoking) deny(ctx context.Context, r Request, account policy.Account, session string, urgent bool) (*Denied, *Error) {
	if err := policy.CheckSessionName(session); err != nil { // before it fails for those it would join
		return nil, b.notDenied(r, account, session, err)
	}
	// Two Accounts may have one role.
	role := "revocations:" + string(account.RoleARN)
	waiting := role + " " + account.Name
	w, leads := b.denials.join(waiting, session, urgent)
	if leads {
		b.writeDenial(ctx, account, role, waiting, w)
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
func (b *Revoking) writeDenial(ctx context.Context, account policy.Account, name, waiting string, w *denial) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeOneTimeout)
	defer cancel()
	defer close(w.done)
	err := error(&DenialError{Unconfirmed: true, Err: errPanicked}) // a panic is no success for those who joined
	defer func() { w.err = err }()
	defer b.denials.begin(waiting, w) // where it never came to that
	role := lease.New(b.leases, name, denyLease, b.log)
	write := func(ctx context.Context, h *lease.Hold) (err error) {
		still := func(context.Context) error { _, err := h.Fence(); return err }
		w.denied, err = b.aws.Deny(ctx, account, func() []string { return b.denials.begin(waiting, w) }, still)
		return err
	}
	err = retry.Pace{First: firstPause, Longest: longestPause}.Do(ctx, func() error {
		err := role.Do(ctx, write)
		switch taken := errors.Is(err, lease.ErrTaken); {
		case taken && b.denials.isUrgent(w):
			return retry.After(err, firstPause)
		case taken:
			return err
		case errors.Is(err, lease.ErrLost):
			err = overwritten(err)
		}
		return retry.Final(err)
	})
}

// overwritten is of a writing whose lease was lost: whatever it says, another may
// have written over it.
func overwritten(err error) error {
	lost := &DenialError{Unconfirmed: true, Err: err}
	var failed *DenialError
	if errors.As(err, &failed) {
		lost.Earlier = failed.Earlier
	}
	return lost
}
