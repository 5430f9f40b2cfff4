package enrol

import (
	"context"
	"fmt"
	"strings"
)

// deviceOf is the serial of the device that is made here for the user of an ARN; "" of no ARN.
func deviceOf(userARN string, p Person) string {
	before, _, ok := strings.Cut(userARN, ":user/")
	if !ok {
		return ""
	}
	return before + ":mfa" + p.Path + p.Name
}

// Removal says what [Enrolment.Remove] would do, in order.
func (e *Enrolment) Removal(ctx context.Context) (todo []string, s State, err error) {
	if s, err = e.Look(ctx); err != nil {
		return nil, s, err
	}
	for _, k := range s.Keys {
		todo = append(todo, "deactivate and delete the access key "+k.ID)
	}
	if s.removable() {
		todo = append(todo, "schedule the secret "+e.Secret+" for deletion in 7 days")
	}
	for _, serial := range s.Devices {
		what := "take the MFA device " + serial + " away"
		if e.ours(serial) {
			what += " and delete it"
		}
		todo = append(todo, what)
	}
	if s.Exists && len(s.Devices) == 0 {
		todo = append(todo, "delete the MFA device "+deviceOf(s.User.ARN, e.Person)+", if there is one that is not bound")
	}
	if s.Policy != "" {
		todo = append(todo, "delete the inline policy "+PolicyName)
	}
	if s.Exists {
		todo = append(todo, "delete the IAM user "+s.User.ARN)
	}
	return todo, s, nil
}

func (s State) removable() bool { return s.Secret.Found && s.Secret.Tagged && !s.Secret.Deleted }

// ours reports whether a device is a virtual one below the path: nothing else was made here, nor may be deleted.
func (p Person) ours(serial string) bool { return strings.Contains(serial, ":mfa"+p.Path) }

// Remove takes away what is there: what works first. It may be run again after any error.
func (e *Enrolment) Remove(ctx context.Context) error {
	_, s, err := e.Removal(ctx)
	if err != nil {
		return err
	}
	if err := e.removeKeys(ctx, s); err != nil {
		return err
	}
	switch {
	case s.removable():
		if err := e.Secrets.DeleteSecret(ctx, e.Secret); err != nil {
			return err
		}
		e.Say("scheduled the secret %s for deletion in 7 days", e.Secret)
	case s.Secret.Found && !s.Secret.Deleted:
		e.Say("left the secret %s, which was not made by `user add`", e.Secret)
	}
	if !s.Exists {
		return nil
	}
	if err := e.removeDevices(ctx, s); err != nil {
		return err
	}
	if s.Policy != "" {
		if err := e.IAM.DeletePolicy(ctx, e.Name); err != nil {
			return err
		}
		e.Say("deleted the inline policy %s", PolicyName)
	}
	return e.removeUser(ctx, s)
}

// removeKeys ends all of them before it deletes any: a run may end in the middle.
func (e *Enrolment) removeKeys(ctx context.Context, s State) error {
	for _, k := range s.Keys {
		if !k.Active {
			continue
		}
		if err := e.IAM.DeactivateKey(ctx, e.Name, k.ID); err != nil && !refusedAs(err, "NoSuchEntity") {
			return err
		}
	}
	for _, k := range s.Keys {
		if err := e.IAM.DeleteKey(ctx, e.Name, k.ID); err != nil && !refusedAs(err, "NoSuchEntity") {
			return err
		}
		e.Say("deactivated and deleted the access key %s", k.ID)
	}
	return nil
}

func (e *Enrolment) removeDevices(ctx context.Context, s State) error {
	serials := s.Devices
	for _, serial := range serials {
		if err := e.Devices.DeactivateDevice(ctx, e.Name, serial); err != nil && !refusedAs(err, "NoSuchEntity") {
			return err
		}
		if !e.ours(serial) {
			e.Say("took the MFA device %s away", serial)
			continue
		}
		if err := e.Devices.DeleteDevice(ctx, serial); err != nil && !refusedAs(err, "NoSuchEntity") {
			return fmt.Errorf("the MFA device %s is nobody's now, and could not be deleted: %w", serial, err)
		}
		e.Say("deleted the MFA device %s", serial)
	}
	if len(serials) > 0 {
		return nil
	}
	// One that a run of add has made and not bound, or that a run of this has taken away and not deleted.
	if err := e.Devices.DeleteDevice(ctx, deviceOf(s.User.ARN, e.Person)); err != nil && !refusedAs(err, "NoSuchEntity") {
		return err
	}
	return nil
}

// removeUser is last. The bot may have made another key meanwhile: it replaces keys by itself.
func (e *Enrolment) removeUser(ctx context.Context, s State) error {
	err := e.IAM.DeleteUser(ctx, e.Name)
	if refusedAs(err, "DeleteConflict") {
		if s.Keys, err = e.IAM.Keys(ctx, e.Name); err != nil {
			return err
		}
		if err := e.removeKeys(ctx, s); err != nil {
			return err
		}
		if err = e.IAM.DeleteUser(ctx, e.Name); refusedAs(err, "DeleteConflict") {
			return fmt.Errorf("the IAM user %s has something that was not made here, such as another policy: take that away in IAM, and run this again: %w",
				s.User.ARN, err)
		}
	}
	if err != nil {
		return err
	}
	e.Say("deleted the IAM user %s", s.User.ARN)
	return nil
}
