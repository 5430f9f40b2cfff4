package config

import (
	"strings"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/secret"
	"github.com/assumebot/assumebot/broker/text"
)

// A User is an entry of users.
type User struct {
	Slack       At[string]      `key:"slack" change:"-" example:"U01ALICE" doc:"The person's Slack user ID. One person is one user."`
	Name        At[string]      `key:"name" change:"named" example:"alice@example.com" doc:"What Slack messages and the record call the person."`
	SessionName At[string]      `key:"session_name" as:"session name" example:"alice" doc:"RoleSessionName and SourceIdentity; without it the name is."`
	MFASerial   At[string]      `key:"mfa_serial" example:"arn:aws:iam::111111111111:mfa/alice" doc:"The MFA device of the IAM user, one for each user."`
	Credentials At[Credentials] `key:"credentials" change:"-" example:"{secret: assumebot/alice}" doc:"Where the IAM user's key is read from: one of four."`
	AgeKey      At[string]      `key:"age_key" change:"-" doc:"An age or SSH public key: credentials are encrypted to it. Slack cannot change it."`
	Sealed      At[string]      `key:"sealed" example:"required" doc:"required: without an age_key nothing is issued to this person."`

	Position
	key    policy.KeySource // of Credentials
	ageKey secret.PublicKey // of AgeKey
}

func (User) hints() map[string]hint {
	return map[string]hint{
		"slack":       {missing: "the person's Slack user ID (U…)", shape: ids(userID)},
		"name":        {missing: "what AWS and the record shall call the person, such as alice@example.com"},
		"credentials": {missing: "where the IAM user's key is read from: {profile: …}, {env: …}, {secret: …} or {default: true}"},
		"session_name": {shape: matching(policy.SessionNamePattern, "2 to 64 letters, digits and `_ + = , . @ -`"),
			more: "Where a role's trust policy binds it, as those of deploy/iam do, it must be the name of the IAM user. " +
				"Other characters of the name become dashes; what is too long then is refused, never cut."},
		"mfa_serial": {shape: mfaSerial(), more: "It can be left out only where every account is mfa: none."},
		"age_key":    {shape: shape{says: "`age1…`, `ssh-ed25519 …` or `ssh-rsa …`"}},
		"sealed":     {shape: words("required"), meant: switched("write sealed: required", "remove sealed"), more: "A list of buckets is shown all the same."},
	}
}

// Credentials say where a User's long-term access key is read from.
type Credentials struct {
	Profile At[string] `key:"profile" example:"alice" doc:"A profile of the SDK's shared config, read anew for each request."`
	Env     At[string] `key:"env" example:"ALICE" doc:"A prefix: ALICE reads ALICE_AWS_ACCESS_KEY_ID and ALICE_AWS_SECRET_ACCESS_KEY, each also as …_FILE."`
	Secret  At[string] `key:"secret" example:"assumebot/alice" doc:"The name or ARN of a secret of AWS Secrets Manager, in AWS_REGION."`
	Default At[bool]   `key:"default" example:"true" doc:"true: the SDK's default chain."`
}

func (Credentials) hints() map[string]hint {
	return map[string]hint{
		"profile": {shape: keyPlace(profileName.String(), "name without brackets or spaces")},
		"env":     {shape: keyPlace(envPrefix.String(), "prefix in capitals")},
		"secret": {shape: keyPlace(secretID.String(), "name or ARN"),
			more: "It is a JSON object with access_key_id and secret_access_key, kept in memory for 5 minutes, and read anew once AWS says that the key is invalid."},
		"default": {shape: only(true, "`true`")},
	}
}

// shape is one source alone.
func (Credentials) shape() object { return object{"minProperties": 1, "maxProperties": 1} }

var (
	envPrefix = text.NewPattern(`^[A-Z][A-Z0-9_]*$`)
	// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
	secretID = text.NewPattern(`^[A-Za-z0-9/_+=.@:!-]{1,512}$`)
	// The SDK's shared config ends a profile's name at a bracket or white space.
	profileName = text.NewPattern(`^[^\s\[\]]{1,128}$`)
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
	accessKeyID = text.NewPattern(`^(AKIA|ASIA)[A-Z0-9]{12,}$`)
)

// label is how messages call the User.
func (u *User) label() string {
	if u.Name.Value != "" {
		return u.Name.Value
	}
	return u.Slack.Value
}

func (u *User) check(c *collector) {
	if id := &u.Slack; id.OK {
		if wrong := checkID(id.Value, userID); wrong != "" {
			refuse(c, id, "%s", wrong)
		}
	}
	u.checkNames(c)
	if m := &u.MFASerial; m.OK {
		if err := policy.CheckMFASerial(m.Value); err != nil {
			refuse(c, m, "mfa_serial %s: %v", Quote(m.Value), err)
		}
	}
	if u.Credentials.OK {
		u.Credentials.Value.check(c, u.Credentials.Position)
		u.key = u.Credentials.Value.source()
	}
	u.checkAgeKey(c)
	checkSealed(c, u.Sealed)
}

// checkNames: RoleSessionName and SourceIdentity, which a trust policy may compare
// with the IAM user's name, are the session_name as it stands, or else made of the
// name.
func (u *User) checkNames(c *collector) {
	if s := &u.SessionName; s.OK {
		if err := policy.CheckSessionName(s.Value); err != nil {
			refuse(c, s, "session_name %s: %v", Quote(s.Value), err)
		}
	}
	if n := u.Name; n.OK && !u.SessionName.Set {
		session, err := policy.SessionName(n.Value)
		if err != nil {
			c.problem(n.Position, "name %s: %v; or give a session_name, which is what AWS calls the person", Quote(n.Value), err)
		}
		u.SessionName.Value = session
	}
}

// sessionAt is where the session name comes from.
func (u *User) sessionAt() Position {
	if u.SessionName.OK {
		return u.SessionName.Position
	}
	return u.Name.Position
}

// check never repeats a value: a key pasted in by mistake would end up in a log.
func (k *Credentials) check(c *collector, at Position) {
	sources := 0
	for _, set := range []bool{k.Profile.Set, k.Env.Set, k.Secret.Set, k.Default.Set} {
		if set {
			sources++
		}
	}
	if sources != 1 {
		c.problem(at, "credentials has %d sources: write exactly one of {profile: …}, {env: …}, {secret: …} and {default: true}", sources)
	}
	checkSource(c, k.Profile, profileName, "profile must be a profile's name in the shared AWS config, without brackets or spaces, such as alice")
	checkSource(c, k.Env, envPrefix, "env must be a prefix in capitals: ALICE reads ALICE_AWS_ACCESS_KEY_ID and ALICE_AWS_SECRET_ACCESS_KEY")
	if before, found := strings.CutSuffix(k.Env.Value, "_AWS_ACCESS_KEY_ID"); found {
		c.problem(k.Env.Position, "env is a prefix: write %s alone", Quote(before))
	}
	checkSource(c, k.Secret, secretID, "secret must be the name or ARN of an AWS Secrets Manager secret, such as assumebot/alice")
	if k.Default.OK && !k.Default.Value {
		c.problem(k.Default.Position, "default: false names no source: write default: true, or one of profile, env and secret")
	}
}

func checkSource(c *collector, v At[string], shape *text.Pattern, hint string) {
	switch {
	case !v.OK:
	case accessKeyID.MatchString(v.Value):
		c.problem(v.Position, "this looks like an access key ID, and keys do not belong in this file: name where the key is kept, "+
			"and replace the key if its secret was written here too")
	case !shape.MatchString(v.Value):
		c.problem(v.Position, "%s", hint)
	}
}

func (k *Credentials) source() policy.KeySource {
	return policy.KeySource{
		Profile: k.Profile.Value,
		Env:     k.Env.Value,
		Secret:  k.Secret.Value,
		Default: k.Default.Value,
	}
}

func (u *User) granted() policy.User {
	return policy.User{
		Slack:        u.Slack.Value,
		Name:         u.Name.Value,
		SessionName:  u.SessionName.Value,
		MFASerial:    u.MFASerial.Value,
		Key:          u.key,
		AgeKey:       u.ageKey,
		SealRequired: u.Sealed.Value == "required",
	}
}

// checkUsers reports users who cannot be told apart.
func (f *File) checkUsers(c *collector) {
	for _, g := range f.sharing(func(u *User) string { return u.Slack.Value }) {
		for _, u := range g[1:] {
			c.problem(u.Slack.Position, "slack %s is already the user on line %d: one person is one user; remove one of the two", u.Slack.Value, g[0].Line)
		}
	}
	// IAM tells names apart without regard to case, and so do people who read
	// the record.
	for _, g := range f.sharing(func(u *User) string { return strings.ToLower(u.MFASerial.Value) }) {
		for _, u := range g[1:] {
			c.problem(u.MFASerial.Position, "mfa_serial is already that of %s on line %d: each user needs a device of their own (one IAM user may have eight)",
				Quote(g[0].label()), g[0].Line)
		}
	}
	for _, g := range f.sharing(func(u *User) string { return strings.ToLower(u.SessionName.Value) }) {
		for _, u := range g[1:] {
			what, mend := "session_name", "choose another"
			if !u.SessionName.Set {
				what, mend = "name "+Quote(u.Name.Value)+" becomes the session name", "choose another name, or give a session_name"
			}
			c.problem(u.sessionAt(), "%s %s, the same as that of %s on line %d, and CloudTrail could not tell the two apart: %s",
				what, u.SessionName.Value, Quote(g[0].label()), g[0].Line, mend)
		}
	}
}

// checkSerials wants a device from every User, unless no Account would use it.
func (f *File) checkSerials(c *collector) {
	used := false
	for a := range each(f.Accounts.Value) {
		used = used || a.MFA.Value != string(policy.MFANone) || len(a.rules.BreakGlass) > 0
	}
	for u := range each(f.Users.Value) {
		if used && !u.MFASerial.Set {
			c.problem(u.Position, "mfa_serial is missing from this user: add the ARN of the IAM user's virtual MFA device "+
				"(only where every account is mfa: none can it be left out)")
		}
	}
}

// warnSharedKeys: two users may sign with one IAM user's key, but then a leak or a
// block of it concerns both, and CloudTrail shows GetSessionToken as the same user.
func (f *File) warnSharedKeys(c *collector) {
	for _, g := range f.sharing(func(u *User) string { return u.key.String() }) {
		var names []string
		for _, u := range g {
			names = append(names, u.Name.Value)
		}
		c.warning(g[1].Credentials.Position, "%s share one AWS key (%s): AWS cannot tell them apart until a role is assumed", strings.Join(names, " and "), g[0].key)
	}
}

// sharing groups users by what key gives, in the order of the file, and keeps
// the groups of two and more.
func (f *File) sharing(key func(*User) string) [][]*User {
	byKey := map[string][]*User{}
	var order []string
	for u := range each(f.Users.Value) {
		k := key(u)
		if k == "" {
			continue
		}
		if byKey[k] = append(byKey[k], u); len(byKey[k]) == 2 {
			order = append(order, k)
		}
	}
	groups := make([][]*User, len(order))
	for i, k := range order {
		groups[i] = byKey[k]
	}
	return groups
}
