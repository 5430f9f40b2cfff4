package e2e

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/cmd/internal/config"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// outsideConfig has everything that the policies of deploy/iam want, and an account
// by which one is past the rules of the other.
const outsideConfig = worldLimits + `
slack: {workspaces: [T0123], audit_channel: C0AUDIT}
admins: [U02BOB]
users:
  - {slack: U01ALICE, name: alice@example.com, session_name: alice, mfa_serial: "arn:aws:iam::111111111111:mfa/alice", credentials: {env: ALICE}}
  - {slack: U02BOB, name: bob@example.com, session_name: bob, mfa_serial: "arn:aws:iam::111111111111:mfa/bob", credentials: {secret: assumebot/bob}}
accounts:
  - name: oncall
    role_arn: arn:aws:iam::222222222222:role/OnCall
    external_id: replace-with-a-random-one
    source_identity: true
    tags: {team: payments}
    revoker: arn:aws:iam::222222222222:role/AssumebotRevoker
    allow: [U01ALICE, U02BOB]
  - name: vault
    role_arn: arn:aws:iam::444444444444:role/Vault
    external_id: replace-with-a-random-one
    source_identity: true
    allow: [U01ALICE]
    approval: {approvers: [U02BOB]}
    reason: required
  - {name: hub, allow: ["*"], outside_rules: accepted}
`

func shipped(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../deploy/iam", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// deployed is a world whose IAM is that of deploy/iam, with this trust policy. The
// bot asks from 127.0.0.1.
func deployed(t *testing.T, trust string) *world {
	w := newWorld(t)
	trust = strings.Replace(shipped(t, trust), "192.0.2.10/32", "127.0.0.1/32", 1)
	for name, key := range map[string][2]string{"alice": {aliceKeyID, aliceSecret}, "bob": {"AKIABOB0000000000000", bobSecret}} {
		w.aws.AddUser(awstest.User{Account: "111111111111", Name: name, AccessKeyID: key[0], SecretAccessKey: key[1], Policy: shipped(t, "user-policy.json")})
	}
	// The bot is a user here, and a role where it is deployed.
	w.aws.AddUser(awstest.User{
		Account: "111111111111", Name: "assumebot", AccessKeyID: botKeyID, SecretAccessKey: botSecret, Policy: shipped(t, "bot-policy.json"),
	})
	w.aws.AddRole(awstest.Role{Account: "222222222222", Name: "OnCall", Trust: awstest.Trust{Policy: trust},
		Boundary: "arn:aws:iam::222222222222:policy/OnCallBoundary"})
	w.aws.AddRole(awstest.Role{Account: "444444444444", Name: "Vault", Trust: awstest.Trust{Policy: trust}})
	w.aws.AddRole(awstest.Role{Account: "222222222222", Name: "AssumebotRevoker", Policy: shipped(t, "revoker-policy.json"),
		Trust: awstest.Trust{Policy: strings.Replace(shipped(t, "revoker-trust-policy.json"), "role/assumebot", "user/assumebot", 1)}})
	return w
}

// assumes is what a person does with pasted credentials, without the bot: from an
// address of their own, under a name of their choice. It returns AWS's error code.
func (w *world) assumes(c awstest.Client, address, role, name string) string {
	w.t.Helper()
	transport := &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}).DialContext}
	defer transport.CloseIdleConnections()
	client := sts.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &c.Endpoint, HTTPClient: &http.Client{Transport: transport},
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: c.Credentials.AccessKeyID, SecretAccessKey: c.Credentials.SecretAccessKey, SessionToken: c.Credentials.SessionToken}, nil
		}),
	})
	_, err := client.AssumeRole(w.t.Context(), &sts.AssumeRoleInput{
		RoleArn: &role, RoleSessionName: &name, SourceIdentity: &name, ExternalId: aws.String("replace-with-a-random-one"),
	})
	var refused smithy.APIError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &refused):
		return refused.ErrorCode()
	}
	w.t.Fatal(err)
	return ""
}

func secondAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skip("this machine has no 127.0.0.2:", err)
	}
	_ = l.Close()
	return "127.0.0.2"
}

func TestCredentialsOutsideOfTheRulesAreRefusedByTheShippedPolicies(t *testing.T) {
	t.Parallel()
	const onCall, vault = "arn:aws:iam::222222222222:role/OnCall", "arn:aws:iam::444444444444:role/Vault"
	atHome := secondAddress(t)
	for trust, want := range map[string]string{
		"role-trust-policy.json":           "", // it cannot tell the bot from a person
		"role-trust-policy-source-ip.json": "AccessDenied",
	} {
		t.Run(trust, func(t *testing.T) {
			t.Parallel()
			w := deployed(t, trust)
			r := w.run(outsideConfig, w.settings())
			hub := w.pasted(w.says("U01ALICE", "/assume", "hub "+w.alice.Code()))
			// No approval was asked for, and no reason.
			if got := w.assumes(hub, atHome, vault, "alice"); got != want {
				t.Errorf("vault without approval: got %q, want %q", got, want)
			}
			for _, address := range []string{atHome, "127.0.0.1"} {
				if got := w.assumes(hub, address, vault, "bob"); got != "AccessDenied" {
					t.Errorf("in another's name from %s: got %q, want AccessDenied", address, got)
				}
			}
			w.later(r, time.Minute)
			issued := w.pasted(w.says("U01ALICE", "/assume", "oncall "+w.alice.Code()))
			wantText(t, w.says("U02BOB", "/assume", "revoke @alice because laptop stolen"), "alice@example.com")
			if !w.refuses(issued) {
				t.Error("the shipped revoker takes nothing back")
			}
			for _, role := range []string{onCall, vault} {
				if got := w.assumes(hub, atHome, role, "alice"); got != want {
					t.Errorf("%s after a block and a revocation: got %q, want %q", role, got, want)
				}
			}
		})
	}
}

func TestShippedPoliciesServeTheBot(t *testing.T) {
	t.Parallel()
	for _, trust := range []string{"role-trust-policy.json", "role-trust-policy-source-ip.json"} {
		w := deployed(t, trust)
		r := w.run(strings.Replace(outsideConfig, "admins:", "mfa_session: 8h\nadmins:", 1), w.settings())
		wantText(t, w.says("U01ALICE", "/assume", "oncall "+w.alice.Code()), "oncall is yours", "assumed-role/OnCall/alice")
		wantText(t, w.says("U02BOB", "/assume", "oncall "+w.bob.Code()), "oncall is yours", "assumed-role/OnCall/bob") // its key is in Secrets Manager
		wantText(t, w.says("U01ALICE", "/assume", "oncall because INC-2"), "oncall is yours")
		w.later(r, time.Minute)
		wantText(t, w.says("U01ALICE", "/assume", "revoke oncall"), "AWS refuses your sessions")
	}
}

func TestShippedTrustRefusesABotThatIsNotSetUpForIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ old, new string }{
		"session_name left out":    {"session_name: alice, ", ""},
		"source_identity left out": {"    source_identity: true\n    tags", "    tags"},
		"another external_id":      {"external_id: replace-with-a-random-one", "external_id: something-else"},
	} {
		w := deployed(t, "role-trust-policy.json")
		config := strings.Replace(outsideConfig, c.old, c.new, 1)
		if config == outsideConfig {
			t.Fatal("nothing is left out")
		}
		w.run(config, w.settings())
		got := w.says("U01ALICE", "/assume", "oncall "+w.alice.Code())
		if !strings.Contains(got.Plain(), "AWS does not let your IAM user assume the role of oncall.") {
			t.Errorf("%s: got %s", name, got.Plain())
		}
	}
}

func TestShippedPoliciesNameWhatTheExampleDoes(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load("../../../deploy/assumebot.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	quoted := func(s string) string { return `"` + s + `"` }
	trust := shipped(t, "role-trust-policy.json")
	for a := range cfg.Broker.Accounts.All() {
		switch {
		case !a.HasRole():
		case !strings.Contains(shipped(t, "user-policy.json"), quoted(string(a.RoleARN))):
			t.Errorf("user-policy.json does not name the role of %s", a.Name)
		case !a.SourceIdentity || !strings.Contains(trust, quoted(a.ExternalID)):
			t.Errorf("role-trust-policy.json would refuse %s: got source_identity %t and external_id %q", a.Name, a.SourceIdentity, a.ExternalID)
		}
	}
	for u := range cfg.Broker.Users.All() {
		for _, policy := range []string{"role-trust-policy.json", "role-trust-policy-source-ip.json"} {
			if !strings.Contains(shipped(t, policy), quoted("arn:aws:iam::111111111111:user/"+u.SessionName)) {
				t.Errorf("%s does not trust an IAM user of the session_name of %s", policy, u.Name)
			}
		}
	}
}
