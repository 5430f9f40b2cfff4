package awsapi

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/assumebot/assumebot/broker/enrol"
	"github.com/assumebot/assumebot/broker/secret"
)

// People are the IAM users, devices and secrets of Users, as an operator's identity keeps them. It is safe for
// concurrent use.
type People struct{ *Rotator }

var (
	_ enrol.IAM     = People{}
	_ enrol.Devices = People{}
	_ enrol.Secrets = People{}
)

// NewPeople asks nobody yet.
func NewPeople(c *Client) People { return People{NewRotator(c)} }

// bounded gives a call its time.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, rotationCall)
}

// outcome is nil, or why the action failed.
func outcome(action string, err error) error {
	if err != nil {
		return notDone(action, err)
	}
	return nil
}

// removed is outcome where what is not there is as good.
func removed(action string, err error) error {
	if err = outcome(action, err); RefusedAs(err, "NoSuchEntity") {
		return nil
	}
	return err
}

// User implements [enrol.IAM].
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
func (p People) User(ctx context.Context, name string) (u enrol.User, found bool, err error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	out, err := p.iam.GetUser(ctx, &iam.GetUserInput{UserName: &name})
	if err = outcome("iam:GetUser", err); RefusedAs(err, "NoSuchEntity") {
		return u, false, nil
	}
	if err != nil {
		return u, false, err
	}
	if out.User == nil {
		return u, false, errors.New("iam:GetUser: the answer has no user")
	}
	u = enrol.User{ARN: aws.ToString(out.User.Arn), Path: aws.ToString(out.User.Path)}
	if b := out.User.PermissionsBoundary; b != nil {
		u.Boundary = aws.ToString(b.PermissionsBoundaryArn)
	}
	u.Tagged = slices.ContainsFunc(out.User.Tags, func(t types.Tag) bool {
		return aws.ToString(t.Key) == enrol.Tag && aws.ToString(t.Value) == enrol.TagValue
	})
	return u, true, nil
}

// CreateUser implements [enrol.IAM].
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
func (p People) CreateUser(ctx context.Context, who enrol.Person) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	in := &iam.CreateUserInput{UserName: &who.Name, Path: &who.Path, Tags: []types.Tag{{Key: aws.String(enrol.Tag), Value: aws.String(enrol.TagValue)}}}
	if who.Boundary != "" {
		in.PermissionsBoundary = &who.Boundary
	}
	_, err := p.iam.CreateUser(ctx, in)
	return outcome("iam:CreateUser", err)
}

// DeleteUser implements [enrol.IAM].
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
func (p People) DeleteUser(ctx context.Context, name string) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	_, err := p.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: &name})
	return removed("iam:DeleteUser", err)
}

// Policy implements [enrol.IAM].
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUserPolicy.html
func (p People) Policy(ctx context.Context, user string) (string, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	out, err := p.iam.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: &user, PolicyName: aws.String(enrol.PolicyName)})
	if err = removed("iam:GetUserPolicy", err); err != nil || out == nil {
		return "", err
	}
	text, err := url.PathUnescape(aws.ToString(out.PolicyDocument))
	if err != nil {
		return "", errors.New("iam:GetUserPolicy: the policy is not URL-encoded")
	}
	return text, nil
}

// PutPolicy implements [enrol.IAM].
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html
func (p People) PutPolicy(ctx context.Context, user, text string) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	_, err := p.iam.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &user, PolicyName: aws.String(enrol.PolicyName), PolicyDocument: &text})
	return outcome("iam:PutUserPolicy", err)
}

// DeletePolicy implements [enrol.IAM].
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPolicy.html
func (p People) DeletePolicy(ctx context.Context, user string) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	_, err := p.iam.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: &user, PolicyName: aws.String(enrol.PolicyName)})
	return removed("iam:DeleteUserPolicy", err)
}

// Devices implements [enrol.Devices].
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html
func (p People) Devices(ctx context.Context, user string) ([]string, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	out, err := p.iam.ListMFADevices(ctx, &iam.ListMFADevicesInput{UserName: &user}) // eight at most
	if err != nil {
		return nil, notDone("iam:ListMFADevices", err)
	}
	var serials []string
	for _, d := range out.MFADevices {
		serials = append(serials, aws.ToString(d.SerialNumber))
	}
	return serials, nil
}

// CreateDevice implements [enrol.Devices]. The SDK does not ask again: the seed is told once.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html
func (p People) CreateDevice(ctx context.Context, path, name string) (enrol.Device, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	out, err := p.iam.CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{Path: &path, VirtualMFADeviceName: &name},
		func(o *iam.Options) { o.Retryer = aws.NopRetryer{} })
	if err != nil {
		return enrol.Device{}, notDone("iam:CreateVirtualMFADevice", err)
	}
	if d := out.VirtualMFADevice; d != nil && d.SerialNumber != nil && len(d.Base32StringSeed) > 0 {
		return enrol.Device{Serial: *d.SerialNumber, Seed: secret.New(string(d.Base32StringSeed))}, nil
	}
	return enrol.Device{}, errors.New("iam:CreateVirtualMFADevice: the answer has no device")
}

// EnableDevice implements [enrol.Devices].
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html
func (p People) EnableDevice(ctx context.Context, user, serial, first, second string) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	_, err := p.iam.EnableMFADevice(ctx, &iam.EnableMFADeviceInput{
		UserName: &user, SerialNumber: &serial, AuthenticationCode1: &first, AuthenticationCode2: &second,
	})
	if err = outcome("iam:EnableMFADevice", err); RefusedAs(err, "InvalidAuthenticationCode") {
		return enrol.ErrCodes
	}
	return err
}

// DeactivateDevice implements [enrol.Devices].
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html
func (p People) DeactivateDevice(ctx context.Context, user, serial string) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	_, err := p.iam.DeactivateMFADevice(ctx, &iam.DeactivateMFADeviceInput{UserName: &user, SerialNumber: &serial})
	return removed("iam:DeactivateMFADevice", err)
}

// DeleteDevice implements [enrol.Devices].
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html
func (p People) DeleteDevice(ctx context.Context, serial string) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	_, err := p.iam.DeleteVirtualMFADevice(ctx, &iam.DeleteVirtualMFADeviceInput{SerialNumber: &serial})
	return removed("iam:DeleteVirtualMFADevice", err)
}

// Caller is whose the identity is that asks.
func (p People) Caller(ctx context.Context) (arn string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*rotationCall)
	defer cancel()
	key, err := p.inspect.OwnKey(ctx)
	if err != nil {
		return "", err
	}
	who, err := p.inspect.WhoIs(ctx, key)
	return who.ARN, err
}
