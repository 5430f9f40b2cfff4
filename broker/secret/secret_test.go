package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/assumebot/assumebot/broker/secret"
)

func TestSecretsRedactEverywhere(t *testing.T) {
	const canary = "CANARY-secret"
	type outer struct {
		Shown  secret.Text
		hidden secret.Text
		creds  secret.Credentials
	}
	s := secret.New(canary)
	creds := secret.Credentials{AccessKeyID: "ASIA1", SecretAccessKey: s, SessionToken: s}
	code := secret.TokenCode{Text: s}
	values := []any{s, &s, code, creds, &creds, outer{s, s, creds}, &outer{s, s, creds}, []secret.Text{s}, map[string]secret.Text{"k": s},
		fmt.Errorf("wrapped %v", s)}
	var out bytes.Buffer
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if data, err := json.Marshal(v); err == nil {
			out.Write(data)
		}
		if data, err := yaml.Marshal(v); err == nil {
			out.Write(data)
		}
		for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
			slog.New(h).Info("m", "v", v, slog.Group("g", "v", v))
		}
	}
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary)} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the secret shows as %q in:\n%s", form, out.String())
		}
	}
	if got := s.Reveal(); got != canary {
		t.Errorf("got %q, want the secret from Reveal", got)
	}
}
