package doctor

import (
	"context"
	"slices"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
)

// oldKey is when AWS's own security checks call a key due for rotation.
// https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-3
const oldKey = 90 * 24 * time.Hour

// ofUsers looks at the age of each key that works, and at the device that goes with it.
// Each is asked with the user's own key, and IAM may not let it.
func (s *awsSurvey) ofUsers(ctx context.Context) []Finding {
	var ages, devices []look
	for _, one := range s.users {
		if !one.works() {
			continue
		}
		ages = append(ages, look{"aws-key-age", one.user.Name, keyLimit, func(ctx context.Context) []Finding { return s.age(ctx, one) }})
		if one.user.MFASerial != "" {
			devices = append(devices, look{"aws-mfa-device", one.user.Name, keyLimit, func(ctx context.Context) []Finding { return s.device(ctx, one) }})
		}
	}
	return together(ctx, atOnce, append(ages, devices...)...)
}

func (s *awsSurvey) age(ctx context.Context, one signer) []Finding {
	created, err := s.aws.KeyCreated(ctx, one.key)
	if err != nil {
		return iamSilent("look at the age of the access key in IAM, or let each user do iam:ListAccessKeys on themselves, or the bot, by rotation-policy.json", err)
	}
	if age := s.Now().Sub(created); age > oldKey {
		do := "make a new key, put it in place of this one, and delete this one"
		if one.user.Key.Secret != "" {
			do = "run assumebot rotate-key " + one.user.SessionName + " --yes, or set rotate_keys, so that the bot does it by itself"
		}
		return warn(do, "it is %d days old", age/(24*time.Hour))
	}
	return fine("younger than 90 days")
}

func (s *awsSurvey) device(ctx context.Context, one signer) []Finding {
	serials, err := s.aws.Devices(ctx, one.key)
	switch {
	case err != nil:
		return iamSilent("see in IAM that mfa_serial is a device of this user, or let each user do iam:ListMFADevices on themselves", err)
	case slices.Contains(serials, one.user.MFASerial):
		return fine("it is a device of that IAM user")
	case len(serials) == 0:
		return wrong("assign a device to the IAM user, and write its serial under mfa_serial", "the IAM user has no MFA device")
	}
	return wrong("write the one that the person uses under mfa_serial", "mfa_serial is not a device of the IAM user, who has %s", few(serials))
}

// iamSilent is of a question that IAM did not answer.
func iamSilent(do string, err error) []Finding {
	if awsapi.RefusedAs(err, "AccessDenied", "AccessDeniedException", "InvalidClientTokenId") {
		return notTold(do, "IAM does not let this key ask")
	}
	return notTold(do, "%v", err)
}
