package doctor

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assumebot/assumebot/broker/awsapi"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
)

const hub, target = "111111111111", "222222222222"

const aliceKey, bobKey, botKey = "AKIAALICE00000000000", "AKIABOB0000000000000", "AKIABOT0000000000000"

// awsConfig has a role in the users' own account, which their keys may read, and one elsewhere.
const awsConfig = `
slack: {workspaces: [T0123], audit_channel: C0AUDIT}
users:
  - {slack: U01ALICE, name: alice, mfa_serial: "arn:aws:iam::111111111111:mfa/alice", credentials: {env: ALICE}}
  - {slack: U02BOB, name: bob, mfa_serial: "arn:aws:iam::111111111111:mfa/bob", credentials: {env: BOB}}
accounts:
  - {name: near, role_arn: "arn:aws:iam::111111111111:role/Near", duration: {max: 4h}, allow: [U01ALICE, U02BOB]}
  - {name: far, role_arn: "arn:aws:iam::222222222222:role/Far", allow: [U01ALICE]}
`

// nearTrust is as deploy/iam/role-trust-policy.json.
func nearTrust() awstest.Trust {
	return awstest.Trust{
		Principals: []string{awstest.UserARN(hub, "alice"), awstest.UserARN(hub, "bob")}, RequireMFA: true, SessionName: awstest.UserName,
	}
}

// startAWS is an AWS in which all is well for awsConfig.
func startAWS(t *testing.T) *awstest.Server {
	t.Helper()
	s, err := awstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	s.AddUser(awstest.User{Account: hub, Name: "assumebot", AccessKeyID: botKey, SecretAccessKey: "CANARYbot"})
	s.AddUser(awstest.User{Account: hub, Name: "alice", AccessKeyID: aliceKey, SecretAccessKey: "CANARYalice"})
	s.AddUser(awstest.User{Account: hub, Name: "bob", AccessKeyID: bobKey, SecretAccessKey: "CANARYbob"})
	s.AddDevice(hub, "alice", awstest.DeviceARN(hub, "alice"), []byte("alice's device"))
	s.AddDevice(hub, "bob", awstest.DeviceARN(hub, "bob"), []byte("bob's device"))
	s.AddRole(awstest.Role{Account: hub, Name: "Near", MaxSession: 4 * time.Hour, Trust: nearTrust()})
	return s
}

func awsPatient(t *testing.T, s *awstest.Server) Patient {
	t.Helper()
	p := patient(t, startSlack(t), awsConfig)
	env := map[string]string{
		"ALICE_AWS_ACCESS_KEY_ID": aliceKey, "ALICE_AWS_SECRET_ACCESS_KEY": "CANARYalice",
		"BOB_AWS_ACCESS_KEY_ID": bobKey, "BOB_AWS_SECRET_ACCESS_KEY": "CANARYbob",
	}
	p.Getenv = func(name string) string { return env[name] }
	p.AWS = &awsapi.Place{Endpoint: s.URL(), Key: secret.Credentials{AccessKeyID: botKey, SecretAccessKey: secret.New("CANARYbot")}}
	return p
}

func TestAllIsWellInAWS(t *testing.T) {
	t.Parallel()
	s := startAWS(t)
	found := awsPatient(t, s).amazon(t.Context())
	want(t, found, "aws-sts", "", OK, "answers")
	want(t, found, "aws-clock", "", OK)
	want(t, found, "aws-bot", "", OK, "user/assumebot")
	for _, name := range []string{"alice", "bob"} {
		want(t, found, "aws-key", name, OK, "user/"+name)
		want(t, found, "aws-key-age", name, OK, "younger")
		want(t, found, "aws-mfa-device", name, OK)
	}
	want(t, found, "aws-role", "near", OK, "demands MFA")
	want(t, found, "aws-role", "far", NotTold, "account "+target, "aws iam get-role --role-name Far")
	for _, call := range s.Calls() {
		if call.Action == "AssumeRole" || call.Action == "GetSessionToken" {
			t.Errorf("%s was called: a check issues nothing", call.Action)
		}
	}
}

func TestEachThingThatIsWrongInAWSIsTold(t *testing.T) {
	t.Parallel()
	trust := func(change func(*awstest.Role)) func(*awstest.Server, *Patient) {
		return func(s *awstest.Server, _ *Patient) {
			r := awstest.Role{Account: hub, Name: "Near", MaxSession: 4 * time.Hour, Trust: nearTrust()}
			change(&r)
			s.AddRole(r)
		}
	}
	bob := func(change func(*awstest.User)) func(*awstest.Server, *Patient) {
		return func(s *awstest.Server, _ *Patient) {
			u := awstest.User{Account: hub, Name: "bob", AccessKeyID: bobKey, SecretAccessKey: "CANARYbob"}
			change(&u)
			s.AddUser(u)
		}
	}
	user := func(change func(*policy.User)) func(*awstest.Server, *Patient) {
		return func(_ *awstest.Server, p *Patient) {
			u, _ := p.Config.Broker.User("U02BOB")
			change(&u)
			p.Config.Broker.Users.Add("U02BOB", u)
		}
	}
	everything := func(deny string) func(*awstest.Server, *Patient) {
		return func(s *awstest.Server, _ *Patient) {
			for name, key := range map[string]string{"alice": aliceKey, "bob": bobKey, "assumebot": botKey} {
				u := awstest.User{Account: hub, Name: name, AccessKeyID: key, SecretAccessKey: "CANARY" + strings.Replace(name, "assumebot", "bot", 1)}
				u.Deny = []string{deny}
				s.AddUser(u)
			}
		}
	}
	principals := func(arns ...string) func(*awstest.Server, *Patient) {
		return trust(func(r *awstest.Role) { r.Trust.Principals = arns })
	}
	tests := map[string]struct {
		harm           func(*awstest.Server, *Patient)
		check, subject string
		state          State
		words          string
	}{
		"key gone":    {func(s *awstest.Server, _ *Patient) { s.DeleteKey(bobKey) }, "aws-key", "bob", Wrong, "does not know the key|BOB_AWS_ACCESS_KEY_ID"},
		"key off":     {func(s *awstest.Server, _ *Patient) { s.DisableKey(bobKey) }, "aws-key", "bob", Wrong, "switched off"},
		"other keys":  {func(s *awstest.Server, _ *Patient) { s.DeleteKey(bobKey) }, "aws-key", "alice", OK, "valid"},
		"secret":      {bob(func(u *awstest.User) { u.SecretAccessKey = "other" }), "aws-key", "bob", Wrong, "not the one of this key ID"},
		"no key":      {user(func(u *policy.User) { u.Key.Env = "NOBODY" }), "aws-key", "bob", Wrong, "cannot read it: set both NOBODY_AWS_ACCESS_KEY_ID and"},
		"account":     {user(func(u *policy.User) { u.MFASerial = awstest.DeviceARN(target, "bob") }), "aws-key", "bob", Wrong, "mfa_serial of account " + target},
		"device":      {user(func(u *policy.User) { u.MFASerial = awstest.DeviceARN(hub, "alice") }), "aws-mfa-device", "bob", Wrong, "not a device|mfa/bob"},
		"no device":   {user(func(u *policy.User) { u.Key.Env = "CAROL" }), "aws-mfa-device", "bob", Wrong, "has no MFA device"},
		"devices":     {everything("iam:ListMFADevices"), "aws-mfa-device", "bob", NotTold, "does not let|iam:ListMFADevices"},
		"old key":     {func(s *awstest.Server, _ *Patient) { s.SetKeyCreated(bobKey, time.Now().AddDate(0, 0, -200)) }, "aws-key-age", "bob", Warning, "200 days"},
		"age":         {everything("iam:ListAccessKeys"), "aws-key-age", "bob", NotTold, "does not let"},
		"STS off":     {func(s *awstest.Server, _ *Patient) { s.SetRegionDisabled("eu-west-1") }, "aws-sts-region", "", NotTold, "STS is active in eu-west-1"},
		"clock":       {func(s *awstest.Server, _ *Patient) { s.SetSkew(-2 * time.Minute) }, "aws-clock", "", Warning, "behind that of this host|NTP"},
		"worse clock": {func(s *awstest.Server, _ *Patient) { s.SetSkew(9 * time.Minute) }, "aws-clock", "", Wrong, "ahead of|five minutes"},
		"AWS is away": {func(s *awstest.Server, _ *Patient) { _ = s.Close() }, "aws-key", "alice", Wrong, "nothing listens|(127.0.0.1:|rehearsal"},
		"bot": {func(s *awstest.Server, p *Patient) {
			s.DeleteKey(botKey)
			u, _ := p.Config.Broker.User("U02BOB")
			u.Key = policy.KeySource{Secret: "assumebot/bob"}
			p.Config.Broker.Users.Add("U02BOB", u)
		}, "aws-bot", "", Wrong, "does not know the key|bot-policy.json"},
		"no bot":        {func(s *awstest.Server, _ *Patient) { s.DeleteKey(botKey) }, "aws-bot", "", OK, "needs none"},
		"no MFA":        {trust(func(r *awstest.Role) { r.Trust.RequireMFA = false }), "aws-role", "near", Wrong, "not demand aws:Multi|iam/role-trust-policy.json"},
		"names":         {trust(func(r *awstest.Role) { r.Trust.SessionName = "" }), "aws-role", "near", Warning, "another's name"},
		"principals":    {principals(awstest.UserARN(hub, "alice")), "aws-role", "near", Wrong, "does not trust arn:aws:iam::111111111111:user/bob"},
		"whole account": {principals("arn:aws:iam::" + hub + ":root"), "aws-role", "near", Warning, "all of the account"},
		"everybody":     {principals("*"), "aws-role", "near", Wrong, "everybody"},
		"too short":     {trust(func(r *awstest.Role) { r.MaxSession = time.Hour }), "aws-role", "near", Wrong, "longest session is 1h|max is 4h"},
		"no role":       {func(_ *awstest.Server, p *Patient) { renamed(p, "Gone") }, "aws-role", "near", Wrong, "no role Gone"},
		"unreadable":    {everything("iam:GetRole"), "aws-role", "near", NotTold, "does not let|get-role"},
		"session name":  {user(func(u *policy.User) { u.SessionName = "robert" }), "aws-role", "near", Wrong, "bob is called robert: set session_name"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startAWS(t)
			s.AddUser(awstest.User{Account: hub, Name: "carol", AccessKeyID: "AKIACAROL00000000000", SecretAccessKey: "CANARYcarol"})
			p := awsPatient(t, s)
			getenv := p.Getenv
			p.Getenv = func(name string) string {
				switch name {
				case "CAROL_AWS_ACCESS_KEY_ID":
					return "AKIACAROL00000000000"
				case "CAROL_AWS_SECRET_ACCESS_KEY":
					return "CANARYcarol"
				}
				return getenv(name)
			}
			test.harm(s, &p)
			found := p.amazon(t.Context())
			want(t, found, test.check, test.subject, test.state, strings.Split(test.words, "|")...)
			if strings.Contains(said(found), "CANARY") {
				t.Errorf("a secret is told:\n%s", said(found))
			}
		})
	}
}

// renamed gives the account another role.
func renamed(p *Patient, role string) {
	a, _ := p.Config.Broker.Account("near")
	a.RoleARN = policy.RoleARN(awstest.RoleARN(hub, role))
	p.Config.Broker.Accounts.Add("near", a)
}

func TestARevokersRoleNeedsABoundary(t *testing.T) {
	t.Parallel()
	s := startAWS(t)
	p := awsPatient(t, s)
	a, _ := p.Config.Broker.Account("near")
	a.Revoker = "arn:aws:iam::111111111111:role/Revoker"
	p.Config.Broker.Accounts.Add("near", a)
	want(t, p.amazon(t.Context()), "aws-role", "near", Wrong, "no permissions boundary")
	s.AddRole(awstest.Role{Account: hub, Name: "Near", MaxSession: 4 * time.Hour, Trust: nearTrust(), Boundary: "arn:aws:iam::" + hub + ":policy/B"})
	want(t, p.amazon(t.Context()), "aws-role", "near", OK)
	s.AddRole(awstest.Role{Account: hub, Name: "Near", MaxSession: 4 * time.Hour, Trust: nearTrust(), Boundary: "arn:aws:iam::aws:policy/AdministratorAccess"})
	want(t, p.amazon(t.Context()), "aws-role", "near", Warning, "AdministratorAccess, which bounds nothing")
}

func TestARoleTrustsNoUserWhomNoRuleNames(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		allow, deny []string
		state       State
		words       string
	}{
		"bob by his ID":         {[]string{"U01ALICE", "U02BOB"}, nil, OK, ""},
		"every User":            {[]string{"*"}, nil, OK, ""},
		"bob by a group":        {[]string{"U01ALICE", "team"}, nil, OK, ""},
		"perhaps by Slack":      {[]string{"U01ALICE", "S01ONCALL"}, nil, OK, ""},
		"not bob":               {[]string{"U01ALICE"}, nil, Warning, "it trusts bob, whom no rule of the account lets have it"},
		"bob denied":            {[]string{"*"}, []string{"U02BOB"}, Warning, "it trusts bob"},
		"bob denied by a group": {[]string{"*"}, []string{"team"}, Warning, "it trusts bob"},
	}
	for name, test := range tests {
		p := awsPatient(t, startAWS(t))
		p.Config.Broker.Groups = map[string]policy.Group{"team": policy.NewGroup("U02BOB")}
		a, _ := p.Config.Broker.Account("near")
		a.Allow, a.Deny = []policy.Rule{{Who: test.allow}}, test.deny
		p.Config.Broker.Accounts.Add("near", a)
		t.Log(name)
		want(t, p.amazon(t.Context()), "aws-role", "near", test.state, test.words)
	}
}

func TestTrustPoliciesAreJudgedByWhatTheySay(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../../deploy/iam/role-trust-policy.json")
	if err != nil {
		t.Fatal(err)
	}
	example := string(data)
	a := policy.Account{Name: "prod", ExternalID: "replace-with-a-random-one", SourceIdentity: true, Tags: map[string]string{"team": "x"}}
	callers := []caller{{"alice", "alice", awstest.UserARN(hub, "alice"), required}, {"bob", "bob", awstest.UserARN(hub, "bob"), required}}
	statement := func(more string) string {
		return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sts:AssumeRole","sts:SetSourceIdentity","sts:TagSession"],
			"Principal":{"AWS":["arn:aws:iam::111111111111:user/alice","arn:aws:iam::111111111111:user/bob"]}` + more + `}}`
	}
	const right = `"Bool":{"aws:MultiFactorAuthPresent":"true"},"StringEquals":{"sts:RoleSessionName":"${aws:username}"}`
	with := func(conditions string) string { return statement(`,"Condition":{` + conditions + `}`) }
	tests := map[string]struct {
		text   string
		wrong  string // "": nothing is wrong
		unread string
	}{
		"one statement":       {with(right), "", ""},
		"true as a bool":      {with(strings.Replace(right, `"true"`, "true", 1)), "", ""},
		"age":                 {with(`"NumericLessThan":{"aws:MultiFactorAuthAge":3600},"StringEquals":{"sts:RoleSessionName":"${aws:username}"}`), "", ""},
		"another case":        {with(strings.Replace(right, "aws:M", "AWS:m", 1)), "", ""},
		"from an address":     {with(right + `,"IpAddress":{"aws:SourceIp":"192.0.2.10/32"}`), "", ""},
		"no condition":        {statement(""), "does not demand aws:MultiFactorAuthPresent", ""},
		"if it exists":        {with(strings.Replace(right, "Bool", "BoolIfExists", 1)), "BoolIfExists", ""},
		"without MFA":         {with(strings.Replace(right, `"true"`, `"false"`, 1)), "is true", ""},
		"either":              {with(strings.Replace(right, `"true"`, `["true","false"]`, 1)), "is true", ""},
		"null":                {with(`"Null":{"aws:MultiFactorAuthPresent":"false"}`), "does not demand", "Null"},
		"external ID":         {with(right + `,"StringLike":{"sts:ExternalId":"*"}`), "", "sts:externalid"},
		"tag":                 {with(right + `,"StringLike":{"aws:RequestTag/team":"*"}`), "", "aws:requesttag/team"},
		"fixed name":          {with(strings.Replace(right, "${aws:username}", "bot", 1)), "", "is to be bot"},
		"old version":         {strings.Replace(with(right), "2012-10-17", "2008-10-17", 1), "", "version"},
		"no version":          {strings.Replace(with(right), `"Version":"2012-10-17",`, "", 1), "", "version"},
		"not an action":       {strings.Replace(with(right), `"Action"`, `"NotAction"`, 1), "", "not understood"},
		"not a principal":     {strings.Replace(with(right), `"Principal"`, `"NotPrincipal"`, 1), "", "not understood"},
		"a Deny":              {strings.Replace(example, `"Effect": "Allow"`, `"Effect": "Deny"`, 1), "", "effect Deny"},
		"federated":           {strings.Replace(with(right), `"AWS"`, `"Federated"`, 1), "", "Federated"},
		"a service":           {strings.Replace(with(right), `"AWS":[`, `"Service":"ec2.amazonaws.com","AWS":[`, 1), "", "Service"},
		"wild action":         {strings.Replace(with(right), `"sts:AssumeRole"`, `"sts:Assume?ole"`, 1), "", "sts:Assume?ole"},
		"any action":          {strings.Replace(statement(""), `["sts:AssumeRole","sts:SetSourceIdentity","sts:TagSession"]`, `"sts:*"`, 1), "not demand", "sts:*"},
		"a loose second":      {twoStatements(with(right), `"AWS":"*"`, "sts:AssumeRole"), "does not demand", ""},
		"web identity":        {twoStatements(with(right), `"Federated":"x"`, "sts:AssumeRoleWithWebIdentity*"), "", "sts:AssumeRoleWithWebIdentity*"},
		"a start of it":       {twoStatements(with(right), `"Federated":"x"`, "sts:AssumeRoleW*"), "", "sts:AssumeRoleW*"},
		"SAML":                {twoStatements(with(right), `"Federated":"x"`, `sts:TagSession","sts:AssumeRoleWithSAML*`), "", "SAML*"},
		"who tags":            {twoStatements(with(right), `"Federated":"x"`, "sts:TagSession"), "", "Federated"},
		"everybody tags":      {twoStatements(with(right), `"AWS":"*"`, "sts:TagSession"), "everybody", ""},
		"context":             {twoStatements(with(right), `"Service":"ec2.amazonaws.com"`, "sts:SetContext*"), "", "sts:SetContext*"},
		"no source identity":  {strings.Replace(with(right), `"sts:SetSourceIdentity",`, "", 1), "does not allow sts:SetSourceIdentity", ""},
		"no tags":             {strings.Replace(with(right), `,"sts:TagSession"`, "", 1), "does not allow sts:TagSession", ""},
		"other external ID":   {with(strings.Replace(right, `"StringEquals":{`, `"StringEquals":{"sts:ExternalId":"x",`, 1)), "another external ID", ""},
		"any address":         {with(right + `,"Null":{"aws:SourceIp":"true"}`), "", "Null aws:sourceip"},
		"a network":           {with(strings.Replace(right, `"StringEquals":{`, `"StringEquals":{"aws:SourceVpc":"vpc-1",`, 1)), "", ""},
		"conditions twice":    {with(right + `},"Condition":{` + right), "", "condition twice"},
		"a key twice":         {with(strings.Replace(right, `"StringEquals":{`, `"StringEquals":{"STS:roleSessionName":"x",`, 1)), "", "sts:rolesessionname twice"},
		"a stray bracket":     {with(right) + "]", "", "something follows"},
		"stray letters":       {with(right) + " x", "", "something follows"},
		"empty":               {"", "", "not understood"},
		"no policy":           {"[]", "", "not understood"},
		"deep":                {strings.Repeat("[", 10_000), "", "not understood"},
		"too long":            {strings.Repeat(" ", 20_000), "", "more than IAM takes"},
		"two documents":       {with(right) + "{}", "", "not understood"},
		"a condition of maps": {with(`"Bool":{"aws:MultiFactorAuthPresent":{"a":"b"}}`), "", "not understood"},
	}
	for name, test := range tests {
		j := judgeTrust(test.text, a, callers)
		wrong, unread := strings.Join(j.wrong, "; "), strings.Join(j.unread, "; ")
		if !strings.Contains(wrong, test.wrong) || (wrong == "") != (test.wrong == "") && test.unread == "" {
			t.Errorf("%s: got wrong %q, want %q", name, wrong, test.wrong)
		}
		if !strings.Contains(unread, test.unread) || (unread == "") != (test.unread == "") {
			t.Errorf("%s: got unread %q, want %q", name, unread, test.unread)
		}
	}
	const loose = "it does not demand the account's external ID"
	if j := judgeTrust(with(right), a, callers); !slices.Contains(j.odd, loose) {
		t.Errorf("no external ID: got %q, want %q", j.odd, loose)
	}
	if j := judgeTrust(example, a, callers); len(j.wrong)+len(j.unread) > 0 || len(j.odd) != 2 {
		t.Errorf("the example: got %+v, want that it also trusts erin and dave", j)
	}
}

// twoStatements puts a loose one before the only one.
func twoStatements(text, principal, action string) string {
	loose := `[{"Effect":"Allow","Action":["` + action + `"],"Principal":{` + principal + `}},{`
	text = strings.Replace(text, `"Statement":{`, `"Statement":`+loose, 1)
	return strings.TrimSuffix(text, "}") + "]}"
}

func FuzzTrustPoliciesAreNeverCalledRightForNothing(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[]}`)
	f.Add(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		j := judgeTrust(text, policy.Account{Name: "prod"}, []caller{{"alice", "alice", awstest.UserARN(hub, "alice"), required}})
		if len(j.wrong)+len(j.unread) == 0 && !strings.Contains(strings.ToLower(text), "multifactorauth") {
			t.Errorf("%q is called right without MFA", text)
		}
	})
}
