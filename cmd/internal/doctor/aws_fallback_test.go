package doctor

import "testing"

func TestASecondRegionIsAskedWithAKeyOfEachAccount(t *testing.T) {
	t.Parallel()
	s := startAWS(t)
	p := awsPatient(t, s)
	for _, f := range p.amazon(t.Context()) {
		if f.Check == "aws-fallback" {
			t.Errorf("got %+v, want nothing said where there is none", f)
		}
	}
	p.Settings.AWSFallback = "eu-central-1"
	want(t, p.amazon(t.Context()), "aws-fallback", hub, OK, "eu-central-1 answers")
	want(t, p.regions(t.Context()), "", "AWS_FALLBACK_REGION", OK, "eu-central-1")
	s.SetRegionNotEnabled("eu-central-1")
	want(t, p.amazon(t.Context()), "aws-fallback", hub, Wrong, "has not enabled it", "enable eu-central-1 in AWS account "+hub)
	want(t, p.amazon(t.Context()), "aws-key", "alice", OK)
	p.Getenv = func(string) string { return "" }
	p.AWS.Key.AccessKeyID = "AKIANOBODY0000000000"
	want(t, p.amazon(t.Context()), "aws-fallback", "", NotTold, "mend aws-key first")
}
