// Package chart holds the Helm chart of deploy/chart to what a cluster would say of it, as
// far as that can be told without one: Helm itself lints and renders it over a matrix of
// values, each manifest is decoded strictly into the types of k8s.io/api, the pods pass the
// evaluator of Pod Security Admission at its restricted level, and what the chart promises
// beyond that is asserted field by field. What only an API server says (defaults, admission
// by others, whether a CNI enforces a NetworkPolicy) is not tested here.
package chart

import (
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"
)

const (
	deploy   = "../../deploy/"
	chartDir = deploy + "chart"
)

// least are the values that an operator has to give for the config that is shipped as an
// example, but for the config itself.
const least = `
image: {repository: registry.example.com/assumebot, tag: 1.0.0}
aws: {region: eu-west-1}
networkPolicy: {redis: {to: [{ipBlock: {cidr: 10.0.12.0/24}}]}}
secrets: {users: [{env: ERIN, name: erin, accessKeyID: id, secretAccessKey: secret}], awsCredentials: {name: users, key: credentials}}
`

// all are values with everything on.
const all = `
replicas: 2
maxSurge: 1
image: {tag: "", digest: "sha256:74566c6910d13ae61e7ce73ebd3127438a1fe805b309b097c323142719ec8a5b", pullPolicy: Always}
imagePullSecrets: [{name: registry}]
config: {files: {read-only.json: '{"Version": "2012-10-17"}'}}
secrets:
  redisURL: {name: redis, key: url}
  users:
    - {env: ALICE, name: assumebot-alice, accessKeyID: id, secretAccessKey: secret}
    - {env: ERIN, name: "1", accessKeyID: "2", secretAccessKey: "3"}
  variables: [{variable: SIEM_WEBHOOK_SECRET, name: siem, key: webhook}]
  awsCredentials: {name: assumebot-aws, key: credentials}
aws: {identity: podIdentity}
serviceAccount: {name: bot, annotations: {example.com/team: platform}}
env: {AWS_FALLBACK_REGION: eu-central-1, OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector.example.com:4318", ASSUMEBOT_PPROF: "on"}
trust: {configMap: my-ca, key: ca.crt}
metrics: {address: "::", port: 9999}
serviceMonitor: {enabled: true, interval: 15s, labels: {release: prometheus}}
networkPolicy:
  metricsFrom:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}
      podSelector: {matchLabels: {app: prometheus}}
  redis: {to: [{podSelector: {matchLabels: {app: redis}}}, {ipBlock: {cidr: "fd12::/16", except: ["fd12:1::/32"]}}], ports: [6379, 26379]}
  dns: {to: [{ipBlock: {cidr: 169.254.20.10/32}}]}
  extraEgress:
    - to: [{podSelector: {matchExpressions: [{key: app, operator: In, values: [collector]}]}}]
      ports: [{protocol: TCP, port: 4318}]
topologySpread: {node: DoNotSchedule, zone: DoNotSchedule}
resources: {requests: {cpu: 0.25}, limits: {memory: 1Gi}}
podAnnotations: {example.com/note: "true"}
podLabels: {team: platform}
nodeSelector: {kubernetes.io/arch: arm64}
tolerations: [{key: dedicated, operator: Equal, value: bots, effect: NoSchedule}]
priorityClassName: high
`

// matrix are the values that are rendered, over least.
var matrix = map[string]string{
	"the least":                              "",
	"everything":                             all,
	"three replicas":                         "replicas: 3",
	"one replica":                            "replicas: 1",
	"IRSA":                                   "aws: {identity: irsa, roleARN: 'arn:aws:iam::111111111111:role/assumebot'}",
	"IRSA on a service account of one's own": "aws: {identity: irsa}\nserviceAccount: {create: false, name: mine}",
	"Pod Identity":                           "aws: {identity: podIdentity}",
	"a ConfigMap of one's own":               "config: {file: '', existingConfigMap: mine}",
	"no NetworkPolicy":                       "networkPolicy: {enabled: false, redis: {to: []}}",
	"the record's own archive":               "env: {AWS_USE_FIPS_ENDPOINT: 'true'}",
}

// TestMain silences what Helm logs: the tests look at what it returns.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// exampleConfig is the config that is shipped as an example, for three replicas.
func exampleConfig(t *testing.T) string {
	t.Helper()
	text := string(read(t, deploy+"assumebot.example.yaml"))
	three := strings.Replace(text, "\n  replicas: 1\n", "\n  replicas: 3\n", 1)
	if three == text {
		t.Fatal("the example config has no `replicas: 1` to replace")
	}
	return three
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func loaded(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.LoadDir(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// values are least, the example config and each of texts, the last one on top.
func values(t *testing.T, texts ...string) map[string]any {
	t.Helper()
	got := map[string]any{"config": map[string]any{"file": exampleConfig(t)}}
	for _, text := range append([]string{least}, texts...) {
		next := map[string]any{}
		if err := yaml.UnmarshalStrict([]byte(text), &next); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		got = loader.MergeMaps(got, next)
	}
	return got
}

// rendered is what Helm would send to the cluster for a release, or why it would not.
func rendered(t *testing.T, release string, vals map[string]any) (map[string]string, error) {
	t.Helper()
	c := loaded(t)
	options := common.ReleaseOptions{Name: release, Namespace: "bots", Revision: 1, IsInstall: true}
	all, err := util.ToRenderValues(c, vals, options, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	return engine.Render(c, all)
}

// objects are the manifests of one rendering, by kind.
func objects(t *testing.T, texts ...string) *release {
	t.Helper()
	files, err := rendered(t, "assumebot", values(t, texts...))
	if err != nil {
		t.Fatal(err)
	}
	return decoded(t, files)
}

// documents are the manifests of rendered files, in the order of their names.
func documents(files map[string]string) []string {
	var docs []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		for doc := range strings.SplitSeq("\n"+files[name], "\n---") {
			if strings.TrimSpace(doc) != "" {
				docs = append(docs, doc)
			}
		}
	}
	return docs
}

// eachOfMatrix runs f over what each of the matrix renders.
func eachOfMatrix(t *testing.T, f func(*testing.T, *release)) {
	t.Helper()
	for name, text := range matrix {
		t.Run(name, func(t *testing.T) { f(t, objects(t, text)) })
	}
}
