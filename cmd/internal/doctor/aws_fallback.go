package doctor

import (
	"context"

	"github.com/assumebot/assumebot/broker/awsapi"
)

// fallback asks the second region by one key of each AWS account: a region to opt in to is
// enabled account by account, and does not know the keys of others.
// https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
func (s *awsSurvey) fallback(ctx context.Context) []Finding {
	region := s.Settings.AWSFallback
	if region == "" {
		return nil
	}
	asked := map[string]bool{}
	var looks []look
	for _, one := range s.everybody() {
		account := one.who.Account
		if !one.works() || asked[account] {
			continue
		}
		asked[account] = true
		looks = append(looks, look{"aws-fallback", account, keyLimit, func(ctx context.Context) []Finding {
			ctx, cancel := context.WithTimeout(ctx, reachLimit)
			defer cancel()
			switch who, err := s.aws.WhoIsIn(ctx, region, one.key); {
			case err == nil && loopback(who.Host):
				return fine("%s answers, at %s on this machine", region, who.Host)
			case err == nil:
				return fine("%s answers, at %s", region, who.Host)
			case awsapi.RefusedAs(err, "InvalidClientTokenId", "OptInRequired"):
				return wrong("enable "+region+" in AWS account "+account+", or let AWS_FALLBACK_REGION be a region that is",
					"%s is a region to opt in to, and AWS account %s has not enabled it: its keys are not known there", region, account)
			default:
				return wrong("see that this host reaches AWS there, or unset AWS_FALLBACK_REGION", "%s: %v", region, err)
			}
		}})
	}
	if len(looks) == 0 {
		return of("aws-fallback", "", notTold("mend aws-key first", "no key is there to ask %s with", region))
	}
	return together(ctx, atOnce, looks...)
}
