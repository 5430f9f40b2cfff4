package chart

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// The schemas of the API server that kubectl-validate carries, up to Kubernetes 1.30. Its
// program would bring 700 packages more for what a validator of JSON Schema says of them:
// that what is required is there, and of the right type. What is not known to them, the
// strict decoding has told.
const (
	schemasModule = "sigs.k8s.io/kubectl-validate@v0.0.4"
	schemasSum    = "h1:tGKuv0awYHn11Cb6KPsZKxUmHgavF46K3NvVH0Nse9U="
	schemasOf     = "1.30"
)

var schemasDir = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "mod", "download", "-json", schemasModule).Output()
	if err != nil {
		return "", err
	}
	var module struct{ Dir, Sum string }
	if err := json.Unmarshal(out, &module); err != nil {
		return "", err
	}
	if module.Sum != schemasSum {
		return "", fmt.Errorf("%s has the sum %s, want %s", schemasModule, module.Sum, schemasSum)
	}
	return filepath.Join(module.Dir, "pkg/openapiclient/builtins", schemasOf), nil
})

// schema is that of a kind.
func schema(t *testing.T, kind meta.TypeMeta) *jsonschema.Schema {
	t.Helper()
	dir, err := schemasDir()
	if err != nil {
		t.Fatal(err)
	}
	path := "apis/" + kind.APIVersion + ".json"
	if !strings.Contains(kind.APIVersion, "/") {
		path = "api/" + kind.APIVersion + ".json"
	}
	f, err := os.Open(filepath.Join(dir, path))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	name := ""
	for candidate, s := range doc.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any) {
		if _, is := s.(map[string]any)["x-kubernetes-group-version-kind"]; is && strings.HasSuffix(candidate, "."+kind.Kind) {
			name = candidate
		}
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mem:///"+path, doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("mem:///" + path + "#/components/schemas/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// against says what the schema of its kind has against a manifest.
func against(t *testing.T, schemas map[string]*jsonschema.Schema, doc string) error {
	t.Helper()
	var kind meta.TypeMeta
	if err := yaml.Unmarshal([]byte(doc), &kind); err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(kind.APIVersion, "monitoring.") {
		return nil // no API of Kubernetes itself
	}
	key := kind.APIVersion + kind.Kind
	if schemas[key] == nil {
		schemas[key] = schema(t, kind)
	}
	data, err := yaml.YAMLToJSON([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return schemas[key].Validate(value)
}

func TestManifestsAreRightByTheSchemasOfTheAPI(t *testing.T) {
	schemas := map[string]*jsonschema.Schema{}
	eachOfMatrix(t, func(t *testing.T, r *release) {
		for _, doc := range r.docs {
			if err := against(t, schemas, doc); err != nil {
				t.Errorf("%v in\n%s", err, doc)
			}
		}
	})
	if err := against(t, schemas, string(read(t, deploy+"cloudtrail/cronjob.yaml"))); err != nil {
		t.Error(err)
	}
	for spoiled, was := range map[string]string{
		"kind: Deployment\nspec: {template: {}}":                                                                  "selector",
		"kind: Deployment\nspec: {selector: {}, template: {spec: {containers: [{image: a}]}}}":                    "name",
		"kind: Deployment\nspec: {selector: {}, template: {spec: {containers: [{name: a, ports: [{name: b}]}]}}}": "containerPort",
		"kind: Deployment\nspec: {selector: {}, replicas: many, template: {spec: {containers: [{name: a}]}}}":     "replicas",
	} {
		if err := against(t, schemas, "apiVersion: apps/v1\n"+spoiled); err == nil || !strings.Contains(err.Error(), was) {
			t.Errorf("%s: got %v, want %s told", spoiled, err, was)
		}
	}
}
