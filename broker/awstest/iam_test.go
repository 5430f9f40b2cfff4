package awstest_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const iamVersion = "2010-05-08"

// admin is a user of the role's account, who may change its policies.
func (w *world) admin() aws.Credentials {
	w.AddUser(awstest.User{Account: target, Name: "admin", AccessKeyID: "AKIAADMIN", SecretAccessKey: "admin"})
	return aws.Credentials{AccessKeyID: "AKIAADMIN", SecretAccessKey: "admin"}
}

func TestInlinePoliciesAreKept(t *testing.T) {
	w := newWorld(t)
	admin := w.admin()
	const doc = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"none:*","Resource":"*"}]}`
	spaced := doc + strings.Repeat(" ", 20_000)
	large := strings.Replace(doc, "none", strings.Repeat("n", 10_240-len(doc)), 1)
	for _, c := range []struct {
		name   string
		in     raw
		status int
		want   string
	}{
		{"put", form("PutRolePolicy", iamVersion, "RoleName", "OnCall", "PolicyName", "p", "PolicyDocument", doc), 200, "<PutRolePolicyResponse"},
		{"get", form("GetRolePolicy", iamVersion, "RoleName", "OnCall", "PolicyName", "p"), 200, url.PathEscape(doc)},
		{"list", form("ListRolePolicies", iamVersion, "RoleName", "OnCall"), 200, "<member>p</member>"},
		{"too much", form("PutRolePolicy", iamVersion, "RoleName", "OnCall", "PolicyName", "q", "PolicyDocument", large), 409, "LimitExceeded"},
		{"white space is free", form("PutRolePolicy", iamVersion, "RoleName", "OnCall", "PolicyName", "q", "PolicyDocument", spaced), 200, ""},
		{"in its place", form("DeleteRolePolicy", iamVersion, "RoleName", "OnCall", "PolicyName", "p"), 200, ""},
		{"gone", form("DeleteRolePolicy", iamVersion, "RoleName", "OnCall", "PolicyName", "p"), 404, "NoSuchEntity"},
		{"no role", form("ListRolePolicies", iamVersion, "RoleName", "Nobody"), 404, "The role with name Nobody cannot be found."},
		{"malformed", form("PutRolePolicy", iamVersion, "RoleName", "OnCall", "PolicyName", "p", "PolicyDocument", "{"), 400, "MalformedPolicyDocument"},
		{"odd condition", form("PutRolePolicy", iamVersion, "RoleName", "OnCall", "PolicyName", "p", "PolicyDocument",
			strings.Replace(doc, `"Resource"`, `"Condition":{"Like":{"a":"b"}},"Resource"`, 1)), 400, "Invalid condition"},
		{"no name", form("GetRolePolicy", iamVersion, "RoleName", "OnCall"), 400, "&#39;policyName&#39;"},
		{"unknown action", form("DeleteRole", iamVersion, "RoleName", "OnCall"), 400, "InvalidAction"},
	} {
		status, body := w.send(admin, c.in)
		if status != c.status || !strings.Contains(strings.ToLower(body), strings.ToLower(c.want)) {
			t.Errorf("%s: got %d %s, want %d %s", c.name, status, body, c.status, c.want)
		}
	}
}

func TestIAMNeedsMFAInSessions(t *testing.T) {
	w := newWorld(t)
	w.AddRole(awstest.Role{Account: hub, Name: "Own"})
	in := form("ListRolePolicies", iamVersion, "RoleName", "Own")
	if status, body := w.send(w.mustSession(sts.GetSessionTokenInput{}), in); status != 403 || !strings.Contains(body, "InvalidClientTokenId") {
		t.Errorf("got %d %s, want a refusal", status, body)
	}
	mfa := w.mustSession(sts.GetSessionTokenInput{SerialNumber: aws.String(w.alice.Serial()), TokenCode: aws.String(w.alice.Code())})
	if status, body := w.send(mfa, in); status != 200 {
		t.Errorf("got %d %s, want success", status, body)
	}
	w.AddUser(awstest.User{Account: hub, Name: "alice", AccessKeyID: aliceKey, SecretAccessKey: aliceSecret, Deny: []string{"iam:*"}})
	if status, body := w.send(w.alicesCreds, in); status != 403 || !strings.Contains(body, "not authorized to perform: iam:ListRolePolicies") {
		t.Errorf("got %d %s, want a refusal", status, body)
	}
}

func TestRevocationHitsOneSessionOfARole(t *testing.T) {
	w := newWorld(t)
	w.role(awstest.Trust{Principals: []string{"*"}, SetSourceIdentity: true})
	alice := w.mustAssume(sts.AssumeRoleInput{SourceIdentity: aws.String("alice")})
	bob := w.mustAssume(sts.AssumeRoleInput{RoleSessionName: aws.String("bob")})
	w.clock.advance(time.Minute)
	before := time.Now().UTC().Format(time.RFC3339) // as the fake's answers show it
	for name, condition := range map[string]string{
		"by user ID":         `{"StringLike":{"aws:userid":"*:alice@example.com"},"DateLessThan":{"aws:TokenIssueTime":"` + before + `"}}`,
		"by source identity": `{"StringEquals":{"aws:SourceIdentity":"alice"},"DateLessThan":{"aws:TokenIssueTime":"` + before + `"}}`,
	} {
		doc := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":` + condition + `}]}`
		put := form("PutRolePolicy", iamVersion, "RoleName", "OnCall", "PolicyName", "revoke", "PolicyDocument", doc)
		if status, body := w.send(w.admin(), put); status != 200 {
			t.Fatalf("%s: got %d %s", name, status, body)
		}
		_, err := w.list(alice, s3.ListBucketsInput{})
		wantError(t, err, accessDenied, "with an explicit deny in an identity-based policy")
		_, err = w.assume(alice, sts.AssumeRoleInput{})
		wantError(t, err, accessDenied, "sts:AssumeRole")
		_, err = w.identity(alice) // cannot be denied
		wantError(t, err, "", "")
		_, err = w.list(bob, s3.ListBucketsInput{})
		wantError(t, err, "", "")
		_, err = w.list(w.mustAssume(sts.AssumeRoleInput{SourceIdentity: aws.String("alice")}), s3.ListBucketsInput{})
		wantError(t, err, "", "") // issued since
	}
}
