package awstest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

const carolKey, carolSecret = "AKIACAROL00000000001", "carol/secret+carol/secret+carol/secret+0"

// together is one policy that allows what each of the shipped ones does.
func together(t *testing.T, names ...string) string {
	t.Helper()
	type policy struct {
		Version   string
		Statement []json.RawMessage
	}
	var all policy
	for _, name := range names {
		var p policy
		if err := json.Unmarshal([]byte(shipped(t, name)), &p); err != nil {
			t.Fatal(err)
		}
		all.Version, all.Statement = p.Version, append(all.Statement, p.Statement...)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rotating is a deployed world in which the bot's identity may replace keys too, and carol is one of its users.
func rotating(t *testing.T) *world {
	w := deployed(t, shipped(t, "role-trust-policy.json"))
	w.AddRole(awstest.Role{
		Account: hub, Name: "assumebot", Policy: together(t, "bot-policy.json", "rotation-policy.json"),
		Trust: awstest.Trust{Principals: []string{awstest.UserARN(hub, "host")}},
	})
	w.AddUser(awstest.User{
		Account: hub, Name: "assumebot/carol", AccessKeyID: carolKey, SecretAccessKey: carolSecret, Policy: shipped(t, "user-policy.json"),
	})
	w.PutSecret(hub, "assumebot/carol", "{}")
	w.PutSecret(hub, "payroll/database", "{}")
	w.PutSecret(hub, "assumebot-host/seal_keys", "{}")
	return w
}

// keyCalls are those that the bot replaces a key of somebody with, in an order in which all of them work.
func keyCalls(user, key string) []raw {
	return []raw{
		form("ListAccessKeys", iamVersion, "UserName", user),
		form("GetAccessKeyLastUsed", iamVersion, "AccessKeyId", key),
		form("CreateAccessKey", iamVersion, "UserName", user),
		form("UpdateAccessKey", iamVersion, "UserName", user, "AccessKeyId", key, "Status", "Inactive"),
		form("DeleteAccessKey", iamVersion, "UserName", user, "AccessKeyId", key),
	}
}

func TestShippedRotationPolicyIsForTheBotsUsersAlone(t *testing.T) {
	w := rotating(t)
	for user, c := range map[string]struct {
		key    string
		status int
	}{"carol": {carolKey, http.StatusOK}, "alice": {aliceKey, http.StatusForbidden}} { // alice is not under the path
		for _, call := range keyCalls(user, c.key) {
			if status, body := w.send(w.bot(), call); status != c.status {
				t.Errorf("%s: got %d %s, want %d", user, status, body, c.status)
			}
		}
	}
	for _, call := range []raw{
		form("PutRolePolicy", iamVersion, "RoleName", "OnCall", "PolicyName", "p", "PolicyDocument", allowAll),
		form("CreateAccessKey", iamVersion, "UserName", "host"),
	} {
		if status, body := w.send(w.bot(), call); status != http.StatusForbidden {
			t.Errorf("got %d %s, want a refusal", status, body)
		}
	}
	put := func(name string) error {
		_, err := w.secrets(w.bot()).PutSecretValue(context.Background(), &secretsmanager.PutSecretValueInput{
			SecretId: &name, SecretString: aws.String("{}"), VersionStages: []string{"AWSPENDING"},
		})
		return err
	}
	wantError(t, put("assumebot/carol"), "", "")
	wantError(t, put("payroll/database"), "AccessDeniedException", "secretsmanager:PutSecretValue")
	wantError(t, put("assumebot-host/seal_keys"), "AccessDeniedException", "secretsmanager:PutSecretValue")
}

func TestShippedBotPolicyMakesNoKeysWhileTheBotDoesNotReplaceThem(t *testing.T) {
	w := rotating(t)
	w.AddRole(awstest.Role{
		Account: hub, Name: "assumebot", Policy: shipped(t, "bot-policy.json"), Trust: awstest.Trust{Principals: []string{awstest.UserARN(hub, "host")}},
	})
	for _, call := range keyCalls("carol", carolKey) {
		if status, body := w.send(w.bot(), call); status != http.StatusForbidden {
			t.Errorf("got %d %s, want a refusal", status, body)
		}
	}
}

// TestAPersonWithTheirFirstKeyCannotKeepAWayRoundTheBot: with the key that they may have seen they can neither make another
// nor read the next one, and it works no more once it was replaced.
func TestAPersonWithTheirFirstKeyCannotKeepAWayRoundTheBot(t *testing.T) {
	w := rotating(t)
	device := w.AddDevice(hub, "assumebot/carol", awstest.DeviceARN(hub, "carol"), []byte("carol's seed"))
	first := aws.Credentials{AccessKeyID: carolKey, SecretAccessKey: carolSecret}
	in := bound()
	in.SerialNumber, in.TokenCode = aws.String(device.Serial()), aws.String(device.Code())
	for _, call := range keyCalls("carol", carolKey) {
		if status, body := w.send(first, call); status != http.StatusForbidden {
			t.Errorf("got %d %s, want a refusal", status, body)
		}
	}
	_, err := w.secrets(first).GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: aws.String("assumebot/carol")})
	wantError(t, err, "AccessDeniedException", "secretsmanager:GetSecretValue")
	for _, call := range keyCalls("carol", carolKey) { // the bot replaces it
		w.send(w.bot(), call)
	}
	_, err = w.assume(first, in)
	wantError(t, err, "InvalidClientTokenId", "")
}

func TestIAMHasTwoKeysForAUserAtMost(t *testing.T) {
	w := newWorld(t)
	admin := w.alicesCreds // in this world her policy allows everything
	create := form("CreateAccessKey", iamVersion, "UserName", "alice")
	if status, body := w.send(admin, create); status != http.StatusOK {
		t.Fatalf("the second: got %d %s, want it made", status, body)
	}
	if status, body := w.send(admin, create); status != http.StatusConflict {
		t.Errorf("the third: got %d %s, want LimitExceeded", status, body)
	}
	for _, c := range []struct {
		call   raw
		status int
	}{
		{form("UpdateAccessKey", iamVersion, "UserName", "alice", "AccessKeyId", aliceKey, "Status", "Off"), http.StatusBadRequest},
		{form("UpdateAccessKey", iamVersion, "UserName", "bob", "AccessKeyId", aliceKey, "Status", "Inactive"), http.StatusNotFound},
		{form("DeleteAccessKey", iamVersion, "UserName", "alice", "AccessKeyId", "AKIANOBODY0000000000"), http.StatusNotFound},
		{form("CreateAccessKey", iamVersion, "UserName", "nobody"), http.StatusNotFound},
	} {
		if status, body := w.send(admin, c.call); status != c.status {
			t.Errorf("got %d %s, want %d", status, body, c.status)
		}
	}
}

// TestSecretsManagerMovesAVersionsLabelFromWhereItIsAlone is what makes a switch safe that comes too late.
func TestSecretsManagerMovesAVersionsLabelFromWhereItIsAlone(t *testing.T) {
	w := newWorld(t)
	w.PutSecret(hub, "s", "one")
	ctx, sm := context.Background(), w.secrets(w.alicesCreds)
	id := aws.String("s")
	first, err := sm.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: id})
	if err != nil {
		t.Fatal(err)
	}
	second, err := sm.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: id, SecretString: aws.String("two"), VersionStages: []string{"AWSPENDING"},
	})
	if err != nil {
		t.Fatal(err)
	}
	move := func(from, to *string) error {
		_, err := sm.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
			SecretId: id, VersionStage: aws.String("AWSCURRENT"), RemoveFromVersionId: from, MoveToVersionId: to,
		})
		return err
	}
	wantError(t, move(nil, second.VersionId), "InvalidParameterException", "RemoveFromVersionId")
	wantError(t, move(second.VersionId, second.VersionId), "InvalidParameterException", "RemoveFromVersionId")
	wantError(t, move(first.VersionId, second.VersionId), "", "")
	wantError(t, move(first.VersionId, second.VersionId), "InvalidParameterException", "RemoveFromVersionId")
	for stage, want := range map[string]string{"AWSCURRENT": "two", "AWSPREVIOUS": "one", "AWSPENDING": "two"} {
		if got := w.SecretNow(hub, "s", stage); got != want {
			t.Errorf("%s: got %q, want %q", stage, got, want)
		}
	}
}
