package awsapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/prose"
	"github.com/assumebot/assumebot/broker/secret"
)

// secretsBench is a bench whose users have their keys in Secrets Manager.
func secretsBench(t *testing.T) *bench {
	t.Helper()
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIABOT0000000000000")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "bot-secret-key")
	b := newBench(t)
	b.aws.AddUser(awstest.User{Account: hub, Name: "assumebot", AccessKeyID: "AKIABOT0000000000000", SecretAccessKey: "bot-secret-key"})
	for _, user := range []string{"U01ALICE", "U02BOB"} {
		b.aws.PutSecret(hub, "assumebot/"+user, fmt.Sprintf(`{"access_key_id":"AKIA%s00000000","secret_access_key":"x"}`, user))
	}
	return b
}

// keysOf reads the key of each of users, and returns the last error.
func keysOf(t *testing.T, client *awsapi.Client, users ...string) (err error) {
	t.Helper()
	for _, user := range users {
		u := policy.User{Slack: user, Name: user, Key: policy.KeySource{Secret: "assumebot/" + user}}
		_, err = client.LongTermKey(t.Context(), u, broker.Plan{Method: broker.MethodAssumeRole, MFA: true})
	}
	return err
}

func TestASecretsManagerThatDoesNotAnswerIsNotAskedForAWhile(t *testing.T) {
	for name, fault := range silences {
		t.Run(name, func(t *testing.T) {
			b := secretsBench(t)
			client, w, _ := told(b.client(t, "eu-west-1"))
			fault.Action = "GetSecretValue"
			heal := b.aws.Inject(fault)
			_ = keysOf(t, client, crew...)
			before := b.asked("GetSecretValue")
			e := wantCode(t, keysOf(t, client, "U01ALICE"), broker.CodeCannotReachAWS)
			if got := prose.Plain(e.What) + " " + prose.Plain(e.Hint); e.Detail != "not_answering" || e.Use != broker.UseUnused ||
				got != "Secrets Manager in eu-west-1 stopped answering, so it was not asked. Try again in 30s." {
				t.Errorf("got %q and a code that was %v", got, e.Use)
			}
			if got := b.asked("GetSecretValue") - before; got != 0 {
				t.Errorf("got %d calls, want none", got)
			}
			if err := b.ask(t, client, "U01ALICE"); err != nil {
				t.Errorf("STS: got %v, want credentials", err)
			}
			b.later(31 * time.Second)
			heal()
			if err := keysOf(t, client, "U02BOB", "U01ALICE"); err != nil {
				t.Errorf("healed: got %v, want the keys", err)
			}
			if diff := cmp.Diff([]string{"Secrets Manager eu-west-1 rests", "Secrets Manager eu-west-1 answers"}, w.told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
			before = b.asked("GetSecretValue") // a key that is kept needs nobody's answer
			b.aws.Inject(fault)
			if err := keysOf(t, client, "U01ALICE"); err != nil || b.asked("GetSecretValue") != before {
				t.Errorf("got %v, want the key that is kept", err)
			}
		})
	}
}

// TestWhatIsWrongWithSecretsStopsNobody has what the config or the policies have wrong, and
// one person whose secret alone hangs.
func TestWhatIsWrongWithSecretsStopsNobody(t *testing.T) {
	both := []string{"U03CAROL", "U04DAVE", "U03CAROL", "U04DAVE", "U03CAROL", "U04DAVE"} // none of which there is
	for name, test := range map[string]struct {
		fault awstest.Fault
		users []string
	}{
		"not there":  {users: both},
		"denied":     {awstest.Fault{Error: &awstest.FaultError{Status: 400, Code: "AccessDeniedException"}}, crew},
		"throttled":  {awstest.Fault{Error: &awstest.FaultError{Status: 400, Code: "ThrottlingException"}}, crew},
		"one person": {silences["5xx"], []string{"U01ALICE", "U01ALICE", "U01ALICE", "U01ALICE", "U01ALICE", "U01ALICE"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := secretsBench(t)
			client, w, _ := told(b.client(t, "eu-west-1"))
			heal := func() {}
			if test.fault.Error != nil {
				test.fault.Action = "GetSecretValue"
				heal = b.aws.Inject(test.fault)
			}
			_ = keysOf(t, client, slices.Concat(test.users, test.users)...)
			heal()
			if err := keysOf(t, client, "U02BOB"); err != nil || len(w.told) > 0 {
				t.Errorf("got %v and %v, want a key, and that nothing rests", err, w.told)
			}
		})
	}
}

// linksOf asks for a sign-in link for each of users, and returns the last error.
func (b *bench) linksOf(t *testing.T, client *awsapi.Client, by secret.Credentials, endpoint string, users ...string) (err error) {
	t.Helper()
	for _, user := range users {
		_, err = client.SigninLink(t.Context(), broker.SigninQuery{
			User: user, Account: policy.Account{Name: "prod", RoleARN: "arn:aws:iam::222222222222:role/OnCall"}, Credentials: by, Endpoint: endpoint,
		})
	}
	return err
}

// roleCredentials are of prod's role.
func (b *bench) roleCredentials(t *testing.T) secret.Credentials {
	t.Helper()
	issued, err := b.Issuing.Issue(t.Context(), b.request("prod", b.device.Code()))
	if err != nil {
		t.Fatal(err)
	}
	return issued.Credentials
}

func TestASignInThatDoesNotAnswerIsNotAskedForAWhile(t *testing.T) {
	for name, fault := range silences {
		t.Run(name, func(t *testing.T) {
			b := consoleBench(t)
			client, w, _ := told(b.client(t, "eu-west-1"))
			by, endpoint := b.roleCredentials(t), b.config.SigninEndpoint
			fault.Action = "getSigninToken"
			heal := b.aws.Inject(fault)
			_ = b.linksOf(t, client, by, endpoint, crew...)
			before := b.asked("getSigninToken")
			e := wantCode(t, b.linksOf(t, client, by, endpoint, "U01ALICE"), broker.CodeSignin)
			if got := prose.Plain(e.What); e.Detail != "not_answering" ||
				got != "The sign-in endpoint of AWS stopped answering, so it was not asked, and there is no link." {
				t.Errorf("got %q (%s)", got, e.Detail)
			}
			if !strings.Contains(prose.Plain(e.Hint), "here they are") {
				t.Errorf("got %q, want it to say that the credentials are there", prose.Plain(e.Hint))
			}
			if got := b.asked("getSigninToken") - before; got != 0 {
				t.Errorf("got %d calls, want none", got)
			}
			b.later(31 * time.Second)
			heal()
			if err := b.linksOf(t, client, by, endpoint, "U01ALICE", "U02BOB"); err != nil {
				t.Errorf("healed: got %v, want a link", err)
			}
			place := strings.TrimPrefix(b.aws.URL(), "http://")
			if diff := cmp.Diff([]string{"sign-in " + place + " rests", "sign-in " + place + " answers"}, w.told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWhatSignInRefusesStopsNobody has credentials that it does not take, one person alone,
// and an endpoint that the config has wrong.
func TestWhatSignInRefusesStopsNobody(t *testing.T) {
	alice := []string{"U01ALICE", "U01ALICE", "U01ALICE", "U01ALICE", "U01ALICE", "U01ALICE"}
	for name, test := range map[string]struct {
		fault    awstest.Fault
		users    []string
		endpoint string
	}{
		"refused":        {fault: awstest.Fault{Error: &awstest.FaultError{Status: 400, Message: "x"}}, users: crew},
		"one person":     {fault: silences["5xx"], users: alice},
		"no such host":   {users: crew, endpoint: "http://sign-in.invalid/federation"},
		"no URL at all":  {users: crew, endpoint: "http://[::1"},
		"nobody's calls": {fault: silences["5xx"], users: []string{"", "", "", "", "", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			b := consoleBench(t)
			client, w, _ := told(b.client(t, "eu-west-1"))
			by, endpoint := b.roleCredentials(t), b.config.SigninEndpoint
			heal := func() {}
			if test.fault.Error != nil {
				test.fault.Action = "getSigninToken"
				heal = b.aws.Inject(test.fault)
			}
			broken := endpoint
			if test.endpoint != "" {
				broken = test.endpoint
			}
			for range 2 {
				if err := b.linksOf(t, client, by, broken, test.users...); err == nil {
					t.Error("got a link, want none")
				}
			}
			heal()
			if err := b.linksOf(t, client, by, endpoint, "U02BOB"); err != nil || len(w.told) > 0 {
				t.Errorf("got %v and %v, want a link, and that nothing rests", err, w.told)
			}
		})
	}
}
