package chart

import (
	"testing"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// A release is what one rendering holds.
type release struct {
	deployment apps.Deployment
	account    *core.ServiceAccount
	config     *core.ConfigMap
	budget     policy.PodDisruptionBudget
	service    *core.Service
	monitor    *serviceMonitor
	network    *networking.NetworkPolicy
	docs       []string
}

func (r *release) pod() core.PodTemplateSpec  { return r.deployment.Spec.Template }
func (r *release) container() *core.Container { return &r.deployment.Spec.Template.Spec.Containers[0] }

// A serviceMonitor has the fields that the chart uses of
// https://github.com/prometheus-operator/prometheus-operator/blob/main/Documentation/api-reference/api.md
// Its module would bring more than this is worth.
type serviceMonitor struct {
	meta.TypeMeta   `json:",inline"`
	meta.ObjectMeta `json:"metadata"`
	Spec            struct {
		Selector  meta.LabelSelector `json:"selector"`
		Endpoints []struct {
			Port     string `json:"port"`
			Path     string `json:"path"`
			Interval string `json:"interval"`
		} `json:"endpoints"`
	} `json:"spec"`
}

// An externalSecret has the fields that the example uses of
// https://external-secrets.io/latest/api/externalsecret/
type externalSecret struct {
	meta.TypeMeta   `json:",inline"`
	meta.ObjectMeta `json:"metadata"`
	Spec            struct {
		RefreshInterval string `json:"refreshInterval"`
		SecretStoreRef  struct {
			Kind string `json:"kind"`
			Name string `json:"name"`
		} `json:"secretStoreRef"`
		Target struct {
			Name           string `json:"name"`
			CreationPolicy string `json:"creationPolicy"`
		} `json:"target"`
		Data []struct {
			SecretKey string `json:"secretKey"`
			RemoteRef struct {
				Key string `json:"key"`
			} `json:"remoteRef"`
		} `json:"data"`
	} `json:"spec"`
}

// strictly decodes a manifest, and fails at a field that its type does not have or that
// stands there twice.
func strictly[T any](t *testing.T, doc string) *T {
	t.Helper()
	into := new(T)
	if err := yaml.UnmarshalStrict([]byte(doc), into); err != nil {
		t.Fatalf("%v in\n%s", err, doc)
	}
	return into
}

// decoded reads what was rendered. A kind that is not known here is refused: nothing
// would look at it.
func decoded(t *testing.T, files map[string]string) *release {
	t.Helper()
	r := &release{docs: documents(files)}
	seen := map[string]bool{}
	for _, doc := range r.docs {
		var kind meta.TypeMeta
		if err := yaml.Unmarshal([]byte(doc), &kind); err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		what := kind.APIVersion + " " + kind.Kind
		if seen[what] {
			t.Fatalf("%s is there twice", what)
		}
		seen[what] = true
		switch what {
		case "apps/v1 Deployment":
			r.deployment = *strictly[apps.Deployment](t, doc)
		case "v1 ServiceAccount":
			r.account = strictly[core.ServiceAccount](t, doc)
		case "v1 ConfigMap":
			r.config = strictly[core.ConfigMap](t, doc)
		case "policy/v1 PodDisruptionBudget":
			r.budget = *strictly[policy.PodDisruptionBudget](t, doc)
		case "v1 Service":
			r.service = strictly[core.Service](t, doc)
		case "monitoring.coreos.com/v1 ServiceMonitor":
			r.monitor = strictly[serviceMonitor](t, doc)
		case "networking.k8s.io/v1 NetworkPolicy":
			r.network = strictly[networking.NetworkPolicy](t, doc)
		default:
			t.Fatalf("%q is no kind that is looked at here", what)
		}
	}
	if !seen["apps/v1 Deployment"] || !seen["policy/v1 PodDisruptionBudget"] {
		t.Fatalf("a Deployment or its budget is missing among %v", seen)
	}
	return r
}

// cronJob is the one of deploy/cloudtrail, which the chart does not hold.
func cronJob(t *testing.T) *batch.CronJob {
	t.Helper()
	return strictly[batch.CronJob](t, string(read(t, deploy+"cloudtrail/cronjob.yaml")))
}
