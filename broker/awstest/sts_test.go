package awstest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

const accessDenied = "AccessDenied"

func (w *world) withMFA() sts.AssumeRoleInput {
	return sts.AssumeRoleInput{SerialNumber: aws.String(w.alice.Serial()), TokenCode: aws.String(w.alice.Code())}
}

func TestAssumeRoleIssuesCredentials(t *testing.T) {
	w := newWorld(t)
	w.role(awstest.Trust{
		Principals: []string{awstest.UserARN(hub, "alice")}, ExternalID: "7f3c", RequireMFA: true, MaxMFAAge: time.Minute,
		TagSession: true, SetSourceIdentity: true,
	})
	in := w.withMFA()
	in.DurationSeconds = aws.Int32(4 * 3600)
	in.ExternalId, in.SourceIdentity = aws.String("7f3c"), aws.String("alice@example.com")
	in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("payments + co = 2")}}
	out, err := w.assume(w.alicesCreds, in)
	if err != nil {
		t.Fatal(err)
	}
	arn := "arn:aws:sts::" + target + ":assumed-role/OnCall/alice@example.com"
	if got := *out.AssumedRoleUser.Arn; got != arn {
		t.Errorf("got %s, want %s", got, arn)
	}
	if got := *out.AssumedRoleUser.AssumedRoleId; !strings.HasPrefix(got, "AROA") || !strings.HasSuffix(got, ":alice@example.com") {
		t.Errorf("got role ID %s, want AROA…:alice@example.com", got)
	}
	if got := aws.ToString(out.SourceIdentity); got != "alice@example.com" {
		t.Errorf("got source identity %q", got)
	}
	if got := aws.ToInt32(out.SessionTokenUtilization); got != 18 {
		t.Errorf("got token utilization %d%%, want 18%% of 4,096 bytes", got)
	}
	if got, want := *out.Credentials.Expiration, w.clock.now().Add(4*time.Hour); !got.Equal(want) {
		t.Errorf("got expiration %s, want %s", got, want)
	}
	if id := *out.Credentials.AccessKeyId; !strings.HasPrefix(id, "ASIA") || len(id) != 20 {
		t.Errorf("got access key ID %s, want ASIA and 16 more", id)
	}
	if got := len(*out.Credentials.SecretAccessKey); got != 40 {
		t.Errorf("got a secret of %d characters, want 40", got)
	}
}

func TestAssumeRoleRefusesMalformedParameters(t *testing.T) {
	w := newWorld(t)
	const invalid = "ValidationError"
	for name, c := range map[string]struct {
		in      sts.AssumeRoleInput
		code    string
		message string
	}{
		"session name": {sts.AssumeRoleInput{RoleSessionName: aws.String("a:b")}, invalid,
			`1 validation error detected: Value 'a:b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`},
		"short session name": {sts.AssumeRoleInput{RoleSessionName: aws.String("a")}, invalid, "greater than or equal to 2"},
		"long session name":  {sts.AssumeRoleInput{RoleSessionName: aws.String(strings.Repeat("a", 65))}, invalid, "less than or equal to 64"},
		"short serial":       {sts.AssumeRoleInput{SerialNumber: aws.String("GAHT1234"), TokenCode: aws.String("123456")}, invalid, "'serialNumber'"},
		"long serial":        {sts.AssumeRoleInput{SerialNumber: aws.String(strings.Repeat("a", 257)), TokenCode: aws.String("123456")}, invalid, "'serialNumber'"},
		"five digits":        {sts.AssumeRoleInput{SerialNumber: aws.String(w.alice.Serial()), TokenCode: aws.String("12345")}, invalid, "'tokenCode'"},
		"letters":            {sts.AssumeRoleInput{SerialNumber: aws.String(w.alice.Serial()), TokenCode: aws.String("12345a")}, invalid, `[\d]*`},
		"two at once":        {sts.AssumeRoleInput{RoleSessionName: aws.String("a"), ExternalId: aws.String("b")}, invalid, "2 validation errors detected: "},
		"external id":        {sts.AssumeRoleInput{ExternalId: aws.String("a b")}, invalid, "'externalId'"},
		"source identity":    {sts.AssumeRoleInput{SourceIdentity: aws.String("aws:alice")}, invalid, "'sourceIdentity'"},
		"too short a time":   {sts.AssumeRoleInput{DurationSeconds: aws.Int32(899)}, invalid, "greater than or equal to 900"},
		"too long a time":    {sts.AssumeRoleInput{DurationSeconds: aws.Int32(43201)}, invalid, "less than or equal to 43200"},
		"role's maximum":     {sts.AssumeRoleInput{DurationSeconds: aws.Int32(14401)}, invalid, "exceeds the MaxSessionDuration set for this role"},
		"not a role":         {sts.AssumeRoleInput{RoleArn: aws.String(awstest.UserARN(hub, "alice"))}, invalid, "Request ARN is invalid"},
		"tag key":            {sts.AssumeRoleInput{Tags: tags(1, 129, 1)}, invalid, "'tags.1.member.key'"},
		"tag value":          {sts.AssumeRoleInput{Tags: tags(1, 1, 257)}, invalid, "'tags.1.member.value'"},
		"51 tags":            {sts.AssumeRoleInput{Tags: tags(51, 1, 1)}, invalid, "less than or equal to 50"},
		"twice a tag": {sts.AssumeRoleInput{Tags: []types.Tag{
			{Key: aws.String("Team"), Value: aws.String("a")}, {Key: aws.String("team"), Value: aws.String("b")},
		}}, invalid, "Duplicate tag keys"},
		"11 policies":      {sts.AssumeRoleInput{PolicyArns: policyARNs(11)}, invalid, "'policyArns'"},
		"large policy":     {sts.AssumeRoleInput{Policy: aws.String(policyOf(2049))}, "PackedPolicyTooLarge", "% of allotted space"},
		"policy and ARNs":  {sts.AssumeRoleInput{Policy: aws.String(policyOf(2000)), PolicyArns: policyARNs(2)}, "PackedPolicyTooLarge", ""},
		"malformed policy": {sts.AssumeRoleInput{Policy: aws.String(`{"Statement":[`)}, "MalformedPolicyDocument", "Syntax errors in policy."},
		"no effect":        {sts.AssumeRoleInput{Policy: aws.String(`{"Statement":[{"Action":"*","Resource":"*"}]}`)}, "MalformedPolicyDocument", ""},
		"fits exactly":     {sts.AssumeRoleInput{Policy: aws.String(policyOf(2048))}, "", ""},
		"four hours":       {sts.AssumeRoleInput{DurationSeconds: aws.Int32(14400)}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.assume(w.alicesCreds, c.in)
			wantError(t, err, c.code, c.message)
		})
	}
}

func tags(n, keyLen, valueLen int) []types.Tag {
	list := make([]types.Tag, n)
	for i := range list {
		key := fmt.Sprintf("%c%c", 'a'+i%26, 'a'+i/26) + strings.Repeat("k", keyLen)
		if keyLen > 2 {
			key = key[:keyLen]
		}
		list[i] = types.Tag{Key: aws.String(key), Value: aws.String(strings.Repeat("v", valueLen))}
	}
	return list
}

func policyARNs(n int) []types.PolicyDescriptorType {
	list := make([]types.PolicyDescriptorType, n)
	for i := range list {
		list[i].Arn = aws.String(fmt.Sprintf("arn:aws:iam::aws:policy/ReadOnlyAccess%02d", i))
	}
	return list
}

// policyOf is a policy that allows everything, n characters long.
func policyOf(n int) string {
	p := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	return p + strings.Repeat(" ", n-len(p))
}

func TestAssumeRoleRefusesSpentCode(t *testing.T) {
	w := newWorld(t)
	in := w.withMFA()
	_, err := w.assume(w.alicesCreds, in)
	wantError(t, err, "", "")
	_, err = w.assume(w.alicesCreds, in)
	wantError(t, err, accessDenied, "MultiFactorAuthentication failed with invalid MFA one time pass code. ")
	w.clock.advance(w.alice.NextIn())
	_, err = w.assume(w.alicesCreds, w.withMFA())
	wantError(t, err, "", "")
}

func TestCodeIsSpentThoughTheCallFails(t *testing.T) {
	w := newWorld(t)
	in := w.withMFA()
	in.RoleArn = aws.String(awstest.RoleARN(target, "Unknown"))
	_, err := w.assume(w.alicesCreds, in)
	wantError(t, err, accessDenied, "is not authorized to perform: sts:AssumeRole on resource: "+*in.RoleArn)
	in.RoleArn = nil
	_, err = w.assume(w.alicesCreds, in)
	wantError(t, err, accessDenied, "invalid MFA one time pass code")
}

func TestCodesOfNeighbouringStepsAreAccepted(t *testing.T) {
	for steps, want := range map[int]string{-2: accessDenied, -1: "", 0: "", 1: "", 2: accessDenied} {
		w := newWorld(t)
		in := w.withMFA()
		in.TokenCode = aws.String(w.alice.CodeAt(w.clock.now().Add(time.Duration(steps) * 30 * time.Second)))
		_, err := w.assume(w.alicesCreds, in)
		wantError(t, err, want, "")
	}
}

func TestCodesOlderThanTheLastAreRefused(t *testing.T) {
	w := newWorld(t)
	in := w.withMFA()
	older := in
	in.TokenCode = aws.String(w.alice.CodeAt(w.clock.now().Add(30 * time.Second)))
	_, err := w.assume(w.alicesCreds, in)
	wantError(t, err, "", "")
	_, err = w.assume(w.alicesCreds, older)
	wantError(t, err, accessDenied, "invalid MFA one time pass code")
}

func TestMFAFailuresHaveTheirSentences(t *testing.T) {
	w := newWorld(t)
	session := w.mustSession(sts.GetSessionTokenInput{})
	wrong := aws.String("000000")
	if w.alice.Code() == *wrong {
		wrong = aws.String("000001")
	}
	const unable = "MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA serial number is valid and associated with this user."
	for name, c := range map[string]struct {
		creds   aws.Credentials
		serial  *string
		code    *string
		message string
	}{
		"wrong code":      {w.alicesCreds, aws.String(w.alice.Serial()), wrong, "MultiFactorAuthentication failed with invalid MFA one time pass code. "},
		"another's":       {w.alicesCreds, aws.String(w.bob.Serial()), aws.String(w.bob.Code()), unable},
		"unknown device":  {w.alicesCreds, aws.String("arn:aws:iam::111111111111:mfa/nobody"), wrong, unable},
		"no code":         {w.alicesCreds, aws.String(w.alice.Serial()), nil, "must provide both MFA serial number and one time pass code."},
		"no serial":       {w.alicesCreds, nil, aws.String(w.alice.Code()), "must provide both MFA serial number and one time pass code."},
		"temporary creds": {session, aws.String(w.alice.Serial()), aws.String(w.alice.Code()), unable},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.assume(c.creds, sts.AssumeRoleInput{SerialNumber: c.serial, TokenCode: c.code})
			wantError(t, err, accessDenied, c.message)
		})
	}
	w.alice.SetOutOfStep(true)
	_, err := w.assume(w.alicesCreds, w.withMFA())
	wantError(t, err, accessDenied, unable)
	w.alice.SetOutOfStep(false)
	_, err = w.assume(w.alicesCreds, w.withMFA()) // none of the above spent it
	wantError(t, err, "", "")
}

func TestTrustDecidesWhoAssumes(t *testing.T) {
	w := newWorld(t)
	root, alice := "arn:aws:iam::"+hub+":root", awstest.UserARN(hub, "alice")
	const assume, tag, source = "sts:AssumeRole on resource", "sts:TagSession on resource", "sts:SetSourceIdentity on resource"
	named := awstest.Trust{Principals: []string{alice}, SessionName: awstest.UserName}
	sourced := awstest.Trust{Principals: []string{alice}, SourceIdentity: awstest.UserName, SetSourceIdentity: true}
	for name, c := range map[string]struct {
		trust   awstest.Trust
		in      sts.AssumeRoleInput
		message string // empty: allowed
	}{
		"nobody":            {awstest.Trust{}, sts.AssumeRoleInput{}, assume},
		"the user":          {awstest.Trust{Principals: []string{alice}}, sts.AssumeRoleInput{}, ""},
		"another user":      {awstest.Trust{Principals: []string{awstest.UserARN(hub, "bob")}}, sts.AssumeRoleInput{}, assume},
		"another account":   {awstest.Trust{Principals: []string{"arn:aws:iam::" + target + ":root"}}, sts.AssumeRoleInput{}, assume},
		"external id":       {awstest.Trust{Principals: []string{root}, ExternalID: "7f3c"}, sts.AssumeRoleInput{ExternalId: aws.String("7f3c")}, ""},
		"no external id":    {awstest.Trust{Principals: []string{root}, ExternalID: "7f3c"}, sts.AssumeRoleInput{}, assume},
		"wrong external id": {awstest.Trust{Principals: []string{root}, ExternalID: "7f3c"}, sts.AssumeRoleInput{ExternalId: aws.String("7f3d")}, assume},
		"extra external id": {awstest.Trust{Principals: []string{root}}, sts.AssumeRoleInput{ExternalId: aws.String("7f3d")}, ""},
		"no MFA":            {awstest.Trust{Principals: []string{root}, RequireMFA: true}, sts.AssumeRoleInput{}, assume},
		"no MFA age":        {awstest.Trust{Principals: []string{root}, MaxMFAAge: time.Hour}, sts.AssumeRoleInput{}, assume},
		"tags":              {awstest.Trust{Principals: []string{root}}, sts.AssumeRoleInput{Tags: tags(1, 1, 1)}, tag},
		"tags allowed":      {awstest.Trust{Principals: []string{root}, TagSession: true}, sts.AssumeRoleInput{Tags: tags(50, 128, 256)}, ""},
		"source":            {awstest.Trust{Principals: []string{root}}, sts.AssumeRoleInput{SourceIdentity: aws.String("al")}, source},
		"own name":          {named, sts.AssumeRoleInput{RoleSessionName: aws.String("alice")}, ""},
		"another's name":    {named, sts.AssumeRoleInput{RoleSessionName: aws.String("bob")}, assume},
		"no own source":     {sourced, sts.AssumeRoleInput{}, assume},
		"another's source":  {sourced, sts.AssumeRoleInput{SourceIdentity: aws.String("bob")}, assume},
		"own source":        {sourced, sts.AssumeRoleInput{SourceIdentity: aws.String("alice")}, ""},
		"its address":       {awstest.Trust{Principals: []string{alice}, SourceIPs: []string{"192.0.2.0/24", "127.0.0.1"}}, sts.AssumeRoleInput{}, ""},
		"another address":   {awstest.Trust{Principals: []string{alice}, SourceIPs: []string{"192.0.2.0/24"}}, sts.AssumeRoleInput{}, assume},
		"source allowed":    {awstest.Trust{Principals: []string{root}, SetSourceIdentity: true}, sts.AssumeRoleInput{SourceIdentity: aws.String("al")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w.role(c.trust)
			_, err := w.assume(w.alicesCreds, c.in)
			if c.message == "" {
				wantError(t, err, "", "")
				return
			}
			wantError(t, err, accessDenied, "User: "+alice+" is not authorized to perform: "+c.message+": "+w.onCall)
		})
	}
}

func TestWithinOneAccountANamedUserNeedsNoPolicyOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	const none = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"none:*","Resource":"*"}]}`
	w.AddUser(awstest.User{Account: hub, Name: "alice", AccessKeyID: aliceKey, SecretAccessKey: aliceSecret, Policy: none})
	alice, root := awstest.UserARN(hub, "alice"), "arn:aws:iam::"+hub+":root"
	for name, c := range map[string]struct{ account, principal, want string }{
		"named in the same account":   {hub, alice, ""},
		"by the account":              {hub, root, accessDenied},
		"named from another account":  {target, alice, accessDenied},
		"somebody else of the same":   {hub, awstest.UserARN(hub, "bob"), accessDenied},
		"by its number in the policy": {hub, hub, accessDenied},
	} {
		w.AddRole(awstest.Role{Account: c.account, Name: "Own", Trust: awstest.Trust{Principals: []string{c.principal}}})
		_, err := w.assume(w.alicesCreds, sts.AssumeRoleInput{RoleArn: aws.String(awstest.RoleARN(c.account, "Own"))})
		if got := code(err); got != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestIdentityPolicyCanRefuse(t *testing.T) {
	w := newWorld(t)
	w.AddUser(awstest.User{Account: hub, Name: "alice", AccessKeyID: aliceKey, SecretAccessKey: aliceSecret, Deny: []string{"sts:Assume*", "sts:GetSessionToken"}})
	_, err := w.assume(w.alicesCreds, sts.AssumeRoleInput{})
	wantError(t, err, accessDenied, "is not authorized to perform: sts:AssumeRole on resource")
	_, err = w.sts(w.alicesCreds).GetSessionToken(context.Background(), &sts.GetSessionTokenInput{})
	wantError(t, err, accessDenied, "is not authorized to perform: sts:GetSessionToken")
	_, err = w.identity(w.alicesCreds)
	wantError(t, err, "", "")
}

func TestMFATravelsFromSessionIntoAssumeRole(t *testing.T) {
	w := newWorld(t)
	w.role(awstest.Trust{Principals: []string{awstest.UserARN(hub, "alice")}, MaxMFAAge: time.Hour})
	plain := w.mustSession(sts.GetSessionTokenInput{})
	_, err := w.assume(plain, sts.AssumeRoleInput{})
	wantError(t, err, accessDenied, "sts:AssumeRole")

	session := w.mustSession(sts.GetSessionTokenInput{SerialNumber: aws.String(w.alice.Serial()), TokenCode: aws.String(w.alice.Code())})
	_, err = w.assume(session, sts.AssumeRoleInput{})
	wantError(t, err, "", "")
	w.clock.advance(time.Hour)
	_, err = w.assume(session, sts.AssumeRoleInput{})
	wantError(t, err, accessDenied, "sts:AssumeRole")
}

func TestChainedSessionsAreCappedAtOneHour(t *testing.T) {
	w := newWorld(t)
	w.role(awstest.Trust{Principals: []string{"arn:aws:iam::" + hub + ":root", w.onCall}, SetSourceIdentity: true})
	const sentence = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
	session := w.mustSession(sts.GetSessionTokenInput{})
	roleCreds := w.mustAssume(sts.AssumeRoleInput{SourceIdentity: aws.String("alice")})
	for _, creds := range []aws.Credentials{session, roleCreds} {
		_, err := w.assume(creds, sts.AssumeRoleInput{DurationSeconds: aws.Int32(3601)})
		wantError(t, err, "ValidationError", sentence)
		_, err = w.assume(creds, sts.AssumeRoleInput{DurationSeconds: aws.Int32(3600)})
		wantError(t, err, "", "")
	}
	out, err := w.assume(roleCreds, sts.AssumeRoleInput{})
	wantError(t, err, "", "")
	if got := aws.ToString(out.SourceIdentity); got != "alice" {
		t.Errorf("got source identity %q along the chain, want alice", got)
	}
	_, err = w.assume(roleCreds, sts.AssumeRoleInput{SourceIdentity: aws.String("bob")})
	wantError(t, err, accessDenied, "sts:SetSourceIdentity")
}

func TestGetSessionTokenIsForLongTermKeys(t *testing.T) {
	w := newWorld(t)
	for _, creds := range []aws.Credentials{w.mustSession(sts.GetSessionTokenInput{}), w.mustAssume(sts.AssumeRoleInput{})} {
		_, err := w.sts(creds).GetSessionToken(context.Background(), &sts.GetSessionTokenInput{})
		wantError(t, err, accessDenied, "Cannot call GetSessionToken with session credentials")
	}
	for seconds, want := range map[int32]string{899: "ValidationError", 900: "", 129600: "", 129601: "ValidationError"} {
		out, err := w.sts(w.alicesCreds).GetSessionToken(context.Background(), &sts.GetSessionTokenInput{DurationSeconds: &seconds})
		wantError(t, err, want, "durationSeconds")
		if want := w.clock.now().Add(time.Duration(seconds) * time.Second); err == nil && !out.Credentials.Expiration.Equal(want) {
			t.Errorf("got expiration %s, want %s", out.Credentials.Expiration, want)
		}
	}
}

func TestCredentialsExpireByTheFakesClock(t *testing.T) {
	w := newWorld(t)
	creds := w.mustAssume(sts.AssumeRoleInput{DurationSeconds: aws.Int32(900)})
	w.clock.advance(900*time.Second - time.Nanosecond)
	_, err := w.identity(creds)
	wantError(t, err, "", "")
	w.clock.advance(time.Nanosecond)
	_, err = w.identity(creds)
	wantError(t, err, "ExpiredToken", "The security token included in the request is expired")
	_, err = w.list(creds, s3.ListBucketsInput{})
	wantError(t, err, "ExpiredToken", "The provided token has expired.")
}

func TestCallerIdentityNamesEveryKind(t *testing.T) {
	w := newWorld(t)
	w.AddRole(awstest.Role{Account: target, Name: "team/Deep", Trust: awstest.Trust{Principals: []string{"*"}}})
	user := awstest.UserARN(hub, "alice")
	assumed := "arn:aws:sts::" + target + ":assumed-role/"
	for name, c := range map[string]struct {
		creds                aws.Credentials
		account, arn, userID string
	}{
		"long-term": {w.alicesCreds, hub, user, "AIDA"},
		"session":   {w.mustSession(sts.GetSessionTokenInput{}), hub, user, "AIDA"},
		"role":      {w.mustAssume(sts.AssumeRoleInput{}), target, assumed + "OnCall/alice@example.com", "AROA"},
		"role with a path": {w.mustAssume(sts.AssumeRoleInput{RoleArn: aws.String(awstest.RoleARN(target, "team/Deep"))}),
			target, assumed + "Deep/alice@example.com", "AROA"},
	} {
		got, err := w.identity(c.creds)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if *got.Account != c.account || *got.Arn != c.arn || !strings.HasPrefix(*got.UserId, c.userID) {
			t.Errorf("%s: got %s %s %s, want %s %s %s…", name, *got.Account, *got.Arn, *got.UserId, c.account, c.arn, c.userID)
		}
		if c.userID == "AROA" != strings.HasSuffix(*got.UserId, ":alice@example.com") {
			t.Errorf("%s: got user ID %s, want a session name on roles alone", name, *got.UserId)
		}
	}
}

func TestTokensHaveTheSizeAskedFor(t *testing.T) {
	w := newWorld(t)
	for _, size := range []int{400, 4096, 12000} {
		w.SetTokenSize(size)
		out, err := w.assume(w.alicesCreds, sts.AssumeRoleInput{})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(*out.Credentials.SessionToken); got != size || *out.SessionTokenSize != int32(size) {
			t.Errorf("got a token of %d bytes, said to be %d, want %d", got, *out.SessionTokenSize, size)
		}
		for _, c := range []string{"/", "+"} {
			if !strings.Contains(*out.Credentials.SessionToken, c) || !strings.Contains(*out.Credentials.SecretAccessKey, c) {
				t.Errorf("token or secret without %s", c)
			}
		}
		_, err = w.identity(issued(out.Credentials))
		wantError(t, err, "", "")
	}
	w.SetTokenSize(400)
	got := w.mustAssume(sts.AssumeRoleInput{MinimumSessionTokenSize: aws.Int32(2000)})
	if len(got.SessionToken) != 2000 {
		t.Errorf("got a token of %d bytes, want the 2000 asked for", len(got.SessionToken))
	}
}

func TestDisabledRegionIssuesNothing(t *testing.T) {
	w := newWorld(t)
	w.SetRegionDisabled("eu-west-1")
	in := w.withMFA()
	_, err := w.assume(w.alicesCreds, in)
	wantError(t, err, "RegionDisabledException", "STS is not activated in this region for account:"+hub)
	_, err = w.sts(w.alicesCreds).GetSessionToken(context.Background(), &sts.GetSessionTokenInput{})
	wantError(t, err, "RegionDisabledException", "")
}

const (
	allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	trustAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}}`
)

func TestSetUpRefusesWhatIAMRefuses(t *testing.T) {
	w := newWorld(t)
	for i := range 7 { // alice has one already
		w.AddDevice(hub, "alice", awstest.DeviceARN(hub, fmt.Sprint("alice", i)), nil)
	}
	for name, f := range map[string]func(){
		"ninth device":               func() { w.AddDevice(hub, "alice", awstest.DeviceARN(hub, "alice9"), nil) },
		"taken serial":               func() { w.AddDevice(hub, "carol", w.alice.Serial(), nil) },
		"13 hours":                   func() { w.AddRole(awstest.Role{Account: target, Name: "X", MaxSession: 13 * time.Hour}) },
		"a user's policy of a role":  func() { w.AddUser(awstest.User{Account: hub, Name: "carol", Policy: trustAll}) },
		"a role's trust in nobody":   func() { w.AddRole(awstest.Role{Account: target, Name: "X", Trust: awstest.Trust{Policy: allowAll}}) },
		"a role's policy of nothing": func() { w.AddRole(awstest.Role{Account: target, Name: "X", Policy: "{}"}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: got no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestSessionPoliciesRestrictIssuedCredentials(t *testing.T) {
	w := newWorld(t)
	policy := func(effect string, action any) *string {
		b, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{
			map[string]any{"Effect": effect, "Action": action, "Resource": "*"}}})
		if err != nil {
			t.Fatal(err)
		}
		return aws.String(string(b))
	}
	for name, c := range map[string]struct {
		policy *string
		want   string
	}{
		"none":           {nil, ""},
		"everything":     {policy("Allow", "*"), ""},
		"in a list":      {policy("Allow", []string{"ec2:Describe*", "S3:List*"}), ""},
		"something else": {policy("Allow", "s3:GetObject"), accessDenied},
		"deny":           {policy("Deny", "s3:ListAllMyBuckets"), accessDenied},
	} {
		_, err := w.list(w.mustAssume(sts.AssumeRoleInput{Policy: c.policy}), s3.ListBucketsInput{})
		if got := code(err); got != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
