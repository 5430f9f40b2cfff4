package awstest

import (
	"fmt"
	"strings"
)

// Judgement is what one policy says of a request.
type Judgement string

// The judgements. What no policy allows is refused, and a denial holds against every permission.
const (
	SaysNothing Judgement = "says nothing"
	Allows      Judgement = "allows"
	Denies      Judgement = "denies"
)

// Question is what a policy is asked.
type Question struct {
	Action, Resource string
	// Principals are the names by which a trust policy or a resource's policy may know the caller: ARNs,
	// account numbers, services.
	Principals []string
	// Facts are the condition keys of the request, such as aws:username. A key that is not there is not in
	// the request.
	Facts map[string]string
	// Tags are those that the request brings: aws:RequestTag/KEY, and their keys together aws:TagKeys.
	Tags map[string]string
}

// Judge asks a policy by itself, with the evaluation that the fake's own requests pass: an identity's policy,
// a permissions boundary, the trust policy of a role or the policy of a resource. It errs on a policy that IAM
// would refuse, and on a condition operator that the fake does not know or that is not for its key.
func Judge(policy string, q Question) (Judgement, error) {
	p, err := parseDocument(policy)
	if err != nil {
		return "", err
	}
	for i, st := range p.Statement {
		resources := len(st.Resource) + len(st.NotResource)
		if st.Principal == nil && resources == 0 || len(st.Resource) > 0 && len(st.NotResource) > 0 {
			return "", fmt.Errorf("%w: statement %d", errPolicy, i+1)
		}
	}
	a := asked{action: q.Action, resource: q.Resource, facts: make(map[string]string, len(q.Facts))}
	for key, value := range q.Facts {
		key = strings.ToLower(key)
		if key == strings.ToLower(keyTagKeys) || strings.HasPrefix(key, "aws:requesttag/") {
			return "", fmt.Errorf("%s is given as a fact: give the tags of the request", key)
		}
		a.facts[key] = value
	}
	said := map[effect]Judgement{effectNone: SaysNothing, effectAllow: Allows, effectDeny: Denies}
	return said[p.effect(a.withTags(q.Tags), q.Principals...)], nil
}
