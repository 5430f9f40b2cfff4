package enrol

import (
	"context"
	"errors"
	"fmt"

	"github.com/assumebot/assumebot/broker/rotation"
	"github.com/assumebot/assumebot/broker/secret"
)

// codeTries is how often two codes are asked for. AWS locks nobody out for wrong ones.
const codeTries = 5

// Add makes what is missing. It may be run again after any error. tested is false where the key was there before.
func (e *Enrolment) Add(ctx context.Context) (s State, tested bool, err error) {
	_, s, err = e.Plan(ctx)
	if err != nil {
		return s, false, err
	}
	for _, step := range []func(context.Context, State) error{e.addUser, e.addPolicy, e.addDevice, e.addSecret} {
		if err := ctx.Err(); err != nil {
			return s, false, err
		}
		if err := step(ctx, s); err != nil {
			return s, false, err
		}
	}
	// Once more: another run may have been at it meanwhile.
	if s, err = e.Look(ctx); err != nil || s.keyed() {
		return s, false, errors.Join(err, e.fits(s))
	}
	key, err := e.addKey(ctx, s)
	if err != nil {
		return s, false, err
	}
	return s, true, e.test(ctx, s, key)
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
	if s.Secret.Holds() { // of an IAM user that is no more, or of keys that somebody deleted
		if err := e.Secrets.PutEmpty(ctx, e.Secret, newEmpty()); err != nil {
			return none, err
		}
	}
	for _, k := range s.Keys {
		if err := e.dropLost(ctx, s, k); err != nil {
			return none, err
		}
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
	drop := func(why error) error {
		if err := e.IAM.DeleteKey(ctx, e.Name, key.AccessKeyID); err != nil {
			return fmt.Errorf("%w; the access key %s could not be deleted (%w), which the next run does", why, key.AccessKeyID, err)
		}
		return fmt.Errorf("%w; the access key %s was deleted again", why, key.AccessKeyID)
	}
	switch keys, err := e.IAM.Keys(ctx, e.Name); {
	case err != nil:
		return none, drop(err)
	case len(keys) > 1:
		return none, drop(errors.New("somebody else is making a key for this IAM user at the same time"))
	}
	if err := e.Secrets.PutKey(ctx, e.Secret, key); err != nil {
		return none, drop(err)
	}
	e.Say("made the access key %s and stored it in %s", key.AccessKeyID, e.Secret)
	return key, nil
}

// dropLost deletes a key whose secret nobody has: it was never used, and the secret holds none.
func (e *Enrolment) dropLost(ctx context.Context, s State, k rotation.Key) error {
	used, err := e.IAM.KeyLastUsed(ctx, k.ID)
	switch {
	case err != nil:
		return err
	case !used.IsZero():
		return foreign("the IAM user %s has the access key %s, which was used, and the secret holds none: somebody made it by hand. "+
			"Delete it in IAM if nobody needs it, and run this again", s.User.ARN, k.ID)
	}
	if err := e.IAM.DeleteKey(ctx, e.Name, k.ID); err != nil {
		return err
	}
	e.Say("deleted the access key %s, which was made before and never stored", k.ID)
	return nil
}

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
