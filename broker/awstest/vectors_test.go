package awstest

import (
	"net/http"
	"testing"
	"time"
)

func TestCodesFollowRFC6238(t *testing.T) {
	seed := []byte("12345678901234567890")
	// RFC 6238, appendix B, SHA-1: the last six of eight digits.
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := totp(seed, step(time.Unix(at, 0))); got != want {
			t.Errorf("code at %d: got %s, want %s", at, got, want)
		}
	}
}

// The worked example of AWS's General Reference: ListUsers signed with AKIDEXAMPLE.
func TestSignatureMatchesPublishedExample(t *testing.T) {
	r, err := http.NewRequest(http.MethodGet, "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("X-Amz-Date", "20150830T123600Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "+
		"SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")
	req := newRequest(r, nil)
	if req.authErr != "" {
		t.Fatal(req.authErr)
	}
	payload, _ := req.payloadHash()
	got := signature("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", req.auth, canonicalRequest(r, req.service, req.auth.signed, payload))
	if got != req.auth.signature {
		t.Errorf("got %s, want %s", got, req.auth.signature)
	}
}

func TestCanonicalQuerySortsAndEncodes(t *testing.T) {
	got := canonicalQuery("b=2&a=%2f+x&a=&c&%C3%A9=~")
	if want := "%C3%A9=~&a=&a=%2F%20x&b=2&c="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWildcardsMatchAsIAM(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"s3:*", "s3:ListAllMyBuckets", true}, {"*", "", true}, {"AROA*:alice", "AROA123:alice", true},
		{"AROA*:alice", "AROA123:alice2", false}, {"a?c", "abc", true}, {"a?c", "ac", false},
		{"*a*b", "xaxxb", true}, {"", "a", false}, {"abc**", "abc", true},
	} {
		if got := wildcard(c.pattern, c.s); got != c.want {
			t.Errorf("wildcard(%q, %q): got %t, want %t", c.pattern, c.s, got, c.want)
		}
	}
}

func TestPolicyConditionsDecide(t *testing.T) {
	facts := map[string]string{
		"aws:userid": "AROA1:alice", "aws:sourceidentity": "alice", "aws:tokenissuetime": "2026-01-01T12:00:00Z",
		"aws:multifactorauthpresent": "false",
	}
	for condition, want := range map[string]effect{
		`{}`: effectDeny,
		`{"StringLike":{"aws:userid":"*:alice"}}`:                                                                   effectDeny,
		`{"StringLike":{"aws:userid":["*:bob","*:carol"]}}`:                                                         effectNone,
		`{"StringEquals":{"aws:SourceIdentity":["bob","alice"]}}`:                                                   effectDeny,
		`{"StringNotEquals":{"aws:SourceIdentity":["bob","alice"]}}`:                                                effectNone,
		`{"DateLessThan":{"aws:TokenIssueTime":"2026-01-01T12:00:01Z"}}`:                                            effectDeny,
		`{"DateLessThan":{"aws:TokenIssueTime":"2026-01-01T12:00:00Z"}}`:                                            effectNone,
		`{"DateLessThan":{"aws:TokenIssueTime":"2027-01-01T00:00:00Z"},"StringLike":{"aws:userid":"*:bob"}}`:        effectNone,
		`{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}`:                                                   effectDeny,
		`{"Bool":{"aws:ViaAWSService":"false"}}`:                                                                    effectNone,
		`{"BoolIfExists":{"aws:ViaAWSService":"false"}}`:                                                            effectDeny,
		`{"StringLike":{"aws:userid":"*:alice"},"DateGreaterThan":{"aws:TokenIssueTime":"2026-01-01T11:59:59.5Z"}}`: effectDeny,
	} {
		p, err := parsePolicy(`{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*","Condition":` + condition + `}}`)
		if err != nil {
			t.Fatalf("%s: %v", condition, err)
		}
		if got := p.effect(asked{action: "s3:ListAllMyBuckets", resource: "*", facts: facts}); got != want {
			t.Errorf("%s: got %d, want %d", condition, got, want)
		}
	}
}

func TestPoliciesCoverActionsResourcesAndVariables(t *testing.T) {
	a := asked{
		action: "s3:GetObject", resource: "arn:aws:s3:::home/alice/notes",
		facts: map[string]string{"aws:username": "alice", "aws:sourceip": "192.0.2.7"},
	}
	const newer, older = `"2012-10-17"`, `"2008-10-17"`
	for name, c := range map[string]struct {
		version, statement string
		want               effect
	}{
		"the resource":               {newer, `"Action":"s3:*","Resource":"arn:aws:s3:::home/*"`, effectAllow},
		"another resource":           {newer, `"Action":"s3:*","Resource":["arn:aws:s3:::work/*","arn:aws:s3:::home"]`, effectNone},
		"all but another resource":   {newer, `"Action":"s3:*","NotResource":"arn:aws:s3:::work/*"`, effectAllow},
		"all but this resource":      {newer, `"Action":"s3:*","NotResource":"arn:aws:s3:::home/*"`, effectNone},
		"all but this action":        {newer, `"NotAction":"s3:Get*","Resource":"*"`, effectNone},
		"all but another action":     {newer, `"NotAction":"iam:*","Resource":"*"`, effectAllow},
		"variable":                   {newer, `"Action":"*","Resource":"arn:aws:s3:::home/${aws:username}/*"`, effectAllow},
		"variable that is not known": {newer, `"Action":"*","Resource":"arn:aws:s3:::home/${aws:userid}*/*"`, effectNone},
		"variable of older language": {older, `"Action":"*","Resource":"arn:aws:s3:::home/${aws:username}/*"`, effectNone},
		"variable in a condition":    {newer, `"Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:username":"${aws:UserName}"}}`, effectAllow},
		"unknown in a condition":     {newer, `"Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:username":"${aws:userid}"}}`, effectNone},
		"character, no variable":     {newer, `"Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:username":"alice${*}"}}`, effectNone},
		"address":                    {newer, `"Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":["10.0.0.0/8","192.0.2.7"]}}`, effectAllow},
		"network":                    {newer, `"Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/29"}}`, effectAllow},
		"another network":            {newer, `"Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.8/29"}}`, effectNone},
		"not from the network":       {newer, `"Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/29"}}`, effectNone},
	} {
		p, err := parsePolicy(`{"Version":` + c.version + `,"Statement":{"Effect":"Allow",` + c.statement + `}}`)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := p.effect(a); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

func TestPrincipalsAreForTrustPoliciesAlone(t *testing.T) {
	const head, tail = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",`, `}}`
	for body, trust := range map[string]bool{
		`"Resource":"*"`:  false,
		`"Principal":"*"`: true,
		`"Principal":{"AWS":"arn:aws:iam::111111111111:root"}`: true,
		`"Principal":{"AWS":["111111111111","222222222222"]}`:  true,
		`"Principal":{"Service":"ec2.amazonaws.com"}`:          true,
	} {
		if _, err := parsePolicy(head + body + tail); (err == nil) == trust {
			t.Errorf("%s as an identity's policy: got %v", body, err)
		}
		if _, err := parseTrust(head + body + tail); (err == nil) != trust {
			t.Errorf("%s as a trust policy: got %v", body, err)
		}
	}
	if _, err := parseTrust(head + `"Principal":"*","Resource":"*"` + tail); err == nil {
		t.Error("a trust policy with a resource was accepted")
	}
}
