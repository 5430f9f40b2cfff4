package broker_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/assumebot/assumebot/broker"
	"github.com/assumebot/assumebot/broker/secret"
)

// TestWhatIsMadeOfSecretsRedactsToo; how a secret does is tested in secret.
func TestWhatIsMadeOfSecretsRedactsToo(t *testing.T) {
	const canary = "CANARY-secret"
	s := secret.New(canary)
	creds := secret.Credentials{AccessKeyID: "ASIA1", SecretAccessKey: s, SessionToken: s}
	var out bytes.Buffer
	for _, v := range []any{
		broker.Issued{Credentials: creds}, broker.KeptGrant{Credentials: creds}, broker.Call{Signer: creds},
		broker.Request{Code: secret.TokenCode{Text: s}}, &broker.Error{Err: fmt.Errorf("wrapped %v", s)},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		if data, err := json.Marshal(v); err == nil {
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
}
