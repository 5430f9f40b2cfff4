package enrol_test

import (
	"testing"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/enrol"
)

const (
	personARN   = "arn:aws:iam::" + hub + ":user/assumebot/alice"
	deviceARN   = "arn:aws:iam::" + hub + ":mfa/assumebot/alice"
	secretARN   = "arn:aws:secretsmanager:eu-west-1:" + hub + ":secret:assumebot/alice-123456"
	boundaryARN = "arn:aws:iam::" + hub + ":policy/assumebot-people"
)

// ours is what `user add` tags each IAM user and secret with.
var ours = map[string]string{enrol.Tag: enrol.TagValue}

// judged asks the shipped policy of operators. Only some actions know of a boundary or of tags:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
func judged(t *testing.T, action, resource, boundary string, tags map[string]string) awstest.Judgement {
	t.Helper()
	q := awstest.Question{Action: action, Resource: resource, Tags: tags}
	if boundary != "" {
		q.Facts = map[string]string{"iam:PermissionsBoundary": boundary}
	}
	got, err := awstest.Judge(shipped(t, "user-admin-policy.json"), q)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestTheOperatorGainsNothing asks the shipped policy what an operator would need to get more than they have.
func TestTheOperatorGainsNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		action, resource, boundary string
		tags                       map[string]string
		want                       awstest.Judgement
	}{
		{"iam:CreateUser", personARN, boundaryARN, ours, awstest.Allows},
		{"iam:CreateUser", personARN, "", ours, awstest.SaysNothing},
		{"iam:CreateUser", personARN, "arn:aws:iam::aws:policy/AdministratorAccess", ours, awstest.SaysNothing},
		{"iam:PutUserPolicy", personARN, boundaryARN, nil, awstest.Allows},
		{"iam:PutUserPolicy", personARN, "", nil, awstest.SaysNothing},
		{"iam:PutUserPolicy", "arn:aws:iam::" + hub + ":user/operator", boundaryARN, nil, awstest.SaysNothing},
		{"iam:CreateAccessKey", "arn:aws:iam::" + hub + ":user/admin", "", nil, awstest.SaysNothing},
		{"iam:CreateAccessKey", "arn:aws:iam::" + hub + ":user/assumebotter", "", nil, awstest.SaysNothing},
		{"iam:DeactivateMFADevice", "arn:aws:iam::" + hub + ":user/admin", "", nil, awstest.SaysNothing},
		{"iam:DeleteVirtualMFADevice", "arn:aws:iam::" + hub + ":mfa/admin", "", nil, awstest.SaysNothing},
		{"iam:DeleteUserPermissionsBoundary", personARN, boundaryARN, nil, awstest.SaysNothing},
		{"iam:PutUserPermissionsBoundary", personARN, boundaryARN, nil, awstest.SaysNothing},
		{"iam:AttachUserPolicy", personARN, boundaryARN, nil, awstest.SaysNothing},
		{"iam:AddUserToGroup", personARN, "", nil, awstest.SaysNothing},
		{"iam:CreateLoginProfile", personARN, "", nil, awstest.SaysNothing},
		{"iam:CreatePolicyVersion", boundaryARN, "", nil, awstest.SaysNothing},
		{"iam:UpdateAssumeRolePolicy", "arn:aws:iam::" + hub + ":role/assumebot", "", nil, awstest.SaysNothing},
		{"iam:TagUser", "arn:aws:iam::" + hub + ":user/admin", "", ours, awstest.SaysNothing},
		{"iam:UntagUser", personARN, "", ours, awstest.SaysNothing},
		{"iam:TagMFADevice", deviceARN, "", ours, awstest.SaysNothing},
		{"secretsmanager:GetSecretValue", secretARN, "", nil, awstest.SaysNothing},
		{"secretsmanager:PutResourcePolicy", secretARN, "", nil, awstest.SaysNothing},
		{"secretsmanager:UntagResource", secretARN, "", ours, awstest.SaysNothing},
		{"secretsmanager:TagResource", "arn:aws:secretsmanager:eu-west-1:" + hub + ":secret:payroll-123456", "", ours, awstest.SaysNothing},
		{"secretsmanager:PutSecretValue", "arn:aws:secretsmanager:eu-west-1:" + hub + ":secret:payroll-123456", "", nil, awstest.SaysNothing},
		{"secretsmanager:PutSecretValue", "arn:aws:secretsmanager:eu-west-1:" + hub + ":secret:assumebot-host/seal_keys-123456", "", nil, awstest.SaysNothing},
		{"sts:AssumeRole", "arn:aws:iam::222222222222:role/OnCall", "", nil, awstest.SaysNothing},
	} {
		if got := judged(t, c.action, c.resource, c.boundary, c.tags); got != c.want {
			t.Errorf("%s on %s within %q, tags %v: got %s, want %s", c.action, c.resource, c.boundary, c.tags, got, c.want)
		}
	}
}

// TestTheOperatorTagsAsUserAddDoesAlone matters where a policy decides by aws:PrincipalTag or aws:ResourceTag.
func TestTheOperatorTagsAsUserAddDoesAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tags map[string]string
		want awstest.Judgement
	}{
		"ours":                {ours, awstest.Allows},
		"none":                {nil, awstest.SaysNothing}, // of which ForAllValues would say yes
		"another":             {map[string]string{"team": "admins"}, awstest.SaysNothing},
		"another beside ours": {map[string]string{enrol.Tag: enrol.TagValue, "team": "admins"}, awstest.SaysNothing},
		"another value":       {map[string]string{enrol.Tag: "admins"}, awstest.SaysNothing},
		"no value":            {map[string]string{enrol.Tag: ""}, awstest.SaysNothing},
		"another case":        {map[string]string{"Assumebot": enrol.TagValue}, awstest.SaysNothing},
	} {
		for action, asked := range map[string][2]string{ // a resource and a boundary
			"iam:CreateUser":              {personARN, boundaryARN},
			"iam:TagUser":                 {personARN},
			"secretsmanager:CreateSecret": {secretARN},
			"secretsmanager:TagResource":  {secretARN},
		} {
			if got := judged(t, action, asked[0], asked[1], c.tags); got != c.want {
				t.Errorf("%s with the tags %s: got %s, want %s", action, name, got, c.want)
			}
		}
	}
}
