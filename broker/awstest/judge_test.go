package awstest_test

import (
	"testing"

	"github.com/assumebot/assumebot/broker/awstest"
)

func TestJudgeTellsWhatOnePolicySays(t *testing.T) {
	bucket := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/bot"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"},
		{"Effect":"Deny","Principal":"*","Action":"s3:Delete*","NotResource":"arn:aws:s3:::b/aside/*"}]}`
	own := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListMFADevices","Resource":"arn:aws:iam::1:user/${aws:username}",
		"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}}`
	host := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}`
	bot, mfa := []string{"arn:aws:iam::111111111111:role/bot"}, map[string]string{"AWS:username": "alice", "aws:MultiFactorAuthPresent": "true"}
	for name, c := range map[string]struct {
		policy string
		ask    awstest.Question
		want   awstest.Judgement
	}{
		"the principal":          {bucket, awstest.Question{Action: "s3:PutObject", Resource: "arn:aws:s3:::b/k", Principals: bot}, awstest.Allows},
		"another principal":      {bucket, awstest.Question{Action: "s3:PutObject", Resource: "arn:aws:s3:::b/k", Principals: []string{"x"}}, awstest.SaysNothing},
		"another resource":       {bucket, awstest.Question{Action: "s3:PutObject", Resource: "arn:aws:s3:::c/k", Principals: bot}, awstest.SaysNothing},
		"denied to everybody":    {bucket, awstest.Question{Action: "s3:DeleteObject", Resource: "arn:aws:s3:::b/k", Principals: bot}, awstest.Denies},
		"but for what is named":  {bucket, awstest.Question{Action: "s3:DeleteObject", Resource: "arn:aws:s3:::b/aside/1"}, awstest.SaysNothing},
		"one's own, by variable": {own, awstest.Question{Action: "iam:ListMFADevices", Resource: "arn:aws:iam::1:user/alice", Facts: mfa}, awstest.Allows},
		"another's":              {own, awstest.Question{Action: "iam:ListMFADevices", Resource: "arn:aws:iam::1:user/bob", Facts: mfa}, awstest.SaysNothing},
		"without the fact": {own, awstest.Question{Action: "iam:ListMFADevices", Resource: "arn:aws:iam::1:user/alice",
			Facts: map[string]string{"aws:username": "alice"}}, awstest.SaysNothing},
		"a service":    {host, awstest.Question{Action: "sts:AssumeRole", Principals: []string{"ec2.amazonaws.com"}}, awstest.Allows},
		"no service":   {host, awstest.Question{Action: "sts:AssumeRole", Principals: bot}, awstest.SaysNothing},
		"every person": {host, awstest.Question{Action: "sts:AssumeRole", Principals: []string{"*"}}, awstest.SaysNothing},
	} {
		got, err := awstest.Judge(c.policy, c.ask)
		if err != nil || got != c.want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, c.want)
		}
	}
	for name, policy := range map[string]string{
		"no JSON":          `{`,
		"no statement":     `{"Version":"2012-10-17"}`,
		"no resource":      `{"Statement":{"Effect":"Allow","Action":"*"}}`,
		"both resources":   `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"}}`,
		"unknown operator": `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Like":{"a":"b"}}}}`,
	} {
		if got, err := awstest.Judge(policy, awstest.Question{Action: "s3:GetObject"}); err == nil {
			t.Errorf("%s: got %q, want an error", name, got)
		}
	}
}
