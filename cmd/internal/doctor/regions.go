package doctor

import (
	"cmp"
	"context"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// reachLimit is for one host to answer, and leaves time to say that it did not.
const reachLimit = keyLimit - 2*time.Second

// reaching asks STS of a region, as [awsapi.Inspector.Reach] does.
type reaching func(ctx context.Context, region string) (host string, err error)

// regions looks whether there are the regions that the settings and the config name.
func (p Patient) regions(ctx context.Context) []Finding {
	client, err := p.openAWS(ctx)
	if err != nil { // which aws-sts tells
		return p.regionsBy(ctx, func(context.Context, string) (string, error) { return "", nil })
	}
	return p.regionsBy(ctx, client.Reach)
}

func (p Patient) regionsBy(ctx context.Context, reach reaching) []Finding {
	ask := func(subject, where, code string) look {
		return look{"", subject, keyLimit, func(ctx context.Context) []Finding { return region(ctx, reach, where, code) }}
	}
	looks := []look{ask("AWS_REGION", "AWS_REGION", p.Settings.AWSRegion)}
	if second := p.Settings.AWSFallback; second != "" {
		looks = append(looks, ask("AWS_FALLBACK_REGION", "AWS_FALLBACK_REGION", second))
	}
	for a := range p.Config.Broker.Accounts.All() {
		if a.Region != "" {
			looks = append(looks, ask(a.Name, "its region", a.Region))
		}
	}
	return together(ctx, atOnce, looks...)
}

// region judges one by its code. What this version does not know may be newer, and then
// its STS answers; where another host answers for it, nothing is known.
func region(ctx context.Context, reach reaching, where, code string) []Finding {
	near, known := config.NearRegion(code)
	if known {
		return fine("%s", code)
	}
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	host, err := reach(ctx, code)
	host = cmp.Or(host, "its STS")
	switch {
	case err == nil && awsapi.InRegion(host, code):
		return fine("%s, which this version does not know, and %s answers", code, host)
	case err != nil && near != "":
		return wrong("did you mean "+near+"?", "%s is %s, and %s does not answer", where, code, host)
	case err != nil:
		return wrong("see that it is not misspelt, and that this host reaches AWS", "%s is %s, and %s does not answer", where, code, host)
	case near != "":
		return warn("write "+near+", if that is meant", "%s is %s, which is not one that this version knows", where, code)
	}
	return warn("see that it is not misspelt", "%s is %s, which is not one that this version knows", where, code)
}
