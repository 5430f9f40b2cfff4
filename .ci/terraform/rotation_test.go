package terraform

import (
	"testing"

	"github.com/assumebot/assumebot/broker/awstest"
)

const secretsKey = "arn:aws:kms:eu-west-1:" + hub + ":key/5678abcd"

// TestTheBotReplacesTheKeysOfItsOwnUsersAlone: what a thief of the bot's identity gets, with and without rotate_keys.
func TestTheBotReplacesTheKeysOfItsOwnUsersAlone(t *testing.T) {
	on := map[string]any{"rotate_keys": true, "path": "/assumebot/", "secret_kms_key_arn": secretsKey}
	policies := map[bool]string{}
	for rotates := range map[bool]bool{true: true, false: true} {
		on["rotate_keys"] = rotates
		policies[rotates] = with(t, "hub", hub, changed(t, hubVariables, on)).attribute(t, "aws_iam_role_policy.bot", "", "policy")
	}
	secret := func(name string) string {
		return "arn:aws:secretsmanager:eu-west-1:" + hub + ":secret:" + name + "-AbCdEf"
	}
	for _, c := range []struct {
		action, resource string
		want             bool // with rotate_keys; never without
	}{
		{"iam:ListAccessKeys", user("assumebot/alice"), true},
		{"iam:GetAccessKeyLastUsed", user("assumebot/alice"), true},
		{"iam:CreateAccessKey", user("assumebot/alice"), true},
		{"iam:UpdateAccessKey", user("assumebot/alice"), true},
		{"iam:DeleteAccessKey", user("assumebot/alice"), true},
		{"iam:CreateAccessKey", user("alice"), false},
		{"iam:CreateAccessKey", user("assumebot"), false},
		{"iam:CreateAccessKey", user("assumebot-admins/root"), false},
		{"iam:CreateAccessKey", user("admins/assumebot/alice"), false},
		{"iam:DeleteAccessKey", user("admins/alice"), false},
		{"iam:CreateAccessKey", "arn:aws:iam::" + prod + ":user/assumebot/alice", false},
		{"iam:UpdateUser", user("assumebot/alice"), false},
		{"iam:UpdateUser", user("admins/alice"), false}, // into the path
		{"iam:CreateUser", user("assumebot/mallory"), false},
		{"iam:CreateLoginProfile", user("assumebot/alice"), false},
		{"iam:PutUserPolicy", user("assumebot/alice"), false},
		{"iam:AttachUserPolicy", user("assumebot/alice"), false},
		{"iam:EnableMFADevice", user("assumebot/alice"), false},
		{"iam:DeactivateMFADevice", user("assumebot/alice"), false},
		{"iam:PutRolePolicy", botRole, false},

		{"secretsmanager:DescribeSecret", secret("assumebot/alice"), true},
		{"secretsmanager:PutSecretValue", secret("assumebot/alice"), true},
		{"secretsmanager:UpdateSecretVersionStage", secret("assumebot/alice"), true},
		{"secretsmanager:PutSecretValue", secret("assumebot-host/slack_bot_token"), false},
		{"secretsmanager:PutSecretValue", secret("payroll/database"), false},
		{"secretsmanager:DeleteSecret", secret("assumebot/alice"), false},
		{"secretsmanager:DeleteResourcePolicy", secret("assumebot/alice"), false},
		{"secretsmanager:PutResourcePolicy", secret("assumebot/alice"), false},
		{"secretsmanager:RotateSecret", secret("assumebot/alice"), false},
	} {
		for rotates, policy := range policies {
			want := c.want && rotates
			if got := allowed(t, awstest.Question{Action: c.action, Resource: c.resource, Facts: map[string]string{}}, policy); got != want {
				t.Errorf("rotate_keys %v: %s %s: got %v, want %v", rotates, c.action, c.resource, got, want)
			}
		}
	}
	for by, want := range map[string]bool{"secretsmanager.eu-west-1.amazonaws.com": true, "s3.eu-west-1.amazonaws.com": false, "": false} {
		for rotates, policy := range policies {
			q := awstest.Question{Action: "kms:GenerateDataKey", Resource: secretsKey, Facts: map[string]string{}}
			if by != "" {
				q.Facts["kms:ViaService"] = by
			}
			if got := allowed(t, q, policy); got != (want && rotates) {
				t.Errorf("rotate_keys %v: seal by %q: got %v", rotates, by, got)
			}
		}
	}
}

// TestPeopleStandAtThePath: the users, what the roles trust, and what each may do to themselves. Without path all is as before.
func TestPeopleStandAtThePath(t *testing.T) {
	for path, below := range map[string]string{"": "", "/assumebot/": "assumebot/", "/a/b/": "a/b/"} {
		variables := hubVariables
		if path != "" {
			variables = changed(t, hubVariables, map[string]any{"path": path})
		}
		h := with(t, "hub", hub, variables)
		arns, err := h.output("people_arns")
		if err != nil {
			t.Fatal(err)
		}
		trusted, made := arns.GetAttr("alice").AsString(), h.attribute(t, "aws_iam_user.person", "alice", "arn")
		if want := user(below + "alice"); trusted != want || made != want {
			t.Errorf("path %q: got the user %s, and %s for the roles, want %s", path, made, trusted, want)
		}
		policy := h.attribute(t, "aws_iam_policy.person", "alice", "policy")
		for resource, want := range map[string]bool{
			user(below + "alice"): true, user(below + "bob"): false, user("elsewhere/alice"): false, user(below + "more/alice"): false,
		} {
			if got := allowed(t, asks("alice", "iam:ListMFADevices", resource, nil), policy); got != want {
				t.Errorf("path %q: alice lists the devices of %s: got %v", path, resource, got)
			}
			for _, action := range []string{"iam:CreateAccessKey", "iam:UpdateUser"} {
				if allowed(t, asks("alice", action, resource, withMFA), policy) {
					t.Errorf("path %q: alice may %s %s", path, action, resource)
				}
			}
		}
	}
}
