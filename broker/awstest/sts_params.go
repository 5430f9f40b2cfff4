package awstest

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Shapes of parameters: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and
// …/API_GetSessionToken.html. Errors quote the patterns as they stand here.
const (
	sessionNamePattern = `[\w+=,.@-]*`
	serialPattern      = `[\w+=/:,.@-]*`
	externalIDPattern  = `[\w+=,.@:\/-]*`
	codePattern        = `[\d]*`
	tagKeyPattern      = `[\p{L}\p{Z}\p{N}_.:/=+\-@]+`
	tagValuePattern    = `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`
)

const (
	maxTags         = 50
	maxPolicyARNs   = 10
	maxPlainPolicy  = 2048
	defaultAssume   = 3600
	defaultSession  = 43200
	minDuration     = 900
	maxAssume       = 43200
	maxSessionSecs  = 129600
	maxMinTokenSize = 4096
)

var roleARNShape = regexp.MustCompile(`^arn:aws[\w-]*:iam::\d{12}:role/[\w+=,.@/-]+$`)

// shapes are the patterns, compiled to match the whole value.
var shapes = compile(sessionNamePattern, serialPattern, externalIDPattern, codePattern,
	tagKeyPattern, tagValuePattern, iamNamePattern, keyIDPattern, pathPattern, arnPattern, twoCodePattern)

func compile(patterns ...string) map[string]*regexp.Regexp {
	m := make(map[string]*regexp.Regexp, len(patterns))
	for _, p := range patterns {
		m[p] = regexp.MustCompile(`^(?:` + p + `)$`)
	}
	return m
}

type mfaInput struct {
	serial, code       string
	hasSerial, hasCode bool
}

type assumeRoleInput struct {
	roleARN, sessionName, externalID, sourceIdentity string
	duration                                         time.Duration
	minToken                                         int
	mfa                                              mfaInput
	policy                                           *policyDocument
	plainPolicy                                      int // characters of policy and ARNs together
	tags                                             map[string]string
}

type sessionTokenInput struct {
	duration time.Duration
	minToken int
	mfa      mfaInput
}

func (in assumeRoleInput) inherited(who *caller) string {
	if who.session == nil {
		return ""
	}
	return who.session.sourceIdentity
}

// effectiveSource is the source identity of the new session: it persists along a chain of roles.
func (in assumeRoleInput) effectiveSource(who *caller) string {
	if in.sourceIdentity != "" {
		return in.sourceIdentity
	}
	return in.inherited(who)
}

// packedPercent is how full PackedPolicySize reports to be, 0 when nothing was passed.
func (in assumeRoleInput) packedPercent() int {
	size := in.plainPolicy
	for k, v := range in.tags {
		size += len(k) + len(v)
	}
	return (size*100 + maxPlainPolicy - 1) / maxPlainPolicy
}

func parseAssumeRole(p url.Values) (assumeRoleInput, *refusal) {
	c := checker{params: p}
	in := assumeRoleInput{
		roleARN:        c.text("RoleArn", "roleArn", 20, 2048, ""),
		sessionName:    c.text("RoleSessionName", "roleSessionName", 2, 64, sessionNamePattern),
		externalID:     c.optional("ExternalId", "externalId", 2, 1224, externalIDPattern),
		sourceIdentity: c.optional("SourceIdentity", "sourceIdentity", 2, 64, sessionNamePattern),
		duration:       c.seconds(defaultAssume, maxAssume),
		minToken:       c.number("MinimumSessionTokenSize", "minimumSessionTokenSize", 0, 0, maxMinTokenSize),
		mfa:            c.mfa(),
		tags:           c.tags(),
	}
	if strings.HasPrefix(strings.ToLower(in.sourceIdentity), "aws:") {
		c.fail(in.sourceIdentity, "sourceIdentity", "Member must not begin with the reserved prefix aws:")
	}
	arns := c.policyARNs()
	policy := c.optional("Policy", "policy", 1, 1<<20, "")
	if ref := c.refusal(); ref != nil {
		return in, ref
	}
	if !roleARNShape.MatchString(in.roleARN) {
		return in, validation("Request ARN is invalid")
	}
	if c.duplicateTag {
		return in, validation("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
	}
	in.plainPolicy = utf8.RuneCountInString(policy + strings.Join(arns, ""))
	if in.plainPolicy > maxPlainPolicy {
		return in, &refusal{http.StatusBadRequest, "PackedPolicyTooLarge", fmt.Sprintf(
			"Packed policy consumes %d%% of allotted space, please use smaller policy.", in.packedPercent())}
	}
	if policy != "" {
		doc, err := parsePolicy(policy)
		if err != nil {
			return in, &refusal{http.StatusBadRequest, "MalformedPolicyDocument", sentence(err)}
		}
		in.policy = doc
	}
	return in, nil
}

func parseSessionToken(p url.Values) (sessionTokenInput, *refusal) {
	c := checker{params: p}
	in := sessionTokenInput{
		duration: c.seconds(defaultSession, maxSessionSecs),
		minToken: c.number("MinimumSessionTokenSize", "minimumSessionTokenSize", 0, 0, maxMinTokenSize),
		mfa:      c.mfa(),
	}
	return in, c.refusal()
}

// checker collects what is wrong with the parameters, as AWS reports all of it at once.
type checker struct {
	params       url.Values
	problems     []string
	duplicateTag bool
}

func (c *checker) fail(value, at, constraint string) {
	c.problems = append(c.problems, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: %s", value, at, constraint))
}

func (c *checker) text(name, at string, minLen, maxLen int, pattern string) string {
	if !c.params.Has(name) {
		c.problems = append(c.problems, "Value null at '"+at+"' failed to satisfy constraint: Member must not be null")
		return ""
	}
	v := c.params.Get(name)
	n := utf8.RuneCountInString(v)
	if n < minLen {
		c.fail(v, at, fmt.Sprintf("Member must have length greater than or equal to %d", minLen))
	}
	if n > maxLen {
		c.fail(v, at, fmt.Sprintf("Member must have length less than or equal to %d", maxLen))
	}
	if re := shapes[pattern]; re != nil && !re.MatchString(v) {
		c.fail(v, at, "Member must satisfy regular expression pattern: "+pattern)
	}
	return v
}

func (c *checker) optional(name, at string, minLen, maxLen int, pattern string) string {
	if !c.params.Has(name) {
		return ""
	}
	return c.text(name, at, minLen, maxLen, pattern)
}

func (c *checker) number(name, at string, absent, least, most int) int {
	if !c.params.Has(name) {
		return absent
	}
	v := c.params.Get(name)
	n, err := strconv.Atoi(v)
	switch {
	case err != nil:
		c.fail(v, at, "Member must be an integer")
	case n < least:
		c.fail(v, at, fmt.Sprintf("Member must have value greater than or equal to %d", least))
	case n > most:
		c.fail(v, at, fmt.Sprintf("Member must have value less than or equal to %d", most))
	}
	return n
}

func (c *checker) seconds(absent, most int) time.Duration {
	return time.Duration(c.number("DurationSeconds", "durationSeconds", absent, minDuration, most)) * time.Second
}

func (c *checker) mfa() mfaInput {
	return mfaInput{
		serial: c.optional("SerialNumber", "serialNumber", 9, 256, serialPattern), hasSerial: c.params.Has("SerialNumber"),
		code: c.optional("TokenCode", "tokenCode", 6, 6, codePattern), hasCode: c.params.Has("TokenCode"),
	}
}

func (c *checker) tags() map[string]string {
	tags, seen := map[string]string{}, map[string]bool{}
	n := 0
	for {
		name, at := fmt.Sprintf("Tags.member.%d.", n+1), fmt.Sprintf("tags.%d.member.", n+1)
		if !c.params.Has(name+"Key") && !c.params.Has(name+"Value") {
			break
		}
		n++
		key := c.text(name+"Key", at+"key", 1, 128, tagKeyPattern)
		tags[key] = c.text(name+"Value", at+"value", 0, 256, tagValuePattern)
		if seen[strings.ToLower(key)] {
			c.duplicateTag = true
		}
		seen[strings.ToLower(key)] = true
	}
	if n > maxTags {
		c.fail("["+strconv.Itoa(n)+" tags]", "tags", fmt.Sprintf("Member must have length less than or equal to %d", maxTags))
	}
	return tags
}

func (c *checker) policyARNs() []string {
	var arns []string
	for c.params.Has(fmt.Sprintf("PolicyArns.member.%d.arn", len(arns)+1)) {
		n := len(arns) + 1
		arns = append(arns, c.text(fmt.Sprintf("PolicyArns.member.%d.arn", n), fmt.Sprintf("policyArns.%d.member.arn", n), 20, 2048, ""))
	}
	if len(arns) > maxPolicyARNs {
		c.fail(fmt.Sprint(arns), "policyArns", fmt.Sprintf("Member must have length less than or equal to %d", maxPolicyARNs))
	}
	return arns
}

func (c *checker) refusal() *refusal {
	switch n := len(c.problems); n {
	case 0:
		return nil
	case 1:
		return validation("1 validation error detected: " + c.problems[0])
	default:
		return validation(fmt.Sprintf("%d validation errors detected: %s", n, strings.Join(c.problems, "; ")))
	}
}

func validation(message string) *refusal {
	return &refusal{http.StatusBadRequest, "ValidationError", message}
}

// sentence is an error as AWS words it: with a capital and a full stop.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
