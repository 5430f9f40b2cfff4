package setup

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/assumebot/assumebot/broker/policy"
	"github.com/assumebot/assumebot/cmd/internal/config"
)

// Next is what to do when all is written below dir: three steps, as commands.
func (a Answers) Next(dir string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	file := func(name ...string) string { return quoted(filepath.Join(append([]string{dir}, name...)...)) }
	a.nextAWS(line, func(name string) string { return "file://" + file("iam", name) })
	line("")
	line("2. Slack. At https://api.slack.com/apps: Create New App, From a manifest, and paste what this prints; install it.")
	line("   cat %s", file(ManifestName))
	line("   Basic Information, App-Level Tokens has the one token (connections:write), OAuth & Permissions the other.")
	line("   In the audit channel: /invite @assumebot")
	line("")
	line("3. Run it. A trial keeps everything in memory; with a Redis of your own it wants keys too, which are printed and written nowhere:")
	line("   export SLACK_APP_TOKEN=xapp-… SLACK_BOT_TOKEN=xoxb-… AWS_REGION=%s REDIS_URL=embedded", quoted(a.Region))
	line("   assumebot check --live --config %s", file(config.FileName))
	line("   assumebot run --config %s", file(config.FileName))
	line("   assumebot keygen               # ASSUMEBOT_SEAL_KEYS, for a Redis of your own")
	line("   assumebot keygen record NAME   # ASSUMEBOT_RECORD_KEY; a NAME such as example.com/assumebot")
	return b.String()
}

func (a Answers) nextAWS(line func(string, ...any), policyOf func(name string) string) {
	role := policy.RoleARN(a.Role)
	roleName := quoted(role.RoleName())
	line("1. AWS. In the account of your IAM user, %s:", a.AWSAccount())
	line("   aws iam put-user-policy --user-name %s --policy-name assumebot --policy-document %s", quoted(a.UserName()), policyOf("user-policy.json"))
	if kind, id := identity(a.Bot); a.Revoker != "" {
		line("   aws iam put-%s-policy --%[1]s-name %s --policy-name assumebot --policy-document %s", kind, quoted(id), policyOf("bot-policy.json"))
	}
	a.nextKey(line, policyOf("bot-policy.json"))
	line("   In that of the role, %s; of these two the one that makes it, or the one that replaces the trust policy that it has:", role.AccountID())
	line("   aws iam create-role --role-name %s --assume-role-policy-document %s", roleName, policyOf("role-trust-policy.json"))
	line("   aws iam update-assume-role-policy --role-name %s --policy-document %s", roleName, policyOf("role-trust-policy.json"))
	if a.Revoker != "" {
		revoker := quoted(policy.RoleARN(a.Revoker).RoleName())
		line("   aws iam put-role-permissions-boundary --role-name %s --permissions-boundary %s", roleName, quoted(a.Boundary))
		line("   aws iam create-role --role-name %s --assume-role-policy-document %s", revoker, policyOf("revoker-trust-policy.json"))
		line("   aws iam put-role-policy --role-name %s --policy-name assumebot --policy-document %s", revoker, policyOf("revoker-policy.json"))
	}
}

// nextKey is how the bot gets at the user's key.
func (a Answers) nextKey(line func(string, ...any), botPolicy string) {
	switch kind, name, _ := a.keySource(); kind {
	case "secret":
		if a.Revoker == "" {
			line("   Give what the bot runs as the policy %s.", strings.TrimPrefix(botPolicy, "file://"))
		}
		if strings.HasPrefix(name, "arn:") {
			return
		}
		line("   A key of your IAM user, which goes from AWS to AWS and is not shown:")
		line("   aws iam create-access-key --user-name %s --output json \\", quoted(a.UserName()))
		line("     --query 'AccessKey.{access_key_id:AccessKeyId,secret_access_key:SecretAccessKey}' |")
		line("     aws secretsmanager create-secret --region %s --name %s --secret-string file:///dev/stdin", quoted(a.Region), quoted(name))
	case "profile":
		line("   The bot reads the key from the profile %s of its shared AWS config.", name)
	case "env":
		line("   The bot reads the key from %s_AWS_ACCESS_KEY_ID and %[1]s_AWS_SECRET_ACCESS_KEY, or files that …_FILE of each names.", name)
	}
}

// identity parts an ARN into user or role, and its name.
func identity(arn string) (kind, name string) {
	_, resource, _ := strings.Cut(arn, "iam::")
	_, resource, _ = strings.Cut(resource, ":")
	kind, _, _ = strings.Cut(resource, "/")
	return kind, resource[strings.LastIndexByte(resource, '/')+1:]
}

// quoted is text as a shell takes it for one word.
func quoted(text string) string {
	if plain.MatchString(text) || strings.HasPrefix(text, "/") && plain.MatchString(text[1:]) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
