package snippet

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/assumebot/assumebot/bot/snippet/snippettest"
	"github.com/assumebot/assumebot/broker/awstest"
	"github.com/assumebot/assumebot/broker/prose"
)

// askWithJS asks AWS who the credentials are that the JavaScript SDK finds by
// itself, and prints them and the answer. Its arguments: the folder that the SDK
// was installed into, and AWS's endpoint.
const askWithJS = `
const [folder, endpoint] = process.argv.slice(-2);
const { STSClient, GetCallerIdentityCommand } = require(require.resolve('@aws-sdk/client-sts', { paths: [folder] }));
(async () => {
  const client = new STSClient({ endpoint, maxAttempts: 1 });
  const found = await client.config.credentials();
  const who = await client.send(new GetCallerIdentityCommand({}));
  console.log(JSON.stringify({
    Arn: who.Arn, key: found.accessKeyId, token: found.sessionToken,
    expires: found.expiration ? found.expiration.toISOString() : '', stale: [found.accountId, found.credentialScope].join(''),
  }));
})().catch((err) => { console.error(err.name + ': ' + err.message); process.exit(1); });
`

// A client asks AWS for the caller's identity with whatever credentials it finds,
// and prints an answer with its Arn.
type client struct {
	name    string
	profile string // what the profile of the environment is: the worst for this client
	path    string // where it is looked for before PATH, as a person's shell would
	slow    bool   // it takes a second or more to start
	command func(f Format) []string
}

// othersProfile is taken before keys by the SDK; that there is none stops the CLI.
const othersProfile = "[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = other\n"

// requireClients finds Debian's AWS CLI and the JavaScript SDK, of which one that
// is missing is left out, unless it is demanded.
func requireClients(t *testing.T, endpoint string) []client {
	t.Helper()
	var all []client
	if folder := os.Getenv("ASSUMEBOT_AWS_SDK_JS"); folder != "" {
		node := snippettest.Require(t, "node", nil)
		all = append(all, client{name: "the JavaScript SDK", profile: othersProfile, path: filepath.Dir(node),
			command: func(Format) []string { return []string{node, "-e", askWithJS, folder, endpoint} }})
	} else if os.Getenv("ASSUMEBOT_REQUIRE_AWS_SDK_JS") == "1" {
		t.Fatal("ASSUMEBOT_AWS_SDK_JS names no folder, and ASSUMEBOT_REQUIRE_AWS_SDK_JS=1 demands it")
	} else {
		t.Log("ASSUMEBOT_AWS_SDK_JS names no folder: the JavaScript SDK is not tried")
	}
	return append(all, client{name: "the AWS CLI", path: filepath.Dir(requireCLI(t)), slow: true, command: func(f Format) []string {
		args := []string{"aws", "--endpoint-url", endpoint, "--output", "json", "sts", "get-caller-identity"}
		if f == Profile {
			args = append(args, "--profile", "prod")
		}
		return args
	}})
}

// issuedByAWS is a role session that the fake AWS knows, and its role session ARN.
func issuedByAWS(t *testing.T, server *awstest.Server) (v values, arn string) {
	t.Helper()
	const account = "111111111111"
	server.AddUser(awstest.User{Account: account, Name: "alice", AccessKeyID: "AKIAALICE00000000000", SecretAccessKey: "alice-secret-key"})
	server.AddRole(awstest.Role{Account: account, Name: "OnCall", Trust: awstest.Trust{Principals: []string{awstest.UserARN(account, "alice")}}})
	out, err := sts.New(sts.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL()),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAALICE00000000000", "alice-secret-key", ""),
	}).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String(awstest.RoleARN(account, "OnCall")), RoleSessionName: aws.String("alice")})
	snippettest.Must(t, err)
	return values{
		accessKeyID: *out.Credentials.AccessKeyId, secretKey: *out.Credentials.SecretAccessKey, token: *out.Credentials.SessionToken,
		region: "eu-west-1", expires: out.Credentials.Expiration.UTC().Format(time.RFC3339),
	}, *out.AssumedRoleUser.Arn
}

// TestSnippetsServeRealClientsInHostileShells pastes snippets into shells in which
// everything is set that a client could take instead, and asks AWS who it is. The
// other shells of POSIX get the same variables, as TestSnippetOfBashIsReadByPOSIXShells shows.
// PowerShell and cmd are held by their golden files alone.
func TestSnippetsServeRealClientsInHostileShells(t *testing.T) {
	t.Parallel()
	snippettest.Require(t, "age", nil)
	server, err := awstest.Start()
	snippettest.Must(t, err)
	t.Cleanup(func() { _ = server.Close() })
	v, arn := issuedByAWS(t, server)
	t.Cleanup(func() { signedFor(t, server, v.region) })
	clients := requireClients(t, server.URL())
	pair := snippettest.KeyPairs(t)[0]
	for _, s := range []snippettest.Shell{
		{Name: "bash", Program: "bash"}, {Name: "fish", Program: "fish"}, {Name: "fishUniversal", Program: "fish", Before: snippettest.UniversalVariables()},
	} {
		f := Bash
		if s.Program == "fish" {
			f = Fish
		}
		for name, text := range map[string]string{"clear": snippetOf(t, f, v), "sealed": sealedShown(t, f, v, pair).Text} {
			for _, c := range clients {
				// Every shell leaves the same variables, clear or sealed, which other tests
				// compare byte for byte; but for those that fish can only hide.
				if c.slow && s.Before == "" && (s.Program != "bash" || name != "clear") {
					continue
				}
				t.Run(s.Name+"/"+name+"/"+c.name, func(t *testing.T) {
					t.Parallel()
					files := map[string]string{".aws/credentials": c.profile, ".config/age/keys.txt": pair.Private}
					wantAnswer(t, s, f, c, text, files, v, arn)
				})
			}
		}
	}
}

// TestFilesServeRealClientsInHostileShells is the same for what goes into a file,
// used as the reply says.
func TestFilesServeRealClientsInHostileShells(t *testing.T) {
	t.Parallel()
	server, err := awstest.Start()
	snippettest.Must(t, err)
	t.Cleanup(func() { _ = server.Close() })
	v, arn := issuedByAWS(t, server)
	t.Cleanup(func() { signedFor(t, server, v.region) })
	sh := snippettest.Shell{Name: "sh", Program: "sh"}
	for _, c := range requireClients(t, server.URL()) {
		dotenv := unsetCommand(t, howToUse(Dotenv, "prod")) + "\nset -a\n. ./dotenv\n"
		wantAnswer(t, sh, Dotenv, c, dotenv, map[string]string{"dotenv": snippetOf(t, Dotenv, v)}, v, arn)
		section := snippetOf(t, Profile, v)
		if !strings.Contains(prose.Plain(howToUse(Profile, "prod")), "in place of the section [prod]") || !strings.HasPrefix(section, "[prod]\n") {
			t.Errorf("got %q, want it to say what it takes the place of", howToUse(Profile, "prod"))
		}
		// The SDK has no --profile: it takes the one of the environment. A region of
		// the environment goes before that of a profile, as a person may want it.
		wantAnswer(t, sh, Profile, c, "unset AWS_REGION AWS_DEFAULT_REGION\nAWS_PROFILE=prod",
			map[string]string{".aws/credentials": section + "\n\n" + othersProfile}, v, arn)
	}
}

// signedFor checks that clients took the region of the snippet too.
func signedFor(t *testing.T, server *awstest.Server, region string) {
	t.Helper()
	for _, c := range server.Calls() {
		if c.Region != region {
			t.Errorf("%s was signed for the region %q, want %q", c.Action, c.Region, region)
		}
	}
}

// wantAnswer runs script and then c in s, with files below its home.
func wantAnswer(t *testing.T, s snippettest.Shell, f Format, c client, script string, files map[string]string, v values, arn string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		snippettest.Must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		snippettest.WriteFile(t, dir, name, text)
	}
	var call strings.Builder
	for _, arg := range c.command(f) {
		if s.Program == "fish" {
			call.WriteString(" " + quoteFish(arg))
		} else {
			call.WriteString(" " + quotePOSIX(arg))
		}
	}
	cmd := s.Command(t, dir, script+"\n"+call.String()+"\n")
	cmd.Env = append(cmd.Env, "AWS_EC2_METADATA_DISABLED=true", "PATH="+c.path+string(filepath.ListSeparator)+os.Getenv("PATH"))
	out, err := cmd.Output()
	var got struct{ Arn, Key, Token, Expires, Stale string }
	if err == nil {
		err = json.Unmarshal(out, &got)
	}
	if err != nil {
		t.Errorf("%s in %s: %v\n%s", c.name, s.Name, err, stderrOf(err))
		return
	}
	if got.Arn != arn {
		t.Errorf("%s in %s is %q, want %q", c.name, s.Name, got.Arn, arn)
	}
	if got.Key != "" && (got.Key != v.accessKeyID || got.Token != v.token || got.Stale != "") {
		t.Errorf("%s in %s found %+v, want the credentials of the snippet and nothing of others", c.name, s.Name, got)
	}
}

func stderrOf(err error) string {
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // of cmd.Output itself
		return string(exit.Stderr)
	}
	return ""
}
