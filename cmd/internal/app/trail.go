package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/cloudtrail"
	"github.com/assumebot/assumebot/broker/event"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/record/reconcile"
)

// OpenTrail is where log files of CloudTrail are: a directory, a file, or a place in S3.
func OpenTrail(ctx context.Context, place string, getenv func(string) string) (cloudtrail.Source, error) {
	if !strings.HasPrefix(place, "s3://") {
		return cloudtrail.Files(place), nil
	}
	aws, err := openToolAWS(ctx, getenv)
	if err != nil {
		return nil, err
	}
	return aws.LogBucket(place)
}

// OpenToolAWS is AWS as a tool reaches it, with the settings and the identity of the bot.
func OpenToolAWS(ctx context.Context, getenv func(string) string) (*awsapi.Client, error) {
	return openToolAWS(ctx, getenv)
}

func openToolAWS(ctx context.Context, getenv func(string) string) (*awsapi.Client, error) {
	r := settingsReader{getenv: getenv}
	region := r.region()
	r.awsEndpoints(r.accepts(awsapi.AcceptForeignEndpoint))
	if err := errors.Join(r.problems...); err != nil {
		return nil, err
	}
	return awsapi.New(ctx, region, getenv, time.Now)
}

// whoIsTime bounds reading one key and asking whose it is.
const whoIsTime = 10 * time.Second

// IAMUsers asks AWS whose the keys of the config's Users are. What cannot be told is in
// unknown, in words for an operator.
func IAMUsers(ctx context.Context, users policy.List[policy.User], getenv func(string) string) (found []reconcile.User, unknown []string, err error) {
	aws, err := openToolAWS(ctx, getenv)
	if err != nil {
		return nil, nil, err
	}
	inspect := awsapi.NewInspector(aws)
	for u := range users.All() {
		one, err := iamUser(ctx, inspect, *u)
		switch {
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		case err != nil:
			unknown = append(unknown, fmt.Sprintf("the IAM user of %s is not known (%v): name it by --iam-user", u.Name, err))
		default:
			found = append(found, one)
		}
	}
	return found, unknown, nil
}

func iamUser(ctx context.Context, inspect awsapi.Inspector, u policy.User) (reconcile.User, error) {
	ctx, cancel := context.WithTimeout(ctx, whoIsTime)
	defer cancel()
	key, err := inspect.UserKey(ctx, u)
	if err != nil {
		return reconcile.User{}, err
	}
	who, err := inspect.WhoIs(ctx, key)
	if err != nil {
		return reconcile.User{}, err
	}
	if !IsIAMUser(who.ARN) {
		return reconcile.User{}, fmt.Errorf("the key is of %s, which is no IAM user", who.ARN)
	}
	return reconcile.User{
		ARN:    who.ARN,
		Who:    event.Person{ID: u.Slack, Name: u.Name},
		Keys:   []string{key.AccessKeyID},
		Shared: u.Key.Default,
	}, nil
}

// IsIAMUser reports whether an ARN is an IAM user's.
func IsIAMUser(arn string) bool {
	parts := strings.SplitN(arn, ":", 6)
	return len(parts) == 6 && parts[0] == "arn" && parts[2] == "iam" && len(parts[4]) == 12 && strings.HasPrefix(parts[5], "user/") && len(parts[5]) > len("user/")
}

// NamedIAMUsers are IAM users by their ARNs, each with the User of the config whose session
// name is the IAM user's name.
func NamedIAMUsers(arns []string, users policy.List[policy.User]) []reconcile.User {
	var all []reconcile.User
	for _, arn := range arns {
		one := reconcile.User{ARN: arn}
		name := arn[strings.LastIndexByte(arn, '/')+1:]
		for u := range users.All() {
			if u.SessionName == name {
				one.Who, one.Shared = event.Person{ID: u.Slack, Name: u.Name}, u.Key.Default
			}
		}
		all = append(all, one)
	}
	return all
}
