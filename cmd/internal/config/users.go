package config

import (
	"regexp"
	"strings"

	"github.com/assumebot/assumebot/broker"
	"go.yaml.in/yaml/v3"
)

type userDraft struct {
	broker.User
	pos
	slackAt, nameAt, sessionAt, serialAt, keyAt pos
}

// label is how messages call the User.
func (u userDraft) label() string {
	if u.Name != "" {
		return u.Name
	}
	return u.Slack
}

var (
	envPrefix = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
	secretID = regexp.MustCompile(`^[A-Za-z0-9/_+=.@:!-]{1,512}$`)
	// The SDK's shared config ends a profile's name at a bracket or white space.
	profileName = regexp.MustCompile(`^[^\s\[\]]{1,128}$`)
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
	accessKeyID = regexp.MustCompile(`^(AKIA|ASIA)[A-Z0-9]{12,}$`)
)

func (d *draft) readUsers(root section) {
	d.checkSize(root, "users", "nobody could use the bot; add who may")
	for _, n := range root.list("users", "users") {
		s, ok := newSection(d.collector, n, "this user", "slack", "name", "session_name", "mfa_serial", "credentials", "age_key", "sealed")
		if !ok {
			continue
		}
		u := d.readUser(s)
		d.users = append(d.users, u)
		d.config.Broker.Users = append(d.config.Broker.Users, u.User)
	}
}

func (d *draft) readUser(s section) userDraft {
	u := userDraft{pos: s.pos, slackAt: s.at("slack"), nameAt: s.at("name"), sessionAt: s.at("name"), serialAt: s.at("mfa_serial"), keyAt: s.at("credentials")}
	if s.require("slack", "the person's Slack user ID (U…)") {
		if v := s.text("slack"); v.ok {
			if wrong := checkID(v.v, userID); wrong != "" {
				d.problem(v.pos, "%s", wrong)
			} else {
				u.Slack = v.v
			}
		}
	}
	if s.require("name", "what AWS and the record shall call the person, such as alice@example.com") {
		if v := s.text("name"); v.ok {
			u.Name = v.v
			if !s.has("session_name") {
				session, err := broker.SessionName(v.v)
				if err != nil {
					d.problem(v.pos, "name %s: %v; or give a session_name, which is what AWS calls the person", Quote(v.v), err)
				}
				u.SessionName = session
			}
		}
	}
	d.readSessionName(s, &u)
	if v := s.text("mfa_serial"); v.ok {
		if err := broker.CheckMFASerial(v.v); err != nil {
			d.problem(v.pos, "mfa_serial %s: %v", Quote(v.v), err)
		} else {
			u.MFASerial = v.v
		}
	}
	if s.require("credentials", "where the IAM user's key is read from: {profile: …}, {env: …}, {secret: …} or {default: true}") {
		if n := s.node("credentials"); n != nil {
			u.Key = d.readKeySource(n)
		}
	}
	u.AgeKey, u.SealRequired = d.readAgeKey(s), d.readSealed(s)
	return u
}

// readSessionName reads what RoleSessionName and SourceIdentity are, which a
// trust policy may compare with the IAM user's name: it is taken as it stands.
func (d *draft) readSessionName(s section, u *userDraft) {
	v := s.text("session_name")
	if !v.ok {
		return
	}
	u.sessionAt = v.pos
	if err := broker.CheckSessionName(v.v); err != nil {
		d.problem(v.pos, "session_name %s: %v", Quote(v.v), err)
		return
	}
	u.SessionName = v.v
}

// readKeySource never repeats a value: a key pasted in by mistake would end up
// in a log.
func (d *draft) readKeySource(n *yaml.Node) broker.KeySource {
	var key broker.KeySource
	s, ok := newSection(d.collector, n, "credentials", "profile", "env", "secret", "default")
	if !ok {
		return key
	}
	if len(s.values) != 1 {
		d.problem(s.pos, "credentials has %d sources: write exactly one of {profile: …}, {env: …}, {secret: …} and {default: true}", len(s.values))
	}
	if v := s.text("profile"); v.ok {
		key.Profile = v.v
		d.checkSource(v, profileName, "profile must be a profile's name in the shared AWS config, without brackets or spaces, such as alice")
	}
	if v := s.text("env"); v.ok {
		key.Env = v.v
		d.checkSource(v, envPrefix, "env must be a prefix in capitals: ALICE reads ALICE_AWS_ACCESS_KEY_ID and ALICE_AWS_SECRET_ACCESS_KEY")
		if before, found := strings.CutSuffix(v.v, "_AWS_ACCESS_KEY_ID"); found {
			d.problem(v.pos, "env is a prefix: write %s alone", Quote(before))
		}
	}
	if v := s.text("secret"); v.ok {
		key.Secret = v.v
		d.checkSource(v, secretID, "secret must be the name or ARN of an AWS Secrets Manager secret, such as assumebot/alice")
	}
	if v := s.boolean("default"); v.ok {
		key.Default = v.v
		if !v.v {
			d.problem(v.pos, "default: false names no source: write default: true, or one of profile, env and secret")
		}
	}
	return key
}

func (d *draft) checkSource(v value[string], shape *regexp.Regexp, hint string) {
	switch {
	case accessKeyID.MatchString(v.v):
		d.problem(v.pos, "this looks like an access key ID, and keys do not belong in this file: name where the key is kept, and replace the key if its secret was written here too")
	case !shape.MatchString(v.v):
		d.problem(v.pos, "%s", hint)
	}
}
