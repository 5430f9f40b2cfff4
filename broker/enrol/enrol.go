// Package enrol makes in AWS what a User needs, and takes it away again: an IAM user with a policy, a virtual MFA
// device, and a secret that holds an access key. What holds:
//
//   - What is to be done next is read from AWS each time. So a run may end at any point, and the next goes on.
//   - It touches what it made alone: an IAM user below the path and with the tag [Tag], and a secret with that tag.
//     Everything else of the name is a [Foreign], and nothing is done.
//   - The secret is there before the key. Until a key stands in it its current version says that there is none
//     ([Empty]): a key that IAM lists then was made by a run that ended, and its secret is lost.
//   - A key is in this process and in Secrets Manager alone. A key that cannot be stored is deleted.
package enrol

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/rotation"
	"github.com/assumebot/assumebot/broker/secret"
)

// Tag is on each IAM user and secret that was made here, with this value: the tags that an
// organisation puts on all it has may have the same name.
const (
	Tag      = "assumebot"
	TagValue = "user"
)

// Empty begins the ID of each version of a secret that holds no key.
const Empty = "assumebot-holds-no-key-"

// PolicyName is that of the one inline policy.
const PolicyName = "assumebot"

const (
	// Patience is how long IAM may not know a new key.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html#troubleshoot_general_eventual-consistency
	Patience  = 2 * time.Minute
	testPause = 3 * time.Second
	// keeping bounds the storing of a key that was created, also when this process is told to stop.
	keeping = 30 * time.Second
)

// A Person is whom it is about.
type Person struct {
	Name     string // of the IAM user, and of the MFA device
	Path     string // of both: /assumebot/
	Secret   string // its name
	Policy   string // JSON; "" where no role is to be assumed
	Boundary string // ARN of the permissions boundary; "": none
}

// A User is an IAM user.
type User struct {
	ARN, Path, Boundary string
	Tagged              bool
}

// A Secret is what is told of one, without its value.
type Secret struct {
	Found, Tagged, Deleted bool
	Elsewhere              bool   // Secrets Manager rotates it
	Current                string // version ID; "": it has no value
}

// A Device is a virtual MFA device that is nobody's yet.
type Device struct {
	Serial string
	Seed   secret.Text // base32, as a person can type it
}

// IAM keeps users. An error of AWS's refusal has a method AWSCode. What is not there is no error of a look or a removal.
type IAM interface {
	rotation.Keys
	User(ctx context.Context, name string) (u User, found bool, err error)
	CreateUser(ctx context.Context, p Person) error
	DeleteUser(ctx context.Context, name string) error
	Policy(ctx context.Context, user string) (text string, err error)
	PutPolicy(ctx context.Context, user, text string) error
	DeletePolicy(ctx context.Context, user string) error
}

// Devices are of MFA. Errors are as those of [IAM].
type Devices interface {
	Devices(ctx context.Context, user string) (serials []string, err error)
	CreateDevice(ctx context.Context, path, name string) (Device, error)
	// EnableDevice returns [ErrCodes] where AWS does not take the codes.
	EnableDevice(ctx context.Context, user, serial, first, second string) error
	DeactivateDevice(ctx context.Context, user, serial string) error
	DeleteDevice(ctx context.Context, serial string) error
}

// Secrets are those of Secrets Manager. None of these reads a value. Errors are as those of [IAM].
type Secrets interface {
	Secret(ctx context.Context, name string) (Secret, error)
	CreateSecret(ctx context.Context, name string) error
	RestoreSecret(ctx context.Context, name string) error
	// PutEmpty makes version current, which holds no key.
	PutEmpty(ctx context.Context, name, version string) error
	PutKey(ctx context.Context, name string, key secret.Credentials) error
	DeleteSecret(ctx context.Context, name string) error
}

// Deps are what an Enrolment works with.
type Deps struct {
	IAM     IAM
	Devices Devices
	Secrets Secrets
	Owners  interface {
		Owner(ctx context.Context, key secret.Credentials) (rotation.Owner, error)
	}
	Terminal Terminal
	Say      func(format string, args ...any) // what was done
	Now      func() time.Time
	Pause    func(ctx context.Context, d time.Duration) error
}

// A Terminal is where the person sits whose device it is. What it shows goes nowhere else.
type Terminal interface {
	Show(d Device) error
	Codes(ctx context.Context, again bool) (first, second string, err error)
}

// ErrCodes is that AWS does not take the two codes.
var ErrCodes = errors.New("AWS does not take these two codes")

// A Foreign is there, and was not made here.
type Foreign struct{ What string }

// Error implements error.
func (f *Foreign) Error() string { return f.What }

func foreign(format string, args ...any) error { return &Foreign{fmt.Sprintf(format, args...)} }

// An Enrolment is that of one Person.
type Enrolment struct {
	Deps
	Person
}

// A State is how things are in AWS.
type State struct {
	User    User
	Exists  bool
	Policy  string
	Devices []string
	Keys    []rotation.Key
	Secret  Secret
}

// Look reads how things are. The error is a [Foreign] where something is not ours.
func (e *Enrolment) Look(ctx context.Context) (s State, err error) {
	if s.User, s.Exists, err = e.IAM.User(ctx, e.Name); err != nil {
		return s, err
	}
	if s.Exists {
		switch {
		case s.User.Path != e.Path:
			return s, foreign("there is an IAM user %s already, which is not below %s: nothing is done to it", s.User.ARN, e.Path)
		case !s.User.Tagged:
			return s, foreign("there is an IAM user %s already, which has no tag %s: nothing is done to it. To have it taken for one of the bot's: "+
				"aws iam tag-user --user-name %s --tags Key=%s,Value=%s", s.User.ARN, Tag, e.Name, Tag, TagValue)
		}
		if s.Policy, err = e.IAM.Policy(ctx, e.Name); err != nil {
			return s, err
		}
		if s.Devices, err = e.Devices.Devices(ctx, e.Name); err != nil {
			return s, err
		}
		if s.Keys, err = e.IAM.Keys(ctx, e.Name); err != nil {
			return s, err
		}
	}
	s.Secret, err = e.Secrets.Secret(ctx, e.Secret)
	return s, err
}

// Serial is the device that the config is to name: the one that was made here, or else the first.
func (s State) Serial(p Person) string {
	for _, serial := range s.Devices {
		if strings.HasSuffix(serial, ":mfa"+p.Path+p.Name) {
			return serial
		}
	}
	if len(s.Devices) > 0 {
		return s.Devices[0]
	}
	return ""
}

// Holds reports whether the secret holds a key.
func (s Secret) Holds() bool {
	return s.Found && !s.Deleted && s.Current != "" && !strings.HasPrefix(s.Current, Empty)
}

// keyed reports whether nothing is to be done about the key.
func (s State) keyed() bool { return s.Secret.Holds() && len(s.Keys) > 0 }

// fits is an error where something that is there cannot be gone on from.
func (e *Enrolment) fits(s State) error {
	switch {
	case s.Exists && s.User.Boundary != e.Boundary:
		return foreign("the IAM user %s has the permissions boundary %s, and %s is asked for: give that as --boundary, or change it in IAM",
			s.User.ARN, orNone(s.User.Boundary), orNone(e.Boundary))
	case s.Secret.Elsewhere:
		return foreign("Secrets Manager rotates the secret %s by a function of its own: switch that off, or remove the secret", e.Secret)
	case s.Secret.Found && !s.Secret.Tagged:
		return foreign("there is a secret %s already, without the tag %s=%s: whoever made it may be able to read it. "+
			"Nothing is done to it: delete it, or see who may read it and give it the tag", e.Secret, Tag, TagValue)
	case s.keyed() && !slices.ContainsFunc(s.Keys, func(k rotation.Key) bool { return k.Active }):
		return foreign("somebody has deactivated the access key %s of %s: activate it in IAM, or see `assumebot rotate-key`", s.Keys[0].ID, s.User.ARN)
	}
	return nil
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// Plan says what [Enrolment.Add] would do, in order.
func (e *Enrolment) Plan(ctx context.Context) (todo []string, s State, err error) {
	if s, err = e.Look(ctx); err == nil {
		err = e.fits(s)
	}
	if err != nil {
		return nil, s, err
	}
	if !s.Exists {
		todo = append(todo, "make the IAM user "+e.Path+e.Name+", with the permissions boundary "+orNone(e.Boundary))
	}
	if e.Policy != "" && s.Policy != e.Policy {
		todo = append(todo, "give it the inline policy "+PolicyName)
	}
	if len(s.Devices) == 0 {
		todo = append(todo, "make the virtual MFA device "+e.Path+e.Name+", show it as a QR code and ask for two codes of it")
	}
	switch {
	case !s.Secret.Found:
		todo = append(todo, "make the secret "+e.Secret)
	case s.Secret.Deleted:
		todo = append(todo, "bring back the secret "+e.Secret+", which is about to be deleted")
	}
	if !s.keyed() {
		todo = append(todo, "make an access key, store it in the secret, and test it")
	}
	return todo, s, nil
}

// newEmpty is the ID of another version without a key: at least 32 characters.
func newEmpty() string { return Empty + rand.Text() }
