package awstest_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func TestIAMShowsRolesKeysAndDevices(t *testing.T) {
	w := newWorld(t)
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`
	w.AddRole(awstest.Role{Account: target, Name: "team/Deploy", MaxSession: 4 * time.Hour, Boundary: "arn:aws:iam::" + target + ":policy/B",
		Trust: awstest.Trust{Policy: trust}})
	w.SetKeyCreated(aliceKey, time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC))
	admin := w.admin()
	for _, c := range []struct {
		name   string
		in     raw
		status int
		want   string
	}{
		{"trust", form("GetRole", iamVersion, "RoleName", "Deploy"), 200, "<AssumeRolePolicyDocument>" + url.PathEscape(trust)},
		{"longest", form("GetRole", iamVersion, "RoleName", "Deploy"), 200, "<MaxSessionDuration>14400<"},
		{"path", form("GetRole", iamVersion, "RoleName", "Deploy"), 200, "role/team/Deploy<"},
		{"boundary", form("GetRole", iamVersion, "RoleName", "Deploy"), 200, ":policy/B<"},
		{"no role", form("GetRole", iamVersion, "RoleName", "Nobody"), 404, "cannot be found"},
		{"no user", form("ListAccessKeys", iamVersion, "UserName", "nobody"), 404, "The user with name nobody cannot be found."},
		{"own keys", form("ListAccessKeys", iamVersion), 200, "<AccessKeyId>AKIAADMIN<"},
		{"no devices", form("ListMFADevices", iamVersion), 200, "ListMFADevicesResult"},
	} {
		if status, body := w.send(admin, c.in); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: got %d %s, want %d %s", c.name, status, body, c.status, c.want)
		}
	}
	if status, body := w.send(w.alicesCreds, form("ListAccessKeys", iamVersion)); status != 200 || !strings.Contains(body, "2025-01-02T03:04:05Z") {
		t.Errorf("got %d %s, want when alice's key was made", status, body)
	}
	if status, body := w.send(w.alicesCreds, form("ListMFADevices", iamVersion)); status != 200 || !strings.Contains(body, w.alice.Serial()) {
		t.Errorf("got %d %s, want alice's device", status, body)
	}
	w.role(awstest.Trust{Principals: []string{"*"}})
	role := w.mustAssume(sts.AssumeRoleInput{})
	if status, body := w.send(role, form("ListAccessKeys", iamVersion)); status != 400 || !strings.Contains(body, "Must specify userName") {
		t.Errorf("a role: got %d %s, want a refusal", status, body)
	}
}
