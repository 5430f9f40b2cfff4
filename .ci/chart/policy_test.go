package chart

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// refusals are what Pod Security Admission has against a pod at its restricted level.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/
func refusals(t *testing.T, m meta.ObjectMeta, spec core.PodSpec) string {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		t.Fatal(err)
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	got := policy.AggregateCheckResults(evaluator.EvaluatePod(level, &m, &spec))
	if got.Allowed {
		return ""
	}
	return got.ForbiddenDetail()
}

func TestPodsPassTheRestrictedLevel(t *testing.T) {
	eachOfMatrix(t, func(t *testing.T, r *release) {
		if got := refusals(t, r.pod().ObjectMeta, r.pod().Spec); got != "" {
			t.Errorf("got refused: %s", got)
		}
	})
	job := cronJob(t).Spec.JobTemplate.Spec.Template
	if got := refusals(t, job.ObjectMeta, job.Spec); got != "" {
		t.Errorf("cronjob.yaml: got refused: %s", got)
	}
}

// TestTheRestrictedLevelIsAsked: each thing that the level demands is missed once it is gone.
func TestTheRestrictedLevelIsAsked(t *testing.T) {
	yes := true
	for name, spoil := range map[string]func(*core.PodSpec){
		"privileged":   func(s *core.PodSpec) { s.Containers[0].SecurityContext.Privileged = &yes },
		"escalation":   func(s *core.PodSpec) { s.Containers[0].SecurityContext.AllowPrivilegeEscalation = nil },
		"capabilities": func(s *core.PodSpec) { s.Containers[0].SecurityContext.Capabilities = nil },
		"seccomp":      func(s *core.PodSpec) { s.SecurityContext.SeccompProfile = nil },
		"root":         func(s *core.PodSpec) { s.SecurityContext.RunAsNonRoot = nil },
		"a host's path": func(s *core.PodSpec) {
			s.Volumes[0].VolumeSource = core.VolumeSource{HostPath: &core.HostPathVolumeSource{Path: "/"}}
		},
		"a host network": func(s *core.PodSpec) { s.HostNetwork = true },
	} {
		pod := objects(t).pod()
		spoil(&pod.Spec)
		if refusals(t, pod.ObjectMeta, pod.Spec) == "" {
			t.Errorf("%s: got allowed, want refused", name)
		}
	}
}

func TestPodsAreHardenedBeyondThat(t *testing.T) {
	eachOfMatrix(t, func(t *testing.T, r *release) {
		hardened(t, r.pod().Spec)
		spec := r.pod().Spec
		if spec.SecurityContext.FSGroup == nil || *spec.SecurityContext.FSGroup != *spec.SecurityContext.RunAsUser {
			t.Error("the files of Secrets must belong to the group that the bot runs as")
		}
		if r.account != nil && (r.account.AutomountServiceAccountToken == nil || *r.account.AutomountServiceAccountToken) {
			t.Error("the service account mounts its token")
		}
	})
	hardened(t, cronJob(t).Spec.JobTemplate.Spec.Template.Spec)
}

func hardened(t *testing.T, spec core.PodSpec) {
	t.Helper()
	if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
		t.Error("the pod mounts the token of its service account")
	}
	if s := spec.SecurityContext; s == nil || s.RunAsUser == nil || *s.RunAsUser != 65532 || s.RunAsGroup == nil || *s.RunAsGroup != 65532 {
		t.Error("the pod must run as the numeric user of the image, 65532")
	}
	if len(spec.InitContainers)+len(spec.EphemeralContainers) > 0 || len(spec.Containers) != 1 {
		t.Fatal("only one container is looked at here")
	}
	c := spec.Containers[0]
	if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
		t.Error("the root file system can be written to")
	}
	for _, what := range []core.ResourceName{core.ResourceCPU, core.ResourceMemory} {
		limit, request := c.Resources.Limits[what], c.Resources.Requests[what]
		if limit.IsZero() || request.IsZero() || request.Cmp(limit) > 0 {
			t.Errorf("%s: got a request of %s and a limit of %s", what, request.String(), limit.String())
		}
	}
	if !regexp.MustCompile(`(:[0-9][\w.-]*|@sha256:[0-9a-f]{64})$`).MatchString(c.Image) {
		t.Errorf("got image %s, want one with a version or a digest", c.Image)
	}
	for _, m := range c.VolumeMounts {
		if !m.ReadOnly || m.SubPath != "" || m.SubPathExpr != "" {
			t.Errorf("%s: got %+v, want the whole volume, to be read alone", m.Name, m)
		}
	}
}

func TestImagesAreNamedByDigestWhereThereIsOne(t *testing.T) {
	for text, want := range map[string]string{
		"": "registry.example.com/assumebot:1.0.0",
		"image: {digest: 'sha256:" + strings.Repeat("a", 64) + "'}": "registry.example.com/assumebot@sha256:" + strings.Repeat("a", 64),
	} {
		if got := objects(t, text).container().Image; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// secretVariables hold what is secret, and are given as files alone.
var secretVariables = regexp.MustCompile(`TOKEN|SECRET|_KEY|REDIS_URL|PASSWORD`)

func TestNoManifestHoldsASecret(t *testing.T) {
	literal := regexp.MustCompile(`xox[a-z]-|xapp-|AKIA|ASIA|rediss?://|PRIVATE KEY|kind: Secret\b`)
	eachOfMatrix(t, func(t *testing.T, r *release) {
		for _, doc := range r.docs {
			if found := literal.FindString(doc); found != "" {
				t.Errorf("got %q in\n%s", found, doc)
			}
		}
		for _, e := range r.container().Env {
			if secretVariables.MatchString(e.Name) && !strings.HasSuffix(e.Name, "_FILE") {
				t.Errorf("%s is in the environment", e.Name)
			}
		}
		if len(r.container().EnvFrom) > 0 {
			t.Error("a whole Secret is in the environment")
		}
	})
}

// TestEachSecretIsAFileThatIsMounted: a variable that names a file that no volume brings
// ends the start of the bot.
func TestEachSecretIsAFileThatIsMounted(t *testing.T) {
	eachOfMatrix(t, func(t *testing.T, r *release) {
		files := map[string]bool{}
		for _, m := range r.container().VolumeMounts {
			for _, v := range r.pod().Spec.Volumes {
				if v.Name == m.Name && v.Projected != nil {
					if *v.Projected.DefaultMode != 0o440 {
						t.Errorf("got mode %o of secrets, want 440", *v.Projected.DefaultMode)
					}
					for _, s := range v.Projected.Sources {
						files[m.MountPath+"/"+s.Secret.Items[0].Path] = false
					}
				}
			}
		}
		for _, e := range r.container().Env {
			if strings.HasPrefix(e.Value, "/run/secrets/") {
				if _, ok := files[e.Value]; !ok {
					t.Errorf("%s names %s, and the volume has %v", e.Name, e.Value, slices.Sorted(maps.Keys(files)))
				}
				files[e.Value] = true
			}
		}
		for path, named := range files {
			if !named {
				t.Errorf("no variable names %s", path)
			}
		}
		for _, name := range []string{"SLACK_APP_TOKEN", "SLACK_BOT_TOKEN", "REDIS_URL", "ASSUMEBOT_SEAL_KEYS", "ASSUMEBOT_RECORD_KEY"} {
			if env(r, name+"_FILE") == "" {
				t.Errorf("%s_FILE is not set", name)
			}
		}
	})
	r := objects(t, all)
	for _, name := range []string{"ALICE_AWS_ACCESS_KEY_ID", "ALICE_AWS_SECRET_ACCESS_KEY", "AWS_SHARED_CREDENTIALS", "SIEM_WEBHOOK_SECRET"} {
		if env(r, name+"_FILE") == "" {
			t.Errorf("%s_FILE is not set", name)
		}
	}
}

// env is the value of a variable of the container, or "".
func env(r *release, name string) string {
	for _, e := range r.container().Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}
