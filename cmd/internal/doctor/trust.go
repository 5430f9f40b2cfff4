package doctor

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/assumebot/assumebot/broker/policy"
)

// A trust policy is judged by what it says plainly. Whatever is not understood here, such
// as a Deny, a NotPrincipal or a condition of another kind, makes it one that a person has
// to read: nothing here calls it right by leaving a part out.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html

// maxTrust is above the longest trust policy that IAM takes, 8,192 characters.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const maxTrust = 16_384

// A judgement is what was found in a trust policy.
type judgement struct {
	wrong, odd []string
	unread     []string // parts that are not understood
}

// A caller is a User, and the IAM user whose key was tried.
type caller struct {
	name, session, arn string
	trust              need
}

// A need is whether a role is to trust a User.
type need int

const (
	unknown  need = iota // a user group of Slack decides, and is not asked
	required             // the account's rules name them
	needless             // none does, or one denies
)

func (c caller) iamName() string { return c.arn[strings.LastIndexByte(c.arn, '/')+1:] }

// trustActions are what the bot does with a role.
var trustActions = []string{"sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"}

type trustStatement struct {
	Sid       string
	Effect    string
	Principal trustPrincipals
	Action    words
	Condition map[string]map[string]words
}

// judgeTrust judges the trust policy of a's role, which callers are to assume.
func judgeTrust(text string, a policy.Account, callers []caller) judgement {
	var j judgement
	statements, err := readTrust(text)
	if err != nil {
		j.unread = append(j.unread, err.Error())
		return j
	}
	may := map[string]bool{}
	reached := map[string]bool{}
	for _, st := range statements {
		if st.Effect != "Allow" {
			j.unread = append(j.unread, "a statement with the effect "+clean(st.Effect))
			continue
		}
		for _, action := range trustActions {
			may[action] = may[action] || st.allows(action)
		}
		j.actions(st)
		trusted := j.principals(st, callers)
		if st.allows("sts:AssumeRole") {
			for _, c := range trusted {
				reached[c.arn] = true
			}
			j.conditions(st, a, trusted)
		}
	}
	for _, c := range callers {
		if c.trust == required && may["sts:AssumeRole"] && !reached[c.arn] {
			j.wrong = append(j.wrong, "it does not trust "+c.arn+", which is "+c.name)
		}
	}
	for action, needed := range map[string]bool{
		"sts:AssumeRole": true, "sts:SetSourceIdentity": a.SourceIdentity, "sts:TagSession": len(a.Tags) > 0,
	} {
		if needed && !may[action] {
			j.wrong = append(j.wrong, "it does not allow "+action)
		}
	}
	slices.Sort(j.wrong)
	j.wrong, j.odd, j.unread = slices.Compact(j.wrong), unique(j.odd), unique(j.unread)
	return j
}

func unique(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}

func readTrust(text string) ([]trustStatement, error) {
	if len(text) > maxTrust {
		return nil, fmt.Errorf("it has %d characters, more than IAM takes", len(text))
	}
	var doc struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if err := strict(text, &doc); err != nil {
		return nil, fmt.Errorf("it is not understood (%w)", err)
	}
	if key := repeated(json.NewDecoder(strings.NewReader(text))); key != "" {
		return nil, fmt.Errorf("it has %s twice", clean(key))
	}
	if doc.Version != "2012-10-17" { // before, ${aws:username} is no variable
		return nil, fmt.Errorf("its version is %s", clean(doc.Version))
	}
	list := string(doc.Statement)
	if !strings.HasPrefix(list, "[") {
		list = "[" + list + "]"
	}
	var statements []trustStatement
	if err := strict(list, &statements); err != nil {
		return nil, fmt.Errorf("a statement is not understood (%w)", err)
	}
	return statements, nil
}

// allows reports whether the statement is about an action, which IAM compares without
// regard to case and with wildcards.
func (st trustStatement) allows(action string) bool {
	return slices.ContainsFunc(st.Action, func(a string) bool {
		match, err := path.Match(strings.ToLower(a), strings.ToLower(action))
		return match && err == nil
	})
}

// actions looks for those that the bot does not use. A pattern is one of them, since it
// may match others too, and those that AWS adds.
func (j *judgement) actions(st trustStatement) {
	for _, a := range st.Action {
		if !slices.ContainsFunc(trustActions, func(k string) bool { return strings.EqualFold(a, k) }) {
			j.unread = append(j.unread, "the action "+clean(a))
		}
	}
	if len(st.Action) == 0 {
		j.unread = append(j.unread, "a statement without an action")
	}
}

// principals looks at whom the statement trusts, and returns the callers among them.
func (j *judgement) principals(st trustStatement, callers []caller) (trusted []caller) {
	for kind := range st.Principal {
		if kind != "AWS" {
			j.unread = append(j.unread, "a principal of the kind "+clean(kind))
		}
	}
	who := st.Principal["AWS"]
	if len(who) == 0 {
		j.unread = append(j.unread, "a statement without a principal of AWS")
	}
	for _, p := range who {
		j.principal(p, callers)
	}
	for _, c := range callers {
		if c.trust == needless && slices.Contains(who, c.arn) {
			j.odd = append(j.odd, "it trusts "+c.name+", whom no rule of the account lets have it")
		}
		if slices.ContainsFunc(who, c.isIn) {
			trusted = append(trusted, c)
		}
	}
	return trusted
}

func (j *judgement) principal(p string, callers []caller) {
	switch {
	case p == "*":
		j.wrong = append(j.wrong, "it trusts everybody (*)")
	case slices.ContainsFunc(callers, func(c caller) bool { return c.arn == p }):
	case strings.HasSuffix(p, ":root"), len(p) == 12 && strings.Trim(p, "0123456789") == "":
		j.odd = append(j.odd, "it trusts all of the account "+clean(p)+"; name the users instead")
	default:
		j.odd = append(j.odd, "it also trusts "+clean(p))
	}
}

// isIn reports whether a principal is the caller or their account.
func (c caller) isIn(principal string) bool {
	account := c.account()
	return principal == "*" || principal == c.arn || principal == account || strings.HasSuffix(principal, "::"+account+":root")
}

// account is the one that the caller is in.
func (c caller) account() string {
	if parts := strings.SplitN(c.arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// clean is what may be shown of a policy.
func clean(text string) string {
	const most = 90
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	return text
}
