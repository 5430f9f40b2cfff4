package chart

import (
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/strvals"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

func TestWhatBelongsTogetherHasTheSameNames(t *testing.T) {
	eachOfMatrix(t, func(t *testing.T, r *release) {
		labels := r.pod().Labels
		selectors := map[string]map[string]string{
			"Deployment": r.deployment.Spec.Selector.MatchLabels,
			"budget":     r.budget.Spec.Selector.MatchLabels,
		}
		for _, c := range r.pod().Spec.TopologySpreadConstraints {
			selectors["spread by "+c.TopologyKey] = c.LabelSelector.MatchLabels
		}
		if r.network != nil {
			selectors["NetworkPolicy"] = r.network.Spec.PodSelector.MatchLabels
		}
		if r.service != nil {
			selectors["Service"] = r.service.Spec.Selector
			if !within(r.monitor.Spec.Selector.MatchLabels, r.service.Labels) || r.monitor.Spec.Endpoints[0].Port != r.service.Spec.Ports[0].Name {
				t.Error("the ServiceMonitor does not find its Service")
			}
		}
		for what, selector := range selectors {
			if len(selector) != 2 || !within(selector, labels) {
				t.Errorf("%s: got selector %v, and the pods have %v", what, selector, labels)
			}
		}
		if name := r.pod().Spec.ServiceAccountName; name == "" || r.account != nil && r.account.Name != name {
			t.Errorf("got service account %q for the pods", name)
		}
	})
}

func within(selector, labels map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return true
}

func TestTheConfigIsMountedAsADirectoryAndIsTheFileItself(t *testing.T) {
	eachOfMatrix(t, func(t *testing.T, r *release) {
		dir, file, _ := strings.Cut(strings.TrimPrefix(env(r, "ASSUMEBOT_CONFIG"), "/etc/"), "/")
		if dir != "assumebot" || file != "assumebot.yaml" {
			t.Fatalf("got ASSUMEBOT_CONFIG %s", env(r, "ASSUMEBOT_CONFIG"))
		}
		at := slices.IndexFunc(r.container().VolumeMounts, func(m core.VolumeMount) bool { return m.MountPath == "/etc/assumebot" })
		of := slices.IndexFunc(r.pod().Spec.Volumes, func(v core.Volume) bool { return v.Name == r.container().VolumeMounts[at].Name })
		from := r.pod().Spec.Volumes[of].ConfigMap
		if from == nil || len(from.Items) > 0 {
			t.Fatalf("got %+v, want the whole ConfigMap", r.pod().Spec.Volumes[of])
		}
		if r.config == nil {
			if from.Name != "mine" {
				t.Errorf("got ConfigMap %s, want mine", from.Name)
			}
			return
		}
		if from.Name != r.config.Name || r.config.Data["assumebot.yaml"] != exampleConfig(t) {
			t.Errorf("got ConfigMap %s, and %s with\n%s", from.Name, r.config.Name, r.config.Data["assumebot.yaml"])
		}
	})
	if got := objects(t, all).config.Data["read-only.json"]; got != `{"Version": "2012-10-17"}` {
		t.Errorf("got %q beside the config", got)
	}
}

// TestSetFileTakesFilesAsTheyAre: as install.md and values.yaml have it on the command line.
func TestSetFileTakesFilesAsTheyAre(t *testing.T) {
	files := map[string]string{"assumebot.yaml": exampleConfig(t), "read-only.json": `{"Version": "2012-10-17"}`}
	taken := func(name []rune) (any, error) { return files[string(name)], nil }
	vals := values(t)
	vals["config"] = map[string]any{}
	for _, flag := range []string{"config.file=assumebot.yaml", `config.files.read-only\.json=read-only.json`} {
		said := string(read(t, deploy+"docs/install.md")) + string(read(t, chartDir+"/values.yaml"))
		if !strings.Contains(said, "--set-file "+flag) && !strings.Contains(said, "--set-file '"+flag+"'") {
			t.Errorf("no guide says --set-file %s", flag)
		}
		if err := strvals.ParseIntoFile(flag, vals, taken); err != nil {
			t.Fatal(err)
		}
	}
	out, err := rendered(t, "assumebot", vals)
	if err != nil {
		t.Fatal(err)
	}
	if got := decoded(t, out).config.Data; !maps.Equal(got, files) {
		t.Errorf("got %v, want %v", got, files)
	}
}

// TestAHostileConfigStaysOneValue: whatever its bytes, it is the text of one key.
func TestAHostileConfigStaysOneValue(t *testing.T) {
	for _, text := range []string{
		"slack: {replicas: 3}\n---\nkind: Secret\n", "slack: {replicas: 3} # {{ .Release.Name }}\n",
		"slack: {replicas: 3}\ncontact: \"a\\\"b\t\\u00e9 ✓\"\r\n",
	} {
		vals := values(t)
		vals["config"].(map[string]any)["file"] = text
		files, err := rendered(t, "assumebot", vals)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := decoded(t, files).config.Data["assumebot.yaml"]; got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
}

// TestPodsAreReplacedForWhatCountsFromTheNextStart: of the config that is what
// operations.md lists; the bot reads the rest again by itself.
func TestPodsAreReplacedForWhatCountsFromTheNextStart(t *testing.T) {
	const begin = "slack: {workspaces: [T0], audit_channel: C0, replicas: 3, connections: 2}\n"
	mark := func(config string) string {
		vals := values(t)
		vals["config"].(map[string]any)["file"] = config
		files, err := rendered(t, "assumebot", vals)
		if err != nil {
			t.Fatal(err)
		}
		return decoded(t, files).pod().Annotations["assumebot/fixed-config"]
	}
	was := mark(begin)
	for config, replaced := range map[string]bool{
		begin + "contact: me\n": false,
		strings.Replace(begin, "workspaces: [T0]", "workspaces: [T0, T1]", 1): false,
		"# a comment\n" + begin:                                                           false,
		strings.Replace(begin, "C0", "C1", 1):                                             true,
		strings.Replace(begin, "connections: 2", "connections: 1", 1):                     true,
		strings.Replace(begin, "connections: 2", "connections: 2, command_prefix: a-", 1): true,
		begin + "record: {origin: example.com/assumebot}\n":                               true,
	} {
		if got := mark(config) != was; got != replaced {
			t.Errorf("%s: got pods replaced: %v, want %v", config, got, replaced)
		}
	}
	if got := objects(t, matrix["a ConfigMap of one's own"]).pod().Annotations; len(got) > 0 {
		t.Errorf("got annotations %v of a config that is not known", got)
	}
}

func TestProbesAskThePrivateListener(t *testing.T) {
	for text, addr := range map[string]string{"": "0.0.0.0:9464", all: "[::]:9999"} {
		r := objects(t, text)
		c := r.container()
		port := c.Ports[0]
		if len(c.Ports) != 1 || port.HostPort != 0 || env(r, "ASSUMEBOT_METRICS_ADDR") != addr {
			t.Errorf("got ports %+v and %s", c.Ports, env(r, "ASSUMEBOT_METRICS_ADDR"))
		}
		if at, err := netip.ParseAddrPort(addr); err != nil || int32(at.Port()) != port.ContainerPort {
			t.Errorf("got port %d for %s", port.ContainerPort, addr)
		}
		for path, probe := range map[string]*core.Probe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
			if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path || probe.HTTPGet.Port.StrVal != port.Name {
				t.Errorf("%s: got %+v", path, probe)
			}
		}
	}
}

func TestUpdatesReplaceOneAtATime(t *testing.T) {
	for text, want := range map[string][2]int32{"": {0, 1}, all: {1, 0}} {
		u := objects(t, text).deployment.Spec.Strategy.RollingUpdate
		if got := [2]int32{u.MaxSurge.IntVal, u.MaxUnavailable.IntVal}; got != want {
			t.Errorf("got surge and unavailable %v, want %v", got, want)
		}
	}
	b := objects(t).budget.Spec
	if b.MaxUnavailable.IntVal != 1 || b.UnhealthyPodEvictionPolicy == nil || *b.UnhealthyPodEvictionPolicy != policy.AlwaysAllow {
		t.Errorf("got budget %+v", b)
	}
}

// TestPodsHaveTheTimeToStopThatTheOthersOfDeployGive: the unit and compose say it too.
func TestPodsHaveTheTimeToStopThatTheOthersOfDeployGive(t *testing.T) {
	if got := *objects(t).pod().Spec.TerminationGracePeriodSeconds; got != 40 {
		t.Errorf("got %d s", got)
	}
	for file, want := range map[string]string{"systemd/assumebot.service": "TimeoutStopSec=40s", "compose.yaml": "stop_grace_period: 40s"} {
		if !strings.Contains(string(read(t, deploy+file)), want) {
			t.Errorf("%s does not say %s", file, want)
		}
	}
}

func TestTheBotsIdentity(t *testing.T) {
	const annotation = "eks.amazonaws.com/role-arn"
	eachOfMatrix(t, func(t *testing.T, r *release) {
		if env(r, "AWS_EC2_METADATA_DISABLED") != "true" {
			t.Error("the role of the node can be used")
		}
	})
	if got := objects(t, matrix["IRSA"]).account.Annotations[annotation]; got != "arn:aws:iam::111111111111:role/assumebot" {
		t.Errorf("IRSA: got role %q", got)
	}
	for _, name := range []string{"the least", "Pod Identity", "everything"} {
		if got := objects(t, matrix[name]).account.Annotations[annotation]; got != "" {
			t.Errorf("%s: got role %q on the service account, want none", name, got)
		}
	}
	if r := objects(t, matrix["IRSA on a service account of one's own"]); r.account != nil || r.pod().Spec.ServiceAccountName != "mine" {
		t.Errorf("got %+v and %s", r.account, r.pod().Spec.ServiceAccountName)
	}
}

// allowed reports whether a NetworkPolicy lets its pods send to an address outside the cluster.
func allowed(t *testing.T, n *networking.NetworkPolicy, to string, port int32) bool {
	t.Helper()
	addr := netip.MustParseAddr(to)
	for _, rule := range n.Spec.Egress {
		if !slices.ContainsFunc(rule.Ports, func(p networking.NetworkPolicyPort) bool { return p.Port != nil && p.Port.IntVal == port }) {
			continue
		}
		for _, peer := range rule.To {
			if peer.IPBlock == nil || !netip.MustParsePrefix(peer.IPBlock.CIDR).Contains(addr) {
				continue
			}
			if !slices.ContainsFunc(peer.IPBlock.Except, func(e string) bool { return netip.MustParsePrefix(e).Contains(addr) }) {
				return true
			}
		}
	}
	return false
}

func TestTheNetworkPolicyLetsOutWhatIsNeededAndNothingElse(t *testing.T) {
	type way struct {
		to   string
		port int32
	}
	for name, ways := range map[string]map[way]bool{
		"the least": {
			{"198.51.100.7", 443}: true, {"2001:db8::7", 443}: true, // Slack, AWS
			{"10.0.12.7", 6379}:  true, // Redis
			{"198.51.100.7", 80}: false, {"10.0.13.7", 6379}: false, {"10.0.12.7", 443}: false, {"198.51.100.7", 53}: false,
			{"169.254.169.254", 80}: false, {"169.254.169.254", 443}: false, {"169.254.170.23", 80}: false, {"fd00:ec2::254", 443}: false,
			{"172.16.0.1", 443}: false, {"100.64.0.1", 443}: false,
		},
		"Pod Identity": {{"169.254.170.23", 80}: true, {"fd00:ec2::23", 80}: true, {"169.254.169.254", 80}: false},
		"everything":   {{"169.254.20.10", 53}: true, {"fd12::7", 26379}: true, {"fd12:1::7", 6379}: false, {"10.0.12.7", 6379}: false},
	} {
		n := objects(t, matrix[name]).network
		for w, want := range ways {
			if got := allowed(t, n, w.to, w.port); got != want {
				t.Errorf("%s: %v: got allowed %v, want %v", name, w, got, want)
			}
		}
		if !slices.Equal(n.Spec.PolicyTypes, []networking.PolicyType{networking.PolicyTypeIngress, networking.PolicyTypeEgress}) {
			t.Errorf("%s: got types %v: what is not named is not restricted", name, n.Spec.PolicyTypes)
		}
		for _, rule := range n.Spec.Egress {
			if len(rule.To) == 0 || len(rule.Ports) == 0 {
				t.Errorf("%s: a rule goes to everybody, or to every port: %+v", name, rule)
			}
		}
	}
	if in := objects(t).network.Spec.Ingress; len(in) > 0 {
		t.Errorf("got %+v let in, want nobody", in)
	}
	in := objects(t, all).network.Spec.Ingress
	if len(in) != 1 || len(in[0].From) != 1 || in[0].From[0].PodSelector == nil ||
		len(in[0].Ports) != 1 || in[0].Ports[0].Port.StrVal != "metrics" {
		t.Errorf("got %+v let in, want Prometheus, to the metrics", in)
	}
}

func TestTheExternalSecretBringsWhatTheChartReads(t *testing.T) {
	example := strictly[externalSecret](t, string(read(t, chartDir+"/examples/external-secret.yaml")))
	var got []string
	for _, d := range example.Spec.Data {
		got = append(got, example.Spec.Target.Name+"/"+d.SecretKey)
	}
	var want []string
	for _, v := range objects(t).pod().Spec.Volumes {
		if v.Projected != nil {
			for _, s := range v.Projected.Sources {
				if s.Secret.Name == example.Spec.Target.Name {
					want = append(want, s.Secret.Name+"/"+s.Secret.Items[0].Key)
				}
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || len(got) != 5 {
		t.Errorf("got %v, and the chart reads %v", got, want)
	}
}

// TestTheExampleValuesAreAllThatIsNeeded: with a config, as install.md says.
func TestTheExampleValuesAreAllThatIsNeeded(t *testing.T) {
	vals := map[string]any{}
	if err := yaml.UnmarshalStrict(read(t, chartDir+"/examples/values.yaml"), &vals); err != nil {
		t.Fatal(err)
	}
	vals["config"] = map[string]any{"file": "slack: {replicas: 3}\nusers: [{credentials: {secret: assumebot/alice}}]\n"}
	files, err := rendered(t, "assumebot", vals)
	if err != nil {
		t.Fatal(err)
	}
	r := decoded(t, files)
	if r.account.Annotations["eks.amazonaws.com/role-arn"] == "" || r.monitor == nil || len(r.network.Spec.Ingress) != 1 {
		t.Errorf("got %v", r.docs)
	}
}

// TestVariablesAreThoseOfTheReference: what config.md does not know does nothing.
func TestVariablesAreThoseOfTheReference(t *testing.T) {
	reference := string(read(t, deploy+"docs/config.md"))
	ofOthers := []string{"SIEM_WEBHOOK_SECRET_FILE", "AWS_EC2_METADATA_DISABLED", "AWS_SHARED_CREDENTIALS_FILE", "SSL_CERT_FILE"}
	for _, e := range objects(t, all).container().Env {
		name := strings.TrimSuffix(e.Name, "_FILE")
		name = regexp.MustCompile(`^(ALICE|ERIN)_`).ReplaceAllString(name, "NAME_")
		if !strings.Contains(reference, "`"+name+"`") && !slices.Contains(ofOthers, e.Name) {
			t.Errorf("config.md does not have %s", e.Name)
		}
	}
}

func TestNamesFitWhateverTheReleaseIsCalled(t *testing.T) {
	for release, want := range map[string]string{
		"assumebot": "assumebot", "team": "team-assumebot", "assumebot-eu": "assumebot-eu",
		strings.Repeat("a", 53): strings.Repeat("a", 42) + "-assumebot",
	} {
		files, err := rendered(t, release, values(t, all, "serviceAccount: {name: ''}"))
		if err != nil {
			t.Fatal(err)
		}
		r := decoded(t, files)
		names := map[string]bool{
			r.deployment.Name: true, r.account.Name: true, r.config.Name: true, r.budget.Name: true,
			r.service.Name: true, r.monitor.Name: true, r.network.Name: true,
		}
		if !names[want] || len(names) != 1 {
			t.Errorf("%s: got names %v, want %s", release, slices.Sorted(maps.Keys(names)), want)
		}
	}
}
