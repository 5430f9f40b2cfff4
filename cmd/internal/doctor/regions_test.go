package doctor

import (
	"context"
	"errors"
	"testing"
)

// TestARegionThatLooksMisspeltIsAWarning has one host answer for every region.
func TestARegionThatLooksMisspeltIsAWarning(t *testing.T) {
	t.Parallel()
	p := patient(t, startSlack(t), worldConfig)
	p.AWS = awsPatient(t, startAWS(t)).AWS
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

func TestARegionWhoseSTSDoesNotAnswerIsWrong(t *testing.T) {
	t.Parallel()
	p := patient(t, startSlack(t), worldConfig)
	a, _ := p.Config.Broker.Account("prod")
	a.Region = "us-esat-1"
	p.Config.Broker.Accounts.Add("prod", a)
	p.Settings.AWSRegion = "eu-wset-1"
	reach := func(_ context.Context, region string) (string, error) {
		host := "sts." + region + ".amazonaws.com"
		if region == "eu-north-9" {
			return host, nil
		}
		return host, errors.New("no such host")
	}
	found := p.regionsBy(t.Context(), reach)
	want(t, found, "", "AWS_REGION", Wrong, "sts.eu-wset-1.amazonaws.com does not answer", "did you mean eu-west-1?")
	want(t, found, "", "prod", Wrong, "its region is us-esat-1", "did you mean us-east-1?")
	p.Settings.AWSRegion = "eu-north-9"
	want(t, p.regionsBy(t.Context(), reach), "", "AWS_REGION", OK, "eu-north-9, which this version does not know")
	p.Settings.AWSRegion = "xx-nowhere-1"
	want(t, p.regionsBy(t.Context(), reach), "", "AWS_REGION", Wrong, "not misspelt")
}

// TestAMisspeltRegionIsWhatToMend has STS unreachable, as where no host has that name.
func TestAMisspeltRegionIsWhatToMend(t *testing.T) {
	t.Parallel()
	s := startAWS(t)
	p := awsPatient(t, s)
	p.Settings.AWSRegion = "eu-wset-1"
	_ = s.Close()
	want(t, p.amazon(t.Context()), "aws-key", "alice", Wrong, "mend aws-region AWS_REGION first")
}
