package enrol

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/rotation"
	"github.com/assumebot/assumebot/broker/secret"
)

// settling is after how long a key that a run has made is stored, or never will be by that run: [keeping], and the
// seconds that the clock of IAM may be ahead.
const settling = keeping + 15*time.Second

// codeTries is how often two codes are asked for. AWS locks nobody out for wrong ones.
const codeTries = 5

// Add does what the plan says. It may be run again with another one after any error. tested is false where the key was
// there before.
func (e *Enrolment) Add(ctx context.Context, p Plan) (s State, tested bool, err error) {
	for _, step := range []func(context.Context, State) error{e.addUser, e.addPolicy, e.addDevice, e.addSecret} {
		if err := ctx.Err(); err != nil {
			return p.State, false, err
		}
		if err := step(ctx, p.State); err != nil {
			return p.State, false, err
		}
	}
	// Once more: another run, or a bot that replaces keys, may have been at it meanwhile.
	if s, err = e.settled(ctx, p); err == nil {
		err = e.fits(s)
	}
	if err != nil || s.keyed() {
		return s, false, err
	}
	if err := p.stillFits(s); err != nil {
		return s, false, err
	}
	key, err := e.addKey(ctx, s)
	if err != nil {
		return s, false, err
	}
	return s, true, e.test(ctx, s, key)
}

// settled looks once more, and waits first where a key is so new that another run may be about to store it, or where the
// secret names a key that IAM does not list: its lists may be some seconds behind.
func (e *Enrolment) settled(ctx context.Context, p Plan) (State, error) {
	s, err := e.Look(ctx)
	if err != nil || s.keyed() {
		return s, err
	}
	wait, why := time.Duration(0), ""
	for _, k := range s.Keys {
		// Whatever the clocks say, it is not for long.
		if left := min(k.Created.Add(settling).Sub(e.Now()), settling); left > wait {
			wait, why = left, "another run may be about to store the access key "+k.ID
		}
	}
	if id, told := s.Secret.Key(); told && p.Exists { // of a user who is made anew, no key is there
		wait, why = settling, "the secret holds the access key "+id+", and IAM may list it later"
	}
	if wait <= 0 {
		return s, nil
	}
	e.Say("waiting %s: %s", wait.Round(time.Second), why)
	if err := e.Pause(ctx, wait); err != nil {
		return s, err
	}
	return e.Look(ctx)
}

// stillFits is an error where what is left to do about the key is not what the plan says.
func (p Plan) stillFits(s State) error {
	if p.keyed() {
		return errors.New("the access key that the secret holds is gone since this began: run it again, and see what it would do")
	}
	for _, k := range s.Keys {
		if !slices.ContainsFunc(p.lost, func(known rotation.Key) bool { return known.ID == k.ID }) {
			return fmt.Errorf("the access key %s was made since this began: run it again, and see what it would do", k.ID)
		}
	}
	return nil
}

func (e *Enrolment) addUser(ctx context.Context, s State) error {
	if s.Exists {
		return nil
	}
	if err := e.IAM.CreateUser(ctx, e.Person); err != nil {
		return err
	}
	e.Say("made the IAM user %s%s", e.Path, e.Name)
	// IAM may not know it everywhere yet.
	for until := e.Now().Add(Patience); e.Now().Before(until); {
		if _, found, err := e.IAM.User(ctx, e.Name); found || err != nil {
			return err
		}
		if err := e.Pause(ctx, testPause); err != nil {
			return err
		}
	}
	return fmt.Errorf("IAM does not know the new user after %s", Patience)
}

func (e *Enrolment) addPolicy(ctx context.Context, s State) error {
	if e.Policy == "" || s.Policy == e.Policy {
		return nil
	}
	if err := e.IAM.PutPolicy(ctx, e.Name, e.Policy); err != nil {
		return err
	}
	e.Say("gave it the inline policy %s", PolicyName)
	return nil
}

// addDevice makes a device and binds it. One that a run has left unbound is made anew: its seed was shown once.
func (e *Enrolment) addDevice(ctx context.Context, s State) error {
	if len(s.Devices) > 0 {
		return nil
	}
	d, err := e.Devices.CreateDevice(ctx, e.Path, e.Name)
	if refusedAs(err, "EntityAlreadyExists") {
		serial := deviceOf(s.User.ARN, e.Person)
		if serial == "" {
			u, _, err := e.IAM.User(ctx, e.Name)
			if err != nil {
				return err
			}
			serial = deviceOf(u.ARN, e.Person)
		}
		if err := e.Devices.DeleteDevice(ctx, serial); err != nil {
			return fmt.Errorf("the MFA device %s is there already, and cannot be made anew: %w", serial, err)
		}
		e.Say("deleted the MFA device %s, which was not bound", serial)
		d, err = e.Devices.CreateDevice(ctx, e.Path, e.Name)
	}
	if err != nil {
		return err
	}
	if err := e.Terminal.Show(d); err != nil {
		return err
	}
	for try := range codeTries {
		first, second, err := e.Terminal.Codes(ctx, try > 0)
		if err != nil {
			return fmt.Errorf("%w: the device is not bound yet; the next run shows another QR code, so remove this one from the authenticator", err)
		}
		err = e.Devices.EnableDevice(ctx, e.Name, d.Serial, first, second)
		if err == nil {
			e.Say("bound the MFA device %s", d.Serial)
			return nil
		}
		if !errors.Is(err, ErrCodes) {
			return err
		}
	}
	return fmt.Errorf("%w, %d times: see that the clock of the authenticator is right, remove this entry from it, and run it again", ErrCodes, codeTries)
}

func (e *Enrolment) addSecret(ctx context.Context, s State) error {
	switch {
	case s.Secret.Deleted:
		if err := e.Secrets.RestoreSecret(ctx, e.Secret); err != nil {
			return err
		}
		e.Say("brought back the secret %s", e.Secret)
	case !s.Secret.Found:
		if err := e.Secrets.CreateSecret(ctx, e.Secret); err != nil {
			return err
		}
		e.Say("made the secret %s", e.Secret)
	}
	return nil
}

// addKey makes a key and stores it, in one go: its secret is in this process alone.
func (e *Enrolment) addKey(ctx context.Context, s State) (secret.Credentials, error) {
	var none secret.Credentials
	lost, err := e.lost(ctx, s) // once more: a person has had minutes to scan the device
	if err != nil {
		return none, err
	}
	if s.Secret.Holds() {
		if err := e.Secrets.PutEmpty(ctx, e.Secret, newEmpty()); err != nil {
			return none, err
		}
		e.Say("emptied the secret %s, whose key IAM does not list", e.Secret)
	}
	for _, k := range lost {
		if err := e.IAM.DeleteKey(ctx, e.Name, k.ID); err != nil && !refusedAs(err, "NoSuchEntity") {
			return none, err
		}
		e.Say("deleted the access key %s, which was made before and never stored", k.ID)
	}
	if err := ctx.Err(); err != nil {
		return none, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keeping)
	defer cancel()
	key, err := e.IAM.CreateKey(ctx, e.Name)
	if err != nil {
		return none, err
	}
	if err := e.store(ctx, key, lost); err != nil {
		if dropErr := e.IAM.DeleteKey(ctx, e.Name, key.AccessKeyID); dropErr != nil {
			return none, fmt.Errorf("%w; the access key %s could not be deleted (%w), which the next run does", err, key.AccessKeyID, dropErr)
		}
		return none, fmt.Errorf("%w; the access key %s was deleted again", err, key.AccessKeyID)
	}
	e.Say("made the access key %s and stored it in %s", key.AccessKeyID, e.Secret)
	return key, nil
}

// store puts a new key into the secret, unless somebody else has made one too. IAM may list some time longer what was
// deleted just now.
func (e *Enrolment) store(ctx context.Context, key secret.Credentials, deleted []rotation.Key) error {
	keys, err := e.IAM.Keys(ctx, e.Name)
	if err != nil {
		return err
	}
	for _, k := range keys {
		known := func(d rotation.Key) bool { return d.ID == k.ID }
		if k.ID != key.AccessKeyID && !slices.ContainsFunc(deleted, known) {
			return fmt.Errorf("somebody else has made the access key %s for this IAM user at the same time", k.ID)
		}
	}
	return e.Secrets.PutKey(ctx, e.Secret, key)
}

// newEmpty is the ID of another version without a key: at least 32 characters.
func newEmpty() string { return Empty + rand.Text() }

// test asks STS whose the new key is, until IAM knows it.
func (e *Enrolment) test(ctx context.Context, s State, key secret.Credentials) error {
	until := e.Now().Add(Patience)
	for told := false; ; {
		who, err := e.Owners.Owner(ctx, key)
		switch {
		case err == nil && who.ARN != s.User.ARN:
			return fmt.Errorf("the access key %s is that of %s: do not use it", key.AccessKeyID, who.ARN)
		case err == nil:
			e.Say("tested the access key: AWS knows it as %s", who.ARN)
			return nil
		case !refusedAs(err, "InvalidClientTokenId"):
			return fmt.Errorf("the access key is stored, and was not tested: %w", err)
		case !e.Now().Before(until):
			return fmt.Errorf("the access key %s is stored, and AWS does not know it after %s: `assumebot check --live` tells later whether it works",
				key.AccessKeyID, Patience)
		}
		if !told {
			e.Say("waiting until IAM knows the access key, up to %s", Patience)
			told = true
		}
		if err := e.Pause(ctx, testPause); err != nil {
			return fmt.Errorf("the access key is stored, and was not tested: %w", err)
		}
	}
}

// refusedAs reports whether AWS refused by this code.
func refusedAs(err error, code string) bool {
	var refused interface{ AWSCode() string }
	return errors.As(err, &refused) && refused.AWSCode() == code
}
