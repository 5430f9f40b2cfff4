package awsapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/policy"
)

const (
	revokeHub  = "111111111111"
	revokeProd = "222222222222"
)

// revokeWorld is a fake AWS with a role and its revoker.
func revokeWorld(t *testing.T) (*Client, policy.Account) {
	t.Helper()
	a, account, _ := revokeServer(t)
	return a, account
}

func revokeServer(t *testing.T) (*Client, policy.Account, *awstest.Server) {
	t.Helper()
	server, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	server.AddUser(awstest.User{Account: revokeHub, Name: "assumebot", AccessKeyID: "AKIABOT0000000000000",
		SecretAccessKey: "bot000/secret+key0123456789abcdefghijklm"})
	trust := awstest.Trust{Principals: []string{"arn:aws:iam::" + revokeHub + ":root"}}
	server.AddRole(awstest.Role{Account: revokeProd, Name: "OnCall", Trust: trust})
	server.AddRole(awstest.Role{Account: revokeProd, Name: "Revoker", Trust: trust})
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": server.URL(), "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
		"AWS_ACCESS_KEY_ID": "AKIABOT0000000000000", "AWS_SECRET_ACCESS_KEY": "bot000/secret+key0123456789abcdefghijklm",
	} {
		t.Setenv(name, value)
	}
	a, err := New(t.Context(), "eu-west-1", func(string) string { return "" }, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return a, policy.Account{
		Name: "prod", RoleARN: policy.RoleARN(awstest.RoleARN(revokeProd, "OnCall")), Revoker: policy.RoleARN(awstest.RoleARN(revokeProd, "Revoker")),
	}, server
}

func alone(context.Context) error { return nil }

func only(name string) func() []string { return func() []string { return []string{name} } }

func standing(t *testing.T, a *Client, account policy.Account) revocations {
	t.Helper()
	client, err := a.revoker(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	doc, _, err := readRevocations(t.Context(), client, account.RoleARN.RoleName())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDenyKeepsWhatIsDeniedAlready(t *testing.T) {
	a, account := revokeWorld(t)
	var held sync.Mutex // stands for the lease, which the store's tests cover
	var people sync.WaitGroup
	for i := range 8 {
		people.Go(func() {
			held.Lock()
			defer held.Unlock()
			if _, err := a.Deny(t.Context(), account, only(fmt.Sprintf("person-%d", i)), alone); err != nil {
				t.Error(err)
			}
		})
	}
	people.Wait()
	doc := standing(t, a, account)
	if got, want := len(doc.Statement), 8; got != want {
		t.Errorf("got %d denies, want %d: %s", got, want, doc.text())
	}
}

func TestDenyWritesNothingWithoutTheLease(t *testing.T) {
	a, account := revokeWorld(t)
	lost := errors.New("another holds the lease")
	if _, err := a.Deny(t.Context(), account, only("alice"), func(context.Context) error { return lost }); !errors.Is(err, lost) {
		t.Errorf("got %v, want %v", err, lost)
	}
	if doc := standing(t, a, account); len(doc.Statement) > 0 {
		t.Errorf("got %s, want nothing written", doc.text())
	}
}

func TestDenyHitsEverybodyWhenTheRoleIsFull(t *testing.T) {
	a, account := revokeWorld(t)
	client, err := a.revoker(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	const frame = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"%s"}]}`
	fill := func(size int) {
		t.Helper()
		text := fmt.Sprintf(frame, strings.Repeat("x", size))
		if _, err := client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("OnCall"), PolicyName: aws.String("own"),
			PolicyDocument: &text}); err != nil {
			t.Fatal(err)
		}
	}
	const limit = 10_240
	fill(limit - len(frame) - 500)
	for i := range 2 {
		if denied, err := a.Deny(t.Context(), account, only(fmt.Sprintf("person-%d", i)), alone); err != nil || denied.Everybody {
			t.Fatalf("got %+v, %v, want one person denied", denied, err)
		}
	}
	denied, err := a.Deny(t.Context(), account, only("person-3"), alone)
	if err != nil || !denied.Everybody {
		t.Fatalf("got %+v, %v, want everybody denied", denied, err)
	}
	doc := standing(t, a, account)
	if len(doc.Statement) != 1 || !doc.denies("whoever", denied.Before) {
		t.Errorf("got %s, want everybody denied before %s", doc.text(), denied.Before)
	}
	// Not even that has room: it must be said, never taken for done.
	if _, err := client.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: aws.String("OnCall"),
		PolicyName: aws.String(RevocationsPolicy)}); err != nil {
		t.Fatal(err)
	}
	fill(limit - len(frame))
	if denied, err := a.Deny(t.Context(), account, only("person-4"), alone); err == nil {
		t.Errorf("got %+v, want an error", denied)
	}
}

func TestDenyLeavesAPolicyThatIsNotItsOwn(t *testing.T) {
	a, account := revokeWorld(t)
	byHand(t, a, account)
	if denied, err := a.Deny(t.Context(), account, only("alice"), alone); err == nil {
		t.Errorf("got %+v, want an error: a hand-written policy was replaced", denied)
	}
}

// byHand writes a policy in the place of the bot's that the bot did not write.
func byHand(t *testing.T, a *Client, account policy.Account) {
	t.Helper()
	client, err := a.revoker(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	text := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`
	if _, err := client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("OnCall"), PolicyName: aws.String(RevocationsPolicy),
		PolicyDocument: &text}); err != nil {
		t.Fatal(err)
	}
}

// TestAllWhoWaitForOneRoleAreWrittenAtOnce, so that an admin waits for no queue.
func TestAllWhoWaitForOneRoleAreWrittenAtOnce(t *testing.T) {
	a, account := revokeWorld(t)
	var names []string
	for i := range 28 {
		names = append(names, fmt.Sprintf("person-%02d", i))
	}
	denied, err := a.Deny(t.Context(), account, func() []string { return names }, alone)
	if err != nil {
		t.Fatal(err)
	}
	doc := standing(t, a, account)
	if !doc.show(denied, names) || len(doc.Statement) != len(names) {
		t.Errorf("got %s, want everybody in it", doc.text())
	}
}

// TestAFailedWritingSaysWhatAWSRefusedBefore.
func TestAFailedWritingSaysWhatAWSRefusedBefore(t *testing.T) {
	a, account := revokeWorld(t)
	denied, err := a.Deny(t.Context(), account, only("alice"), alone)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	_, err = a.Deny(t.Context(), account, only("alice"), func(context.Context) error {
		var failed error
		once.Do(func() { failed = context.DeadlineExceeded })
		return failed
	})
	var known *broker.DenialError
	if !errors.As(err, &known) || !known.Earlier["alice"].Equal(denied.Before) || len(known.Earlier) != 1 || known.Unconfirmed {
		t.Errorf("got %+v, want what was refused of alice before %v, and nothing else", err, denied.Before)
	}
}
