package awsapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assumebot/assumebot/broker/policy"
)

// RevocationsPolicy is the name of the one inline policy that the bot keeps on a
// role.
const RevocationsPolicy = "assumebot-revocations"

// A revocations document is that policy. Each of its statements denies everything
// to the sessions of one session name, or of all, that were issued before a moment.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
type revocations struct {
	Version   string
	Statement []revocationStatement
}

type revocationStatement struct {
	Effect    string
	Action    string
	Resource  string
	Condition revocationCondition
}

type revocationCondition struct {
	StringLike   *useridCondition `json:",omitempty"`
	DateLessThan issueCondition
}

type useridCondition struct {
	UserID string `json:"aws:userid"`
}

type issueCondition struct {
	Issued time.Time `json:"aws:TokenIssueTime"`
}

// anySession is the session name that stands for every session of the role.
const anySession = ""

// checkDeniable refuses what is no session name: a * would shut out everybody,
// and what AWS never gave anybody shuts out nobody.
func checkDeniable(session string) error {
	if err := policy.CheckSessionName(session); err != nil {
		return fmt.Errorf("no policy is written for %.100q: %w", session, err)
	}
	return nil
}

func deny(session string, before time.Time) revocationStatement {
	s := revocationStatement{Effect: "Deny", Action: "*", Resource: "*"}
	s.Condition.DateLessThan.Issued = before
	if session != anySession {
		// aws:userid of an assumed role is its unique ID, a colon, the session name.
		s.Condition.StringLike = &useridCondition{"*:" + session}
	}
	return s
}

func (s revocationStatement) session() string {
	if s.Condition.StringLike == nil {
		return anySession
	}
	return strings.TrimPrefix(s.Condition.StringLike.UserID, "*:")
}

func (s revocationStatement) before() time.Time { return s.Condition.DateLessThan.Issued }

// parseRevocations reads the policy as it stands at AWS. One that is not as the
// bot writes it is an error: it is not the bot's to replace.
func parseRevocations(text string) (revocations, error) {
	var doc revocations
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return revocations{}, fmt.Errorf("the policy %s is not as the bot writes it: %w", RevocationsPolicy, err)
	}
	for _, s := range doc.Statement {
		again := deny(s.session(), s.before())
		like, _ := json.Marshal(again) // of strings and a time: it cannot fail
		is, _ := json.Marshal(s)
		if s.session() != anySession && checkDeniable(s.session()) != nil || s.before().IsZero() || !bytes.Equal(like, is) {
			return revocations{}, errors.New("the policy " + RevocationsPolicy + " is not as the bot writes it")
		}
	}
	return doc, nil
}

// with returns the document that also denies session before the moment, without
// what can hit nobody any more: no role session lives for longer than
// MaxRoleDuration after it was issued.
func (doc revocations) with(session string, before time.Time) revocations {
	latest := map[string]time.Time{session: before}
	for _, s := range doc.Statement {
		if s.before().Add(policy.MaxRoleDuration).After(before) && s.before().After(latest[s.session()]) {
			latest[s.session()] = s.before()
		}
	}
	everybody := latest[anySession]
	out := revocations{Version: "2012-10-17"}
	for name, moment := range latest {
		if name == anySession || moment.After(everybody) {
			out.Statement = append(out.Statement, deny(name, moment))
		}
	}
	slices.SortFunc(out.Statement, func(a, b revocationStatement) int { return strings.Compare(a.session(), b.session()) })
	return out
}

// denies reports whether the document denies session before the moment, or
// later ones too.
func (doc revocations) denies(session string, before time.Time) bool {
	return slices.ContainsFunc(doc.Statement, func(s revocationStatement) bool {
		return (s.session() == session || s.session() == anySession) && !s.before().Before(before)
	})
}

// text is the policy as IAM takes it.
func (doc revocations) text() string {
	out, _ := json.Marshal(doc) // of strings and times: it cannot fail
	return string(out)
}
