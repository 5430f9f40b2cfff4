package lab

import (
	"fmt"
	"strings"

	"github.com/assumebot/assumebot/cmd/loadgen/fakeslack"
)

// AccountName is the name of account i.
func AccountName(i int) string { return fmt.Sprintf("account%05d", i) }

// roleARN is the role of account i.
func roleARN(i int) string { return fmt.Sprintf("arn:aws:iam::%012d:role/Load", 222222222222+i) }

// config is the bot's file. Its limits are the largest that it takes, and people
// hear nothing but answers.
func (o Options) config() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "slack: {workspaces: [%s], audit_channel: %s, connections: %d}\n", fakeslack.Team, fakeslack.Audit, o.Connections)
	b.WriteString("contact: \"#help-aws\"\nlimits: {requests: 1000, sts_calls: 1000}\nreminder: 0\n")
	fmt.Fprintf(&b, "admins: [%s]\n", fakeslack.UserID(0))
	mfa := "fresh"
	if o.Sessions {
		b.WriteString("mfa_session: 8h\n")
		mfa = "session"
	}
	b.WriteString("users:\n")
	for i := range o.Users {
		fmt.Fprintf(&b, "- {slack: %s, name: user%d, mfa_serial: 'arn:aws:iam::111111111111:mfa/user%d', credentials: {env: U%d}}\n",
			fakeslack.UserID(i), i, i, i)
	}
	allow := `["*"]`
	if o.Group > 0 {
		allow = "[" + fakeslack.Group + "]"
	}
	b.WriteString("accounts:\n")
	for i := range o.Accounts {
		fmt.Fprintf(&b, "- {name: %s, role_arn: '%s', mfa: %s, allow: %s}\n", AccountName(i), roleARN(i), mfa, allow)
	}
	return []byte(b.String())
}

// keys are the environment of the Users' long-term keys.
func (o Options) keys() []string {
	out := make([]string, 0, 2*o.Users)
	for i := range o.Users {
		out = append(out, fmt.Sprintf("U%d_AWS_ACCESS_KEY_ID=AKIALOAD%012d", i, i), fmt.Sprintf("U%d_AWS_SECRET_ACCESS_KEY=%040d", i, i))
	}
	return out
}

// group is who is in the user group: every User, and strangers up to its size.
func (o Options) group() []string {
	out := make([]string, max(o.Group, o.Users))
	for i := range out {
		out[i] = fakeslack.UserID(i)
	}
	return out
}
