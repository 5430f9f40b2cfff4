package doctor

import "testing"

func TestARegionThatLooksMisspeltIsAWarning(t *testing.T) {
	t.Parallel()
	p := patient(t, startSlack(t), worldConfig)
	a, _ := p.Config.Broker.Account("prod")
	a.Region = "us-esat-1"
	p.Config.Broker.Accounts.Add("prod", a)
	want(t, p.regions(t.Context()), "", "AWS_REGION", OK, "eu-west-1")
	want(t, p.regions(t.Context()), "", "prod", Warning, "us-esat-1", "write us-east-1")
	p.Settings.AWSRegion = "eu-wset-1"
	want(t, p.regions(t.Context()), "", "AWS_REGION", Warning, "AWS_REGION is eu-wset-1", "write eu-west-1")
	p.Settings.AWSRegion = "xx-nowhere-1"
	want(t, p.regions(t.Context()), "", "AWS_REGION", Warning, "not misspelt")
}
