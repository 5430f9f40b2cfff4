// Package enrol makes in AWS what a User needs, and takes it away again: an IAM user with a policy, a virtual MFA
// device, and a secret that holds an access key. What holds:
//
//   - What is to be done next is read from AWS each time. So a run may end at any point, and the next goes on.
//   - It touches what it made alone: an IAM user below the path and with the tag [Tag], and a secret with that tag.
//     Everything else of the name is a [Foreign], and nothing is done.
//   - The secret is there before the key. Until a key stands in it its current version says that there is none
//     ([Empty]), and then which one ([rotation.VersionOf]). That one counts alone, and only while IAM lists it: any other
//     that IAM lists where it does not was made by a run that ended, and its secret is lost. Such a key is deleted if
//     nobody has used it and the plan has said so; one that was used is a [Foreign].
//   - What the plan has not said is not done.
//   - A key is in this process and in Secrets Manager alone. A key that cannot be stored is deleted.
package enrol

import (
	"context"
	"errors"
	"fmt"
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
		case !strings.HasSuffix(s.User.ARN, "/"+e.Name):
			return s, foreign("there is an IAM user %s already, whose name differs from %s in case alone, which IAM does not tell apart: nothing is done to it",
				s.User.ARN, e.Name)
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
	}
	// Before the keys: a bot that replaces them meanwhile leaves the key that was current for minutes, and may have made
	// the one that is current only now.
	if s.Secret, err = e.Secrets.Secret(ctx, e.Secret); err != nil || !s.Exists {
		return s, err
	}
	s.Keys, err = e.IAM.Keys(ctx, e.Name)
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
