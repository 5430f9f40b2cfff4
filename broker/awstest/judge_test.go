package awstest_test

import (
	"context"
	"testing"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
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
		"no JSON":                             `{`,
		"no statement":                        `{"Version":"2012-10-17"}`,
		"no resource":                         `{"Statement":{"Effect":"Allow","Action":"*"}}`,
		"both resources":                      `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"}}`,
		"unknown operator":                    `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Like":{"a":"b"}}}}`,
		"several values, and no set operator": `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:tagkeys":"b"}}}}`,
		"set operator for no string":          `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAllValues:Bool":{"a":"true"}}}}`,
		"set operator alone":                  `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForAllValues:":{"a":"b"}}}}`,
		"unknown set operator":                `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"ForSomeValues:StringEquals":{"a":"b"}}}}`,
		"set operator twice": `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*",
			"Condition":{"ForAllValues:ForAnyValue:StringEquals":{"a":"b"}}}}`,
	} {
		if got, err := awstest.Judge(policy, awstest.Question{Action: "s3:GetObject"}); err == nil {
			t.Errorf("%s: got %q, want an error", name, got)
		}
	}
	for _, key := range []string{"aws:TagKeys", "aws:RequestTag/team"} {
		if got, err := awstest.Judge(host, awstest.Question{Facts: map[string]string{key: "a"}}); err == nil {
			t.Errorf("%s as a fact: got %q, want an error", key, got)
		}
	}
}

// TestJudgeHoldsEachValueOfASetAgainstThePolicy goes by
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
func TestJudgeHoldsEachValueOfASetAgainstThePolicy(t *testing.T) {
	none := map[string]string{}
	team, both, others := map[string]string{"team": "a"}, map[string]string{"team": "a", "cost": "b"}, map[string]string{"owner": "x", "cost": "b"}
	for _, c := range []struct {
		operator, key, values string
		tags                  map[string]string
		want                  awstest.Judgement
	}{
		{"ForAllValues:StringEquals", "aws:TagKeys", `["team","cost"]`, team, awstest.Allows},
		{"ForAllValues:StringEquals", "aws:TagKeys", `["team","cost"]`, both, awstest.Allows},
		{"ForAllValues:StringEquals", "aws:TagKeys", `"team"`, both, awstest.SaysNothing},
		{"ForAllValues:StringEquals", "aws:TagKeys", `"team"`, none, awstest.Allows}, // of no tag at all: the trap
		{"ForAllValues:StringEquals", "AWS:tagKEYS", `"team"`, team, awstest.Allows},
		{"ForAllValues:StringEquals", "aws:TagKeys", `"Team"`, team, awstest.SaysNothing},
		{"ForAllValues:StringLike", "aws:TagKeys", `"t*"`, team, awstest.Allows},
		{"ForAllValues:StringNotEquals", "aws:TagKeys", `["team","dept"]`, both, awstest.SaysNothing},
		{"ForAllValues:StringNotEquals", "aws:TagKeys", `["team","dept"]`, others, awstest.Allows},

		{"ForAnyValue:StringEquals", "aws:TagKeys", `"team"`, both, awstest.Allows},
		{"ForAnyValue:StringEquals", "aws:TagKeys", `"team"`, others, awstest.SaysNothing},
		{"ForAnyValue:StringEquals", "aws:TagKeys", `"team"`, none, awstest.SaysNothing},
		{"ForAnyValue:StringEqualsIfExists", "aws:TagKeys", `"team"`, none, awstest.Allows},
		{"ForAnyValue:StringEqualsIfExists", "aws:TagKeys", `"team"`, others, awstest.SaysNothing},
		{"ForAnyValue:StringNotLike", "aws:TagKeys", `"t*"`, team, awstest.SaysNothing},
		{"ForAnyValue:StringNotLike", "aws:TagKeys", `"t*"`, both, awstest.Allows},

		// A key with one value is a set of one; an empty one is as none.
		{"ForAllValues:StringEquals", "aws:RequestTag/team", `"a"`, both, awstest.Allows},
		{"ForAllValues:StringEquals", "aws:RequestTag/team", `"b"`, both, awstest.SaysNothing},
		{"ForAllValues:StringEquals", "aws:RequestTag/team", `"a"`, others, awstest.Allows},
		{"ForAllValues:StringEquals", "aws:RequestTag/team", `"a"`, map[string]string{"team": ""}, awstest.Allows},
		{"ForAnyValue:StringEquals", "aws:RequestTag/team", `""`, map[string]string{"team": ""}, awstest.SaysNothing},
		{"StringEquals", "aws:RequestTag/team", `"a"`, map[string]string{"TEAM": "a"}, awstest.Allows}, // the name of a key is without case
		{"StringEquals", "aws:RequestTag/team", `"a"`, none, awstest.SaysNothing},
		{"StringNotEquals", "aws:RequestTag/team", `"a"`, none, awstest.Allows},
	} {
		policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:TagUser","Resource":"*",
			"Condition":{"` + c.operator + `":{"` + c.key + `":` + c.values + `}}}}`
		got, err := awstest.Judge(policy, awstest.Question{Action: "iam:TagUser", Resource: "u", Tags: c.tags})
		if err != nil || got != c.want {
			t.Errorf("%s of %s in %s with the tags %v: got %q, %v, want %q", c.operator, c.key, c.values, c.tags, got, err, c.want)
		}
	}
}

func TestTagsOfEachRequestReachThePolicies(t *testing.T) {
	w := newWorld(t)
	w.AddUser(awstest.User{Account: target, Name: "tagger", AccessKeyID: "AKIATAGGER", SecretAccessKey: "tagger", Policy: `{"Version":"2012-10-17",
		"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
			{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"ForAnyValue:StringNotEquals":{"aws:TagKeys":"assumebot"}}}]}`})
	tagger := aws.Credentials{AccessKeyID: "AKIATAGGER", SecretAccessKey: "tagger"}
	w.role(awstest.Trust{Principals: []string{awstest.UserARN(target, "tagger")}, TagSession: true})
	for key, allowed := range map[string]bool{"assumebot": true, "team": false, "Assumebot": false} {
		_, secretErr := w.secrets(tagger).CreateSecret(context.Background(), &secretsmanager.CreateSecretInput{
			Name: aws.String("of-" + key), Tags: []smtypes.Tag{{Key: &key, Value: aws.String("user")}},
		})
		_, roleErr := w.assume(tagger, sts.AssumeRoleInput{Tags: []types.Tag{{Key: &key, Value: aws.String("user")}}})
		made, _ := w.send(tagger, form("CreateUser", iamVersion, "UserName", "of-"+key, "Tags.member.1.Key", key, "Tags.member.1.Value", "user"))
		tagged, _ := w.send(tagger, form("TagUser", iamVersion, "UserName", "tagger", "Tags.member.1.Key", key, "Tags.member.1.Value", "user"))
		for action, got := range map[string]bool{
			"CreateSecret": secretErr == nil, "AssumeRole": roleErr == nil, "CreateUser": made == 200, "TagUser": tagged == 200,
		} {
			if got != allowed {
				t.Errorf("%s with the tag %s: got %t, want %t (%v, %v)", action, key, got, allowed, secretErr, roleErr)
			}
		}
	}
}
