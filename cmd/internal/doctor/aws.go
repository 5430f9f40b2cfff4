package doctor

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

const (
	awsLimit = 26 * time.Second
	// keyLimit is for reading one key and asking whose it is.
	keyLimit = 8 * time.Second
	// refusedClock is from when on AWS refuses what is signed.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
	refusedClock = 5 * time.Minute
	// oddAWSClock is a step of an MFA device.
	oddAWSClock = 30 * time.Second
)

// A signer is a key that the bot signs with, and what AWS says of it.
type signer struct {
	user   policy.User // of the config; none for the bot's own
	key    secret.Credentials
	who    awsapi.Identity
	noKey  error // the key could not be read
	refuse error // AWS did not take it
}

func (s signer) works() bool { return s.noKey == nil && s.refuse == nil }

// An awsSurvey is what was learned of AWS so far.
type awsSurvey struct {
	Patient
	aws   awsapi.Inspector
	bot   signer
	users []signer
}

// amazon looks at STS, the bot's own identity, each User's key and each Account's role.
func (p Patient) amazon(ctx context.Context) []Finding {
	client, err := p.openAWS(ctx)
	if err != nil {
		return of("aws-sts", "", wrong("mend the AWS_… variables, or the shared config that they name", "%v", err))
	}
	s := awsSurvey{Patient: p, aws: client}
	s.identify(ctx)
	found := of("aws-sts", "", s.endpoint())
	found = append(found, of("aws-sts-region", "", s.untold())...)
	found = append(found, s.fallback(ctx)...)
	found = append(found, of("aws-clock", "", s.clock())...)
	found = append(found, of("aws-bot", "", s.own())...)
	for i, u := range s.users {
		found = append(found, of("aws-key", u.user.Name, s.keyOf(s.users[i]))...)
	}
	found = append(found, s.ofUsers(ctx)...)
	return append(found, s.roles(ctx)...)
}

func (p Patient) openAWS(ctx context.Context) (awsapi.Inspector, error) {
	if p.AWS != nil {
		return awsapi.NewInspector(awsapi.NewAt(*p.AWS, p.Settings.AWSRegion, p.Getenv, p.Now)), nil
	}
	client, err := awsapi.New(ctx, p.Settings.AWSRegion, p.Getenv, p.Now)
	return awsapi.NewInspector(client), err
}

// identify asks whose each key is, with several questions at once.
func (s *awsSurvey) identify(ctx context.Context) {
	for u := range s.Config.Broker.Users.All() {
		s.users = append(s.users, signer{user: *u})
	}
	var asking sync.WaitGroup
	places := make(chan struct{}, atOnce)
	ask := func(one *signer, key func(context.Context) (secret.Credentials, error)) {
		asking.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			ctx, cancel := context.WithTimeout(ctx, keyLimit)
			defer cancel()
			if one.key, one.noKey = key(ctx); one.noKey == nil {
				one.who, one.refuse = s.aws.WhoIs(ctx, one.key)
			}
		})
	}
	ask(&s.bot, s.aws.OwnKey)
	for i := range s.users {
		u := s.users[i].user
		ask(&s.users[i], func(ctx context.Context) (secret.Credentials, error) { return s.aws.UserKey(ctx, u) })
	}
	asking.Wait()
}

// everybody is the bot and the users.
func (s *awsSurvey) everybody() []signer { return append([]signer{s.bot}, s.users...) }

func (s *awsSurvey) endpoint() []Finding {
	region := s.Settings.AWSRegion
	for _, one := range s.everybody() {
		switch host := one.who.Host; {
		case !one.works() || host == "":
		case loopback(host):
			return fine("STS answers, at %s on this machine", host)
		case !awsapi.InRegion(host, region):
			return warn("take AWS_ENDPOINT_URL away, so that STS is asked in "+region,
				"%s is not the endpoint of %s: credentials from the global one do not work in regions that were opted into", host, region)
		default:
			return fine("STS answers, at %s", host)
		}
	}
	return notTold("mend aws-key first", "no key is there that STS answers to")
}

// untold is what GetCallerIdentity answers no matter how it is.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html#API_GetCallerIdentity_Errors
func (s *awsSurvey) untold() []Finding {
	return notTold("see in each account, under IAM, Account settings, that STS is active in "+s.Settings.AWSRegion,
		"only issuing shows whether an account has switched STS off in a region")
}

func (s *awsSurvey) clock() []Finding {
	for _, one := range s.everybody() {
		switch ahead := one.who.Ahead; {
		case !one.who.ClockTold:
		case ahead.Abs() >= refusedClock:
			return wrong("have this host keep its time by NTP", "AWS's clock is %s %s that of this host, and it refuses what is signed more than five minutes off",
				ahead.Abs(), aheadOf(ahead))
		case ahead.Abs() >= oddAWSClock:
			return warn("have this host keep its time by NTP", "AWS's clock is %s %s that of this host", ahead.Abs(), aheadOf(ahead))
		default:
			return fine("AWS's is as that of this host")
		}
	}
	return notTold("see that this host keeps its time by NTP", "no answer of AWS told the time")
}

// own is the bot's identity, which only some configs need.
func (s *awsSurvey) own() []Finding {
	needs := ""
	for u := range s.Config.Broker.Users.All() {
		if u.Key.Secret != "" || u.Key.Default {
			needs = "keys of users"
		}
	}
	for a := range s.Config.Broker.Accounts.All() {
		if a.Revoker != "" {
			needs = "revokers"
		}
	}
	if s.Config.Record.InS3() {
		needs = "the archive of the record"
	}
	switch {
	case s.bot.works():
		return fine("the bot is %s", s.bot.who.ARN)
	case needs == "":
		return fine("the bot has no identity of its own, and this config needs none")
	case s.bot.noKey != nil:
		return wrong("give the bot a role or a key, with deploy/iam/bot-policy.json", "the bot has no identity of its own, and %s need one: %v", needs, s.bot.noKey)
	}
	return s.refused("give the bot a role or a key, with deploy/iam/bot-policy.json", s.bot)
}

// refused is what the error means that AWS did not take a key with.
func (s *awsSurvey) refused(do string, one signer) []Finding {
	err := one.refuse
	switch {
	case awsapi.RefusedAs(err, "InvalidClientTokenId"):
		return wrong(do, "AWS does not know the key: it was deleted or switched off")
	case awsapi.RefusedAs(err, "SignatureDoesNotMatch"):
		return wrong("copy the secret access key again; and look at aws-clock", "the secret access key is not the one of this key ID, or this host's clock is off")
	case awsapi.RefusedAs(err, "ExpiredToken", "ExpiredTokenException"):
		return wrong(do, "the credentials have expired")
	}
	if _, known := config.NearRegion(s.Settings.AWSRegion); !known && awsapi.Unanswered(err) {
		return wrong("mend aws-region AWS_REGION first", "%v", err)
	}
	if at := awsapi.NobodyAt(err); at != "" && loopback(one.who.Host) {
		return wrong("start the rehearsal again, or unset the AWS_ENDPOINT_URL… that leads there", "nothing listens at the endpoint of AWS (%s)", at)
	}
	return wrong("see that this host reaches AWS, by a proxy if need be", "%v", err)
}

// keyOf judges a User's key.
func (s *awsSurvey) keyOf(one signer) []Finding {
	u := one.user
	from := "put a key of the IAM user there (" + u.Key.String() + ")"
	parts := strings.SplitN(one.who.ARN, ":", 6)
	switch {
	case one.noKey != nil && u.Key.Env != "": // the reason says what to set
		return wrong(strings.TrimPrefix(one.noKey.Error(), u.Key.String()+": "), "the bot cannot read it")
	case one.noKey != nil:
		return wrong("put a key of the IAM user there", "the bot cannot read it: %v", one.noKey)
	case one.refuse != nil:
		return s.refused(from, one)
	case len(parts) == 6 && parts[5] == "root":
		return wrong(from+", and delete this one", "it is a key of the root user of account %s", one.who.Account)
	case len(parts) != 6 || !strings.HasPrefix(parts[5], "user/"):
		return wrong(from, "it is of %s, and MFA takes the long-term key of an IAM user", one.who.ARN)
	}
	if account := accountOf(u.MFASerial); account != "" && account != one.who.Account {
		return wrong("correct mfa_serial, or "+from, "it is of account %s, and mfa_serial of account %s", one.who.Account, account)
	}
	return fine("valid, of %s", one.who.ARN)
}

// accountOf is the account in an ARN; "" where there is none.
func accountOf(arn string) string {
	if parts := strings.Split(arn, ":"); len(parts) > 5 && parts[0] == "arn" {
		return parts[4]
	}
	return ""
}

func loopback(host string) bool {
	return slices.Contains([]string{"127.0.0.1", "::1", "localhost"}, host)
}
