package setup

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/broker/text"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// Answers are what is asked. Each is checked when it is set, by the config's own
// checks: a config is made of it, with samples for what is not known yet, and read.
type Answers struct {
	Workspace string // Slack's IDs
	Channel   string
	SlackUser string
	Prefix    string // of the commands; may be empty

	IAMUser   string // an ARN
	MFASerial string
	Key       string // secret NAME, profile NAME, env PREFIX or default

	Account string // its alias
	Role    string // an ARN
	Region  string
	Allow   string // with commas between

	Revoker  string // ARNs; all three or none
	Boundary string
	Bot      string

	ExternalID string
	HomeRegion string // what AWS_REGION says, "" if nothing
}

// An own shape is of an ARN that no config holds.
var (
	iamUser     = text.NewPattern(`^arn:(aws[a-z-]*):iam::(\d{12}):user/(?:[\w+=,.@/-]+/)?([\w+=,.@-]{1,64})$`)
	iamIdentity = text.NewPattern(`^arn:aws[a-z-]*:iam::\d{12}:(user|role)/(?:[\w+=,.@/-]+/)?[\w+=,.@-]{1,64}$`)
	// iamResource is narrower than the config's: ${…} in a path is a variable to a policy.
	iamResource = text.NewPattern(`^[\w+=,.@:/-]*$`)
)

// A person answers with a name where an ID is asked for. An ID, also one in small letters
// or of another kind, is the config's to judge.
var (
	slackName = text.NewPattern(`^[A-Za-z][A-Za-z0-9 ._-]*$`)
	slackID   = text.NewPattern(`^(?:[CGSTUW][A-Z0-9]+|[cgstuw][0-9][a-z0-9]*)$`)
)

// Partition is that of the first ARN that is known.
func (a Answers) Partition() string {
	for _, arn := range []string{a.IAMUser, a.Role, a.MFASerial} {
		if parts := strings.SplitN(arn, ":", 3); len(parts) == 3 && strings.HasPrefix(parts[1], "aws") {
			return parts[1]
		}
	}
	return "aws"
}

// UserName is the name of the IAM user, without its path.
func (a Answers) UserName() string { return a.userPart(3) }

// AWSAccount is the twelve digits of the AWS account of the IAM user.
func (a Answers) AWSAccount() string { return a.userPart(2) }

func (a Answers) userPart(n int) string {
	m := iamUser.FindStringSubmatch(a.IAMUser)
	if m == nil {
		return ""
	}
	return m[n]
}

// Secret is the secret that holds the user's key, "" where the key is elsewhere.
func (a Answers) Secret() string {
	if kind, name, _ := a.keySource(); kind == "secret" {
		return name
	}
	return ""
}

// keySource is what Key says; ok is false when it says nothing that is known. Some
// write secret:NAME or secret=NAME.
func (a Answers) keySource() (kind, name string, ok bool) {
	kind = a.Key
	if i := strings.IndexAny(a.Key, " :="); i >= 0 {
		kind, name = a.Key[:i], strings.TrimSpace(a.Key[i+1:])
	}
	return kind, name, kind == "default" && name == "" || name != "" && slices.Contains([]string{"secret", "profile", "env"}, kind)
}

// people are the entries of Allow.
func (a Answers) people() []string {
	return strings.FieldsFunc(a.Allow, func(r rune) bool { return r == ',' || r == ' ' })
}

// Set sets the answer to q, and says what is wrong with it, or what should be said
// aloud. What is wrong is not set.
func (a *Answers) Set(q Question, value string) (warnings []string, err error) {
	if strings.TrimSpace(value) == "" && q.Required() {
		return nil, errors.New("this has no answer by itself: write one such as " + q.Example)
	}
	field := q.of(a)
	before := *field
	*field = strings.TrimSpace(value)
	if warnings, err = a.check(); err != nil {
		*field = before
	}
	return warnings, err
}

// Fill gives what was not said its standard answer.
func (a *Answers) Fill() error {
	for _, q := range questions {
		if field := q.of(a); *field == "" && q.Asked(*a) {
			*field = q.Standard(*a)
		}
	}
	_, err := a.check()
	return err
}

func (a Answers) check() (warnings []string, err error) {
	full := a.sampled()
	switch {
	case slackName.MatchString(full.SlackUser) && !slackID.MatchString(full.SlackUser):
		return nil, fmt.Errorf("%s is a name, and an ID such as U01ALICE is needed: open your profile in Slack, then the three dots, Copy member ID",
			config.Quote(full.SlackUser))
	case !iamUser.MatchString(full.IAMUser):
		return nil, errors.New("not the ARN of an IAM user: it should look like arn:aws:iam::123456789012:user/alice; aws sts get-caller-identity says it")
	case full.Boundary != "" && policy.CheckPolicyARN(full.Boundary) != nil:
		return nil, policy.CheckPolicyARN(full.Boundary)
	case full.Bot != "" && !iamIdentity.MatchString(full.Bot):
		return nil, errors.New("not the ARN of a role or a user: it should look like arn:aws:iam::123456789012:role/assumebot")
	}
	if _, _, ok := full.keySource(); !ok {
		return nil, errors.New("write secret NAME, profile NAME, env PREFIX or default")
	}
	cfg, err := config.Parse(config.FileName, full.Config(), func(string) ([]byte, error) { return nil, errors.New("not read") })
	var problems config.Problems
	switch {
	case errors.As(err, &problems):
		return nil, errors.New(problems[0].Message)
	case err != nil:
		return nil, err
	}
	for _, arn := range []string{full.Role, full.Revoker, full.Boundary} {
		if !iamResource.MatchString(arn) {
			return nil, errors.New("init takes letters, digits and _+=,.@-/ alone in the path of an ARN: write another config by hand")
		}
	}
	for _, w := range cfg.Warnings {
		warnings = append(warnings, w.Message)
	}
	return warnings, nil
}

// sampled is a with samples for what is missing, all of one partition.
func (a Answers) sampled() Answers {
	partition := a.Partition()
	samples := map[*string]string{
		&a.Workspace: "T0123EXAMPLE", &a.Channel: "C0123EXAMPLE", &a.SlackUser: "U0123EXAMPLE", &a.ExternalID: "0123456789abcdef",
		&a.IAMUser: fmt.Sprintf("arn:%s:iam::111111111111:user/alice", partition),
		&a.Role:    fmt.Sprintf("arn:%s:iam::222222222222:role/OnCall", partition),
	}
	for field, sample := range samples {
		if *field == "" {
			*field = sample
		}
	}
	for _, q := range questions {
		if field := q.of(&a); *field == "" && q.standard != nil {
			*field = q.standard(a)
		}
	}
	return a
}
