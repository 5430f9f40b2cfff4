package awstest_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// These tests hold the policies of deploy/iam to what deploy/docs/install.md says of them, as they are shipped.

const (
	shippedExternalID = "replace-with-a-random-one"
	shippedBoundary   = "arn:aws:iam::222222222222:policy/OnCallBoundary"
)

func shipped(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../deploy/iam", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// deployed is a world in which every policy is the shipped one.
func deployed(t *testing.T, trust string) *world {
	w := newWorld(t)
	for name, key := range map[string][2]string{"alice": {aliceKey, aliceSecret}, "bob": {bobKey, bobSecret}} {
		w.AddUser(awstest.User{Account: hub, Name: name, AccessKeyID: key[0], SecretAccessKey: key[1], Policy: shipped(t, "user-policy.json")})
	}
	for account, name := range map[string]string{target: "OnCall", "333333333333": "Developer", "444444444444": "Vault"} {
		w.AddRole(awstest.Role{Account: account, Name: name, MaxSession: 4 * time.Hour, Trust: awstest.Trust{Policy: trust}, Boundary: shippedBoundary})
		w.AddRole(awstest.Role{
			Account: account, Name: "AssumebotRevoker", Policy: shipped(t, "revoker-policy.json"),
			Trust: awstest.Trust{Policy: shipped(t, "revoker-trust-policy.json")},
		})
	}
	w.AddUser(awstest.User{Account: hub, Name: "host", AccessKeyID: "AKIAHOST", SecretAccessKey: "host"})
	w.AddRole(awstest.Role{
		Account: hub, Name: "assumebot", Policy: shipped(t, "bot-policy.json"),
		Trust: awstest.Trust{Principals: []string{awstest.UserARN(hub, "host")}},
	})
	return w
}

// bot is the bot's own identity, a role as on a machine of AWS's.
func (w *world) bot() aws.Credentials {
	w.t.Helper()
	out, err := w.assume(aws.Credentials{AccessKeyID: "AKIAHOST", SecretAccessKey: "host"},
		sts.AssumeRoleInput{RoleArn: aws.String(awstest.RoleARN(hub, "assumebot")), RoleSessionName: aws.String("i-0123456789abcdef0")})
	if err != nil {
		w.t.Fatal(err)
	}
	return issued(out.Credentials)
}

// bound is how the bot asks for OnCall in alice's name, without a code.
func bound() sts.AssumeRoleInput {
	return sts.AssumeRoleInput{
		RoleSessionName: aws.String("alice"), SourceIdentity: aws.String("alice"), ExternalId: aws.String(shippedExternalID),
	}
}

// revokerIn is how the bot asks for the revoker of an AWS account.
func revokerIn(account string) sts.AssumeRoleInput {
	return sts.AssumeRoleInput{
		RoleArn: aws.String(awstest.RoleARN(account, "AssumebotRevoker")), RoleSessionName: aws.String("assumebot-revoker"),
	}
}

// hubCredentials are what an Account without a role gives to alice.
func (w *world) hubCredentials() aws.Credentials {
	w.t.Helper()
	return w.mustSession(sts.GetSessionTokenInput{SerialNumber: aws.String(w.alice.Serial()), TokenCode: aws.String(w.alice.Code())})
}

func TestShippedTrustTakesOnesOwnNameAlone(t *testing.T) {
	for _, file := range []string{"role-trust-policy.json", "role-trust-policy-source-ip.json"} {
		w := deployed(t, strings.Replace(shipped(t, file), "192.0.2.10/32", "127.0.0.1/32", 1))
		own := w.hubCredentials()
		for name, c := range map[string]struct {
			change func(*sts.AssumeRoleInput)
			want   string // of the refusal; empty: allowed
		}{
			"as the bot asks":           {func(*sts.AssumeRoleInput) {}, ""},
			"with tags":                 {func(in *sts.AssumeRoleInput) { in.Tags = tags(1, 4, 4) }, ""},
			"for another role":          {func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String("arn:aws:iam::444444444444:role/Vault") }, ""},
			"another's session name":    {func(in *sts.AssumeRoleInput) { in.RoleSessionName = aws.String("bob") }, "sts:AssumeRole"},
			"another's source identity": {func(in *sts.AssumeRoleInput) { in.SourceIdentity = aws.String("bob") }, "sts:AssumeRole"},
			"in capitals":               {func(in *sts.AssumeRoleInput) { in.RoleSessionName = aws.String("Alice") }, "sts:AssumeRole"},
			"no source identity":        {func(in *sts.AssumeRoleInput) { in.SourceIdentity = nil }, "sts:AssumeRole"},
			"no external ID":            {func(in *sts.AssumeRoleInput) { in.ExternalId = nil }, "sts:AssumeRole"},
		} {
			in := bound()
			c.change(&in)
			_, err := w.assume(own, in)
			if c.want == "" {
				wantError(t, err, "", "")
			} else {
				wantError(t, err, accessDenied, "is not authorized to perform: "+c.want+" on resource")
			}
			if t.Failed() {
				t.Fatalf("%s: %s", file, name)
			}
		}
		_, err := w.assume(w.alicesCreds, bound())
		wantError(t, err, accessDenied, "sts:AssumeRole") // no MFA
		w.clock.advance(time.Minute)
		direct := bound()
		direct.SerialNumber, direct.TokenCode = aws.String(w.alice.Serial()), aws.String(w.alice.Code())
		direct.DurationSeconds = aws.Int32(4 * 3600)
		out, err := w.assume(w.alicesCreds, direct)
		if err != nil {
			t.Fatal(err)
		}
		// A role's session has no IAM user's name, so no chain leads on.
		_, err = w.assume(issued(out.Credentials), bound())
		wantError(t, err, accessDenied, "sts:AssumeRole")
	}
}

func TestShippedTrustBindsTheSourceIdentityByItself(t *testing.T) {
	// Each of the two statements refuses, should somebody loosen the other.
	loose := strings.Replace(shipped(t, "role-trust-policy.json"), ",\n          \"sts:SourceIdentity\": \"${aws:username}\"\n", "\n", 1)
	w := deployed(t, loose)
	in := bound()
	in.SourceIdentity = aws.String("bob")
	_, err := w.assume(w.hubCredentials(), in)
	wantError(t, err, accessDenied, "is not authorized to perform: sts:SetSourceIdentity on resource")
}

func TestShippedTrustIsForThoseWhomItNames(t *testing.T) {
	w := deployed(t, shipped(t, "role-trust-policy.json"))
	w.AddUser(awstest.User{Account: hub, Name: "mallory", AccessKeyID: "AKIAMALLORY", SecretAccessKey: "mallory"})
	device := w.AddDevice(hub, "mallory", awstest.DeviceARN(hub, "mallory"), []byte("mallory's seed"))
	in := bound()
	in.RoleSessionName, in.SourceIdentity = aws.String("mallory"), aws.String("mallory")
	in.SerialNumber, in.TokenCode = aws.String(device.Serial()), aws.String(device.Code())
	_, err := w.assume(aws.Credentials{AccessKeyID: "AKIAMALLORY", SecretAccessKey: "mallory"}, in)
	wantError(t, err, accessDenied, "sts:AssumeRole")
}

// from asks from another address of the loopback network, as a person's own machine would.
func (w *world) from(address string, creds aws.Credentials, in sts.AssumeRoleInput) error {
	w.t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	defer transport.CloseIdleConnections()
	cfg := w.config(creds)
	cfg.HTTPClient = plainBodies{&http.Client{Transport: transport}}
	if in.RoleArn == nil {
		in.RoleArn = &w.onCall
	}
	_, err := sts.NewFromConfig(cfg).AssumeRole(context.Background(), &in)
	return err
}

// secondAddress is another address of this machine's loopback network; some systems have one alone.
func secondAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skip("this machine has no 127.0.0.2:", err)
	}
	_ = l.Close()
	return "127.0.0.2"
}

func TestShippedSourceIPVariantTellsTheBotFromAPerson(t *testing.T) {
	elsewhere := secondAddress(t)
	policy := shipped(t, "role-trust-policy-source-ip.json")
	w := deployed(t, strings.Replace(policy, "192.0.2.10/32", "127.0.0.1/32", 1))
	own := w.hubCredentials()
	wantError(t, w.from("127.0.0.1", own, bound()), "", "")
	wantError(t, w.from(elsewhere, own, bound()), accessDenied, "sts:AssumeRole")

	// Without the address, everything that a person sends is what the bot would send.
	open := deployed(t, shipped(t, "role-trust-policy.json"))
	wantError(t, open.from(elsewhere, open.hubCredentials(), bound()), "", "")

	// As it is shipped, the address is nobody's here.
	closed := deployed(t, policy)
	wantError(t, closed.from("127.0.0.1", closed.hubCredentials(), bound()), accessDenied, "sts:AssumeRole")
}

func TestShippedUserPolicyAssumesTheRolesAndNothingElse(t *testing.T) {
	w := deployed(t, shipped(t, "role-trust-policy.json"))
	own := w.hubCredentials()
	for _, role := range []string{"arn:aws:iam::222222222222:role/OnCall", "arn:aws:iam::333333333333:role/Developer", "arn:aws:iam::444444444444:role/Vault"} {
		in := bound()
		in.RoleArn, in.Tags = aws.String(role), tags(1, 4, 4)
		_, err := w.assume(own, in)
		wantError(t, err, "", "")
	}
	w.AddRole(awstest.Role{Account: target, Name: "Admin", Trust: awstest.Trust{Principals: []string{"arn:aws:iam::" + hub + ":root"}}})
	_, err := w.assume(own, sts.AssumeRoleInput{RoleArn: aws.String(awstest.RoleARN(target, "Admin"))})
	wantError(t, err, accessDenied, "because no identity-based policy allows the sts:AssumeRole action")
	_, err = w.list(own, s3.ListBucketsInput{})
	wantError(t, err, accessDenied, "s3:ListAllMyBuckets")
	w.PutSecret(hub, "assumebot/bob", "{}")
	_, err = w.secrets(own).GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("assumebot/bob")})
	wantError(t, err, "AccessDeniedException", "secretsmanager:GetSecretValue")
	put := form("PutRolePolicy", iamVersion, "RoleName", "assumebot", "PolicyName", "p", "PolicyDocument", allowAll)
	if status, body := w.send(own, put); status != http.StatusForbidden {
		t.Errorf("got %d %s, want a refusal", status, body)
	}
}

func TestShippedBotPolicyReadsKeysAndAssumesRevokers(t *testing.T) {
	w := deployed(t, shipped(t, "role-trust-policy.json"))
	w.PutSecret(hub, "assumebot/alice", "{}")
	w.PutSecret(hub, "payroll/database", "{}")
	get := func(id string) error {
		_, err := w.secrets(w.bot()).GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: &id})
		return err
	}
	wantError(t, get("assumebot/alice"), "", "")
	wantError(t, get("payroll/database"), "AccessDeniedException", "because no identity-based policy allows")
	for _, account := range []string{target, "333333333333", "444444444444"} {
		_, err := w.assume(w.bot(), revokerIn(account))
		wantError(t, err, "", "")
	}
	w.role(awstest.Trust{Principals: []string{"*"}})
	_, err := w.assume(w.bot(), sts.AssumeRoleInput{})
	wantError(t, err, accessDenied, "because no identity-based policy allows the sts:AssumeRole action")
}

func TestShippedRevokerIsForTheBotAlone(t *testing.T) {
	w := deployed(t, shipped(t, "role-trust-policy.json"))
	revoker := revokerIn(target)
	// Their own policies allow it, so that it is the trust policy that refuses.
	w.AddUser(awstest.User{Account: hub, Name: "alice", AccessKeyID: aliceKey, SecretAccessKey: aliceSecret, Policy: allowAll})
	for name, creds := range map[string]aws.Credentials{"with her key": w.alicesCreds, "with MFA": w.hubCredentials()} {
		_, err := w.assume(creds, revoker)
		if code(err) != accessDenied {
			t.Errorf("alice %s: got %v, want %s", name, err, accessDenied)
		}
	}
	named := revoker
	named.RoleSessionName = aws.String("alice")
	_, err := w.assume(w.bot(), named)
	wantError(t, err, accessDenied, "sts:AssumeRole")
	_, err = w.assume(w.bot(), revoker)
	wantError(t, err, "", "")
}

func TestShippedRevokerCanOnlyTakeAway(t *testing.T) {
	put := func(w *world, role, document string) (int, string) {
		t.Helper()
		out, err := w.assume(w.bot(), revokerIn(target))
		if err != nil {
			t.Fatal(err)
		}
		return w.send(issued(out.Credentials), form("PutRolePolicy", iamVersion, "RoleName", role, "PolicyName", "assumebot-revocations", "PolicyDocument", document))
	}
	for name, c := range map[string]struct {
		role, boundary string
		status         int
	}{
		"the role with its boundary":    {"OnCall", shippedBoundary, http.StatusOK},
		"the role without a boundary":   {"OnCall", "", http.StatusForbidden},
		"the role with another one":     {"OnCall", "arn:aws:iam::aws:policy/AdministratorAccess", http.StatusForbidden},
		"another role with that one":    {"Admin", shippedBoundary, http.StatusForbidden},
		"the revoker itself, unbounded": {"AssumebotRevoker", "", http.StatusForbidden},
	} {
		w := deployed(t, shipped(t, "role-trust-policy.json"))
		if c.role != "AssumebotRevoker" {
			w.AddRole(awstest.Role{Account: target, Name: c.role, Boundary: c.boundary})
		}
		status, body := put(w, c.role, allowAll)
		if status != c.status {
			t.Errorf("%s: got %d %s, want %d", name, status, body, c.status)
		}
	}
	w := deployed(t, shipped(t, "role-trust-policy.json"))
	if status, body := put(w, "OnCall", allowAll); status != http.StatusOK {
		t.Fatalf("got %d %s", status, body)
	}
	out, err := w.assume(w.bot(), revokerIn(target))
	if err != nil {
		t.Fatal(err)
	}
	revoker := issued(out.Credentials)
	for action, want := range map[string]int{"GetRolePolicy": http.StatusOK, "DeleteRolePolicy": http.StatusForbidden, "ListRolePolicies": http.StatusForbidden} {
		in := form(action, iamVersion, "RoleName", "OnCall", "PolicyName", "assumebot-revocations")
		if status, body := w.send(revoker, in); status != want {
			t.Errorf("%s: got %d %s, want %d", action, status, body, want)
		}
	}
	_, err = w.list(revoker, s3.ListBucketsInput{})
	wantError(t, err, accessDenied, "s3:ListAllMyBuckets")
}

func TestShippedEndOfSessionsEndsThoseOfBeforeAndNoOthers(t *testing.T) {
	w := deployed(t, shipped(t, "role-trust-policy.json"))
	own := w.hubCredentials()
	assume := func() aws.Credentials {
		t.Helper()
		out, err := w.assume(own, bound())
		if err != nil {
			t.Fatal(err)
		}
		return issued(out.Credentials)
	}
	before := assume()
	w.clock.advance(time.Minute)
	policy := strings.Replace(shipped(t, "end-sessions-policy.json"), "2026-11-26T12:00:00Z", time.Now().UTC().Format(time.RFC3339), 1)
	put := form("PutRolePolicy", iamVersion, "RoleName", "OnCall", "PolicyName", "end-sessions", "PolicyDocument", policy)
	if status, body := w.send(w.admin(), put); status != 200 {
		t.Fatalf("got %d %s", status, body)
	}
	_, err := w.list(before, s3.ListBucketsInput{})
	wantError(t, err, accessDenied, "with an explicit deny in an identity-based policy")
	_, err = w.list(assume(), s3.ListBucketsInput{})
	wantError(t, err, "", "")
}

// TestShippedTrustLetsAPersonInWithoutTheBot is the way round while the bot is down.
func TestShippedTrustLetsAPersonInWithoutTheBot(t *testing.T) {
	for file, want := range map[string]string{"role-trust-policy.json": "", "role-trust-policy-source-ip.json": "sts:AssumeRole"} {
		w := deployed(t, shipped(t, file))
		in := bound()
		in.SerialNumber, in.TokenCode = aws.String(w.alice.Serial()), aws.String(w.alice.Code())
		_, err := w.assume(w.alicesCreds, in)
		if want == "" {
			wantError(t, err, "", "")
		} else {
			wantError(t, err, accessDenied, want)
		}
	}
}
