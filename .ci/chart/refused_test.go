package chart

import (
	"fmt"
	"strings"
	"testing"
)

// TestValuesThatCannotRunAreRefused: each says what is wrong and what mends it.
func TestValuesThatCannotRunAreRefused(t *testing.T) {
	for _, c := range []struct{ values, want string }{
		// The templates.
		{"image: {repository: ''}", "image.repository is empty: write where you pushed the image to"},
		{"image: {tag: ''}", "image.tag and image.digest are empty: write one of them"},
		{"aws: {region: ''}", "aws.region is empty"},
		{"aws: {identity: irsa}", "aws.roleARN is empty: write the role"},
		{"aws: {roleARN: 'arn:aws:iam::111111111111:role/x'}", "aws.identity is none, which takes none"},
		{"serviceAccount: {create: false}", "serviceAccount.name is empty: name one"},
		{"config: {file: ''}", "the bot has no config: --set-file config.file=assumebot.yaml"},
		{"config: {existingConfigMap: mine}", "config.file and config.existingConfigMap are both set"},
		{"config: {file: 'slack: [}'}", "config.file cannot be read as YAML"},
		{"config: {file: 'users: []'}", "config.file has no section slack"},
		{"config: {file: 'slack: yes'}", "config.file has no section slack"},
		{"config: {file: '- a list'}", "config.file cannot be read as YAML"},
		{"networkPolicy: {redis: {to: []}}", "networkPolicy.redis.to is empty, so no pod could reach Redis"},
		{"networkPolicy: {https: {to: []}}", "networkPolicy.https.to is empty"},
		{"networkPolicy: {dns: {to: []}}", "networkPolicy.dns.to is empty"},
		{"serviceMonitor: {enabled: true}", "networkPolicy.metricsFrom is empty, so Prometheus could not reach the pods"},
		{"config: {file: '', files: {a.json: x}, existingConfigMap: mine}", "put the files into that ConfigMap"},
		{"serviceAccount: {create: false, name: mine}\naws: {identity: irsa, roleARN: 'arn:aws:iam::111111111111:role/x'}", "annotate yours"},
		{"config: {file: 'slack: {replicas: 3}\n\nusers: [{credentials: {env: BOB}}]'}", "{env: BOB}, and secrets.users has no such env"},
		{"config: {file: 'slack: {replicas: 3}\n\nrecord: {archive: audit}'}", "record.archive of the config is audit, a directory"},
		{"config: {file: 'slack: {replicas: 3}\n\nrecord: {sinks: [{name: a, file: a.jsonl}]}'}", "the file a.jsonl, and pods can write none"},
		{"config: {file: 'slack: {replicas: 3}\n\nrecord: {sinks: [{name: a, secret_env: SIEM}]}'}", "SIEM, and secrets.variables has"},
		// The schema.
		{"secrets: {variables: [{variable: AWS_ACCESS_KEY_ID, name: a, key: a}]}", "/secrets/variables/0/variable"},
		{"replica: 3", "additional properties 'replica' not allowed"},
		{"image: {tag: latest}", "/image/tag"},
		{"image: {digest: 'sha256:12'}", "/image/digest"},
		{"image: {repository: 'registry.example.com/a@b'}", "/image/repository"},
		{"replicas: 0", "/replicas"},
		{"replicas: 6", "/replicas"},
		{"replicas: '3'", "/replicas"},
		{"replicas: 2.5", "/replicas"},
		{"secrets: {redisURL: 'redis://:word@10.0.0.1'}", "/secrets/redisURL"},
		{"secrets: {redisURL: {value: 'redis://x'}}", "additional properties 'value' not allowed"},
		{"secrets: {slackAppToken: null}", "slackAppToken"},
		{"env: {SLACK_BOT_TOKEN: a}", "/env"},
		{"env: {ALICE_AWS_SECRET_ACCESS_KEY: a}", "/env"},
		{"env: {AWS_SECRET_ACCESS_KEY: a}", "/env"},
		{"env: {AWS_EC2_METADATA_DISABLED: 'false'}", "/env"},
		{"env: {OTEL_EXPORTER_OTLP_HEADERS: 'a=b'}", "/env"},
		{"env: {AWS_CONTAINER_AUTHORIZATION_TOKEN: a}", "/env"},
		{"env: {HTTPS_PROXY: 'http://user:word@proxy:3128'}", "/env/HTTPS_PROXY"},
		{"env: {LD_PRELOAD: /x}", "/env"},
		{"env: {ASSUMEBOT_PPROF: true}", "/env/ASSUMEBOT_PPROF"},
		{"aws: {identity: node}", "/aws/identity"},
		{"aws: {region: somewhere}", "/aws/region"},
		{"aws: {identity: irsa, roleARN: assumebot}", "/aws/roleARN"},
		{"resources: {limits: {memory: null}}", "memory"},
		{"resources: null", "resources"},
		{"podLabels: {app.kubernetes.io/name: other}", "/podLabels"},
		{"serviceAccount: {annotations: {eks.amazonaws.com/role-arn: x}}", "/serviceAccount/annotations"},
		{"config: {files: {assumebot.yaml: x}}", "/config/files"},
		{"config: {files: {'../x': x}}", "/config/files"},
		{"networkPolicy: {redis: {to: [{}]}}", "/networkPolicy/redis/to/0"},
		{"networkPolicy: {redis: {to: [{ipBlock: {cidr: 10.0.0.1}}]}}", "cidr"},
		{"networkPolicy: {redis: {to: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}}", "/networkPolicy/redis/to/0"},
		{"networkPolicy: {extraEgress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}", "ports"},
		{"networkPolicy: {extraEgress: [{ports: [{protocol: TCP, port: 443}]}]}", "to"},
		{"trust: {configMap: my-ca}", "/trust"},
		{"metrics: {port: 80}", "/metrics/port"},
		{"secrets: {users: [{env: alice, name: a, accessKeyID: a, secretAccessKey: b}]}", "/secrets/users/0/env"},
		{"securityContext: {privileged: true}", "additional properties 'securityContext' not allowed"},
	} {
		_, err := rendered(t, "assumebot", values(t, c.values))
		if err == nil {
			t.Errorf("%s: got rendered, want refused with %q", c.values, c.want)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.values, err, c.want)
		}
	}
}

func TestAProfileNeedsTheFileThatHasIt(t *testing.T) {
	vals := values(t)
	delete(vals["secrets"].(map[string]any), "awsCredentials")
	_, err := rendered(t, "assumebot", vals)
	want := "credentials: {profile: bob}, and secrets.awsCredentials names no shared credentials file"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestAConfigThatIsNoneIsLeftToTheBot: whatever its shape, rendering ends without a panic.
func TestAConfigThatIsNoneIsLeftToTheBot(t *testing.T) {
	for _, rest := range []string{
		"users: 1", "users: [1, null, {credentials: x}, {credentials: null}, {credentials: {env: null}}]", "record: 1", "record: {sinks: x}",
		"record: {sinks: [1, null]}", "record: null", "users: {a: b}", "slack2: {}",
	} {
		vals := values(t)
		vals["config"].(map[string]any)["file"] = "slack: {replicas: 3}\n" + rest
		if _, err := rendered(t, "assumebot", vals); err != nil {
			t.Errorf("%s: got %v", rest, err)
		}
	}
}

func TestAllThatIsMissingIsSaidAtOnce(t *testing.T) {
	_, err := rendered(t, "assumebot", nil)
	if err == nil {
		t.Fatal("got rendered without a value, want refused")
	}
	for _, want := range []string{"image.repository", "image.tag", "aws.region", "config.file", "networkPolicy.redis.to"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q said too", err, want)
		}
	}
}

// TestSocketsAreCounted: Slack allows an app 10, of all pods together.
// https://docs.slack.dev/apis/events-api/using-socket-mode/
func TestSocketsAreCounted(t *testing.T) {
	for connections := 1; connections <= 9; connections++ {
		for replicas := 1; replicas <= 5; replicas++ {
			for surge := 0; surge <= 2; surge++ {
				pods := replicas + surge
				fits := (connections+1)*pods <= 10
				chart := fmt.Sprintf("replicas: %d\nmaxSurge: %d\n", replicas, surge)
				own := fmt.Sprintf("config: {file: '', existingConfigMap: mine, connections: %d}", connections)
				inline := fmt.Sprintf("config: {file: 'slack: {connections: %d, replicas: %d}'}", connections, pods)
				for _, config := range []string{own, inline} {
					_, err := rendered(t, "assumebot", values(t, chart+config))
					switch said := err != nil && strings.Contains(err.Error(), fmt.Sprintf("= %d can be open: lower one of them", (connections+1)*pods)); {
					case fits && err != nil:
						t.Errorf("%s%s: got %v, want rendered", chart, config, err)
					case !fits && !said:
						t.Errorf("%s%s: got %v, want it refused with the sum", chart, config, err)
					}
				}
			}
		}
	}
}

func TestTheConfigMustCountAllPods(t *testing.T) {
	for _, c := range []struct{ values, want string }{
		{"replicas: 2\nconfig: {file: 'slack: {workspaces: [T0]}'}", "slack.replicas of the config says 1: write slack.replicas: 2 there"},
		{"replicas: 2\nmaxSurge: 1\nconfig: {file: 'slack: {replicas: 2}'}", "up to 3 pods run at once (replicas 2, maxSurge 1)"},
		{"replicas: 3\nconfig: {file: 'slack: {replicas: three}'}", "slack.replicas of the config says 0"},
		{"replicas: 3\nconfig: {file: 'slack: {replicas: 3}'}", ""},
		{"replicas: 1\nconfig: {file: 'slack: {workspaces: [T0], connections: null}'}", ""},
		{"replicas: 2\nconfig: {file: 'slack: {replicas: 3}'}", ""},
		{"replicas: 2\nconfig: {file: \"defaults: &d {replicas: 2, connections: 4}\\nslack: *d\"}", ""},
		{"replicas: 2\nconfig: {file: \"defaults: &d {replicas: 2, connections: 5}\\nslack: *d\"}", "(slack.connections 5 + 1)"},
	} {
		_, err := rendered(t, "assumebot", values(t, c.values))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: got %v, want rendered", c.values, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %q", c.values, err, c.want)
		}
	}
}
