package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/assumebot/assumebot/bot/slacktest"
	"github.com/assumebot/assumebot/broker/record/tree"
	"github.com/assumebot/assumebot/store/storetest"
)

// What deploy/ ships for systemd, compose and Redis, run as far as it can be without
// systemd and without containers.

func shipped(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// directives are the values of one directive of a unit.
func directives(unit, name string) (values []string) {
	for _, m := range regexp.MustCompile(`(?m)^`+name+`=(.*)$`).FindAllStringSubmatch(unit, -1) {
		values = append(values, m[1])
	}
	return values
}

func TestTheUnitIsNotStartedAgainWhereOnlyAPersonCanMendIt(t *testing.T) {
	t.Parallel()
	want := []string{strconv.Itoa(exitUsage) + " " + strconv.Itoa(exitSetup)}
	unit := shipped(t, "systemd/assumebot.service")
	if got := directives(unit, "RestartPreventExitStatus"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := directives(unit, "Restart"); !slices.Equal(got, []string{"on-failure"}) {
		t.Errorf("got Restart=%v, want on-failure", got)
	}
}

// TestEachSecretOfTheUnitsIsACredential: what the environment names is loaded, and nothing else is.
func TestEachSecretOfTheUnitsIsACredential(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"systemd/assumebot.service", "systemd/assumebot-reconcile.service"} {
		unit := shipped(t, name)
		var named, loaded []string
		for _, e := range directives(unit, "Environment") {
			variable, value, _ := strings.Cut(e, "=")
			switch credential, is := strings.CutPrefix(value, "%d/"); {
			case is && strings.HasSuffix(variable, "_FILE"):
				named = append(named, credential+":/etc/assumebot/secrets/"+credential)
			case e != "AWS_REGION=eu-west-1":
				t.Errorf("%s: %s is set in the unit, which everybody may read", name, variable)
			}
		}
		loaded = directives(unit, "LoadCredential")
		if slices.Sort(named); len(named) < 4 || !slices.Equal(named, slices.Sorted(slices.Values(loaded))) {
			t.Errorf("%s: got credentials %v, and the environment names %v", name, loaded, named)
		}
	}
}

// secrets writes the files of secrets that a deployment has, with the Redis at url.
func secrets(t *testing.T, dir, url string, s *slacktest.Server) {
	t.Helper()
	key, _, err := tree.NewKey("example.com/assumebot")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"slack_app_token": s.AppToken(), "slack_bot_token": s.BotToken(), "seal_keys": storetest.KeyOne.Reveal(), "record_key": key,
		"redis_url": url, "aws_credentials": "[default]\naws_access_key_id = AKIABOT0000000000000\naws_secret_access_key = x\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const redisPassword = "a-password-of-our-own"

// writeUsers makes the file of users from the example, as install.md says.
func writeUsers(t *testing.T, path string) {
	t.Helper()
	users := strings.Replace(shipped(t, "redis-users.example.acl"), "REPLACE_THIS_PASSWORD", redisPassword, 1)
	if err := os.WriteFile(path, []byte(users), 0o600); err != nil {
		t.Fatal(err)
	}
}

// runRedis runs a redis-server in dir until the test ends, once it takes connections.
func runRedis(t *testing.T, dir string, args ...string) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil && os.Getenv(storetest.RequireRedis) == "1" {
		t.Fatal(err)
	} else if err != nil {
		t.Skipf("redis-server is not in PATH, so the shipped settings are not tried: %v", err)
	}
	log := newProgramLog()
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	storetest.Eventually(t, 20*time.Second, "redis-server serves", func() bool {
		return strings.Contains(log.String(), "Ready to accept connections")
	})
}

// serves has the program serve with env alone, and end in order.
func serves(t *testing.T, s *slacktest.Server, env []string) {
	t.Helper()
	cmd, log := program(t, s)
	cmd.Env = append([]string{"SLACK_API_URL=" + s.APIURL(), "AWS_EC2_METADATA_DISABLED=true"}, env...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	log.await(t, saysReady, 1)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("got %v, want exit 0\n%s", err, log)
	}
}

func aPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// TestRedisAndTheBotRunAsTheUnitAndTheConfSay makes users and URL by the commands of install.md.
func TestRedisAndTheBotRunAsTheUnitAndTheConfSay(t *testing.T) {
	t.Parallel()
	s, dir, port := startSlack(t), t.TempDir(), aPort(t)
	conf, err := filepath.Abs("../../deploy/redis.conf")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(conf), filepath.Join(dir, "deploy")); err != nil {
		t.Fatal(err)
	}
	makes := regexp.MustCompile(`(?m)^\(umask 077; sed .*redis.*$`).FindAllString(shipped(t, "docs/install.md"), -1)
	if len(makes) != 2 {
		t.Fatalf("install.md makes users and URL by %q, want two commands", makes)
	}
	for _, command := range makes {
		cmd := exec.Command("sh", "-c", command)
		if cmd.Dir = dir; cmd.Run() != nil {
			t.Fatalf("%s fails", command)
		}
	}
	url, err := os.ReadFile(filepath.Join(dir, "redis_url"))
	if err != nil {
		t.Fatal(err)
	}
	runRedis(t, dir, conf, "--port", port)
	secrets(t, dir, strings.Replace(string(url), ":6379", ":"+port, 1), s)
	var env []string
	for _, e := range directives(shipped(t, "systemd/assumebot.service"), "Environment") {
		env = append(env, strings.Replace(e, "%d", dir, 1))
	}
	serves(t, s, env)
	if kept, err := filepath.Glob(filepath.Join(dir, "appendonlydir", "*.incr.aof")); err != nil || len(kept) != 1 {
		t.Errorf("got %v, %v, want an append-only file where Redis was started", kept, err)
	}
}

// A compose file, of which another key is refused.
type compose struct {
	Name     string
	Services struct{ Assumebot, Redis service }
	Volumes  map[string]any
	Secrets  map[string]struct{ File string }
}

type service struct {
	Build           struct{ Context, Dockerfile string }
	Image, User     string
	Command         []string
	Deploy          struct{ Replicas int }
	DependsOn       map[string]struct{ Condition string } `yaml:"depends_on"`
	Restart         string
	StopGracePeriod string `yaml:"stop_grace_period"`
	ReadOnly        bool   `yaml:"read_only"`
	Ulimits         map[string]int
	CapDrop         []string `yaml:"cap_drop"`
	SecurityOpt     []string `yaml:"security_opt"`
	Environment     map[string]string
	Secrets         []string
	Volumes         []string
	Healthcheck     struct {
		Test              []string
		Interval, Timeout string
		Retries           int
	}
}

func readCompose(t *testing.T) (text string, c compose) {
	t.Helper()
	text = shipped(t, "compose.yaml")
	d := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return text, c
}

func TestComposeGivesNoMoreThanIsNeededAndNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	text, c := readCompose(t)
	head, _, _ := strings.Cut(text, "\nname:")
	for name, s := range map[string]service{"assumebot": c.Services.Assumebot, "redis": c.Services.Redis} {
		core, limited := s.Ulimits["core"]
		if !s.ReadOnly || !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || !limited || core != 0 {
			t.Errorf("%s may do more than it needs: %+v", name, s)
		}
		for _, secret := range s.Secrets {
			if c.Secrets[secret].File != "./secrets/"+secret || !regexp.MustCompile(`(?m)^# .*\b`+secret+`\b`).MatchString(head) {
				t.Errorf("%s: the secret %s is no file that the head names", name, secret)
			}
		}
		for _, v := range s.Volumes {
			if path, _, _ := strings.Cut(v, ":"); strings.HasPrefix(path, "./") && path != "./config" {
				shipped(t, path)
			}
		}
	}
	shipped(t, filepath.Join(c.Services.Assumebot.Build.Context, c.Services.Assumebot.Build.Dockerfile))
	if !strings.Contains(c.Services.Redis.Image, "@sha256:") || slices.Contains(c.Services.Assumebot.Secrets, "redis_key") {
		t.Errorf("got the image %s and secrets %v", c.Services.Redis.Image, c.Services.Assumebot.Secrets)
	}
	for name, value := range c.Services.Assumebot.Environment {
		secret, is := strings.CutPrefix(value, "/run/secrets/")
		if is && !slices.Contains(c.Services.Assumebot.Secrets, secret) {
			t.Errorf("%s names %s, which is not there", name, value)
		}
	}
}

// inContainer puts what compose mounts where it is here.
func inContainer(dir, deploy, port string, words ...string) (here []string) {
	for _, word := range words {
		here = append(here, strings.NewReplacer("/run/secrets/", dir+"/", "/etc/redis/redis.conf", deploy+"/redis.conf",
			"-h localhost", "-h localhost -p "+port).Replace(word))
	}
	return here
}

func TestRedisAndTheBotRunAsComposeSays(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"openssl", "redis-cli"} {
		if _, err := exec.LookPath(tool); err != nil && os.Getenv(storetest.RequireRedis) != "1" {
			t.Skipf("%s makes or asks what this is about: %v", tool, err)
		}
	}
	text, c := readCompose(t)
	s, dir, other, port := startSlack(t), t.TempDir(), t.TempDir(), aPort(t)
	deploy, err := filepath.Abs("../../deploy")
	if err != nil {
		t.Fatal(err)
	}
	makes := regexp.MustCompile(`(?m)^#   (openssl .*)$`).FindStringSubmatch(text)
	if makes == nil {
		t.Fatal("the head has no command that makes a certificate")
	}
	for _, in := range []string{dir, other} {
		cmd := exec.Command("sh", "-c", makes[1])
		if cmd.Dir = in; cmd.Run() != nil {
			t.Fatalf("%s fails", makes[1])
		}
	}
	writeUsers(t, filepath.Join(dir, "redis_users"))
	args := inContainer(dir, deploy, port, c.Services.Redis.Command[1:]...)
	runRedis(t, dir, append(args, "--bind", "127.0.0.1", "--tls-port", port)...)
	health := inContainer(dir, deploy, port, c.Services.Redis.Healthcheck.Test[1:]...)
	if out, err := exec.Command("sh", "-c", health[0]).CombinedOutput(); err != nil {
		t.Errorf("the health check says no: %v %s", err, out)
	}
	secrets(t, dir, "rediss://assumebot:"+redisPassword+"@localhost:"+port+"/0", s)
	var env []string
	for name, value := range c.Services.Assumebot.Environment {
		if name != "ASSUMEBOT_METRICS_ADDR" { // its port may be taken here
			env = append(env, inContainer(dir, deploy, port, name+"="+value)...)
		}
	}
	serves(t, s, env)

	for i := range env {
		env[i] = strings.Replace(env[i], filepath.Join(dir, "redis_cert"), filepath.Join(other, "redis_cert"), 1)
	}
	cmd, log := program(t, s)
	cmd.Env = append([]string{"SLACK_API_URL=" + s.APIURL(), "AWS_EC2_METADATA_DISABLED=true"}, env...)
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != exitSetup || !strings.Contains(log.String(), "REDIS_CA_FILE") {
		t.Errorf("with another certificate: got %v, want exit %d and which setting is wrong\n%s", err, exitSetup, log)
	}
}
