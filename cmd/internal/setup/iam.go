package setup

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/assumebot/assumebot/deploy"
)

// A document is an IAM policy, with its keys in the order in which people write them.
type document struct {
	Version   string
	Statement []statement
}

type statement struct {
	Sid       string
	Effect    string
	Principal map[string]any `json:",omitempty"`
	Action    any
	Resource  any                       `json:",omitempty"`
	Condition map[string]map[string]any `json:",omitempty"`
}

// Policies are the policies that the answers need, by their names in deploy/iam.
func (a Answers) Policies() (map[string][]byte, error) {
	fill := map[string]func(*document){"role-trust-policy.json": a.roleTrust, "user-policy.json": a.user}
	if a.Secret() != "" || a.Revoker != "" {
		fill["bot-policy.json"] = a.bot
	}
	if a.Revoker != "" {
		fill["revoker-policy.json"], fill["revoker-trust-policy.json"] = a.revoker, a.revokerTrust
	}
	out := map[string][]byte{}
	for name, fill := range fill {
		text, err := deploy.IAM.ReadFile("iam/" + name)
		if err != nil {
			return nil, err
		}
		var d document
		dec := json.NewDecoder(bytes.NewReader(text))
		dec.DisallowUnknownFields() // what is not known could not be filled in
		if err := dec.Decode(&d); err != nil {
			return nil, err
		}
		fill(&d)
		if out[name], err = written(d); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// UserPolicy is the policy of an IAM user that may assume these roles.
func UserPolicy(roles []string) (string, error) {
	text, err := deploy.IAM.ReadFile("iam/user-policy.json")
	if err != nil {
		return "", err
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return "", err
	}
	d.Statement[0].Resource = roles
	text, err = json.Marshal(d)
	return string(text), err
}

func written(d document) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(d)
	return b.Bytes(), err
}

func (a Answers) roleTrust(d *document) {
	for i := range d.Statement {
		s := &d.Statement[i]
		s.Principal["AWS"] = []string{a.IAMUser}
		if equals := s.Condition["StringEquals"]; equals["sts:ExternalId"] != nil {
			equals["sts:ExternalId"] = a.ExternalID
		}
	}
}

func (a Answers) user(d *document) { d.Statement[0].Resource = []string{a.Role} }

func (a Answers) bot(d *document) {
	var kept []statement
	for _, s := range d.Statement {
		switch {
		case s.Action == "secretsmanager:GetSecretValue" && a.Secret() != "":
			s.Resource = a.secretARN()
			kept = append(kept, s)
		case s.Action == "sts:AssumeRole" && a.Revoker != "":
			s.Resource = []string{a.Revoker}
			kept = append(kept, s)
		}
	}
	d.Statement = kept
}

// secretARN is that of the secret, or of all on its path where that is assumebot's own,
// as the next person's is then. Secrets Manager ends each with six characters of its own.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_iam-policies.html
func (a Answers) secretARN() string {
	name := a.Secret()
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	if strings.HasPrefix(name, "assumebot/") {
		name = name[:strings.LastIndexByte(name, '/')] + "/*"
	} else {
		name += "-??????"
	}
	return "arn:" + a.Partition() + ":secretsmanager:" + a.Region + ":" + a.AWSAccount() + ":secret:" + name
}

func (a Answers) revoker(d *document) {
	for i := range d.Statement {
		s := &d.Statement[i]
		s.Resource = a.Role
		if equals := s.Condition["StringEquals"]; equals != nil {
			equals["iam:PermissionsBoundary"] = a.Boundary
		}
	}
}

func (a Answers) revokerTrust(d *document) { d.Statement[0].Principal["AWS"] = a.Bot }
