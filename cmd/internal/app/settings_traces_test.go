package app

import (
	"strings"
	"testing"
)

func TestNothingIsTracedUnlessAnExporterOrAnEndpointIsNamed(t *testing.T) {
	const at = "http://127.0.0.1:4318"
	for name, c := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"nothing":             {nil, false},
		"a name alone":        {map[string]string{"OTEL_SERVICE_NAME": "bot"}, false},
		"an endpoint":         {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": at}, true},
		"one for traces":      {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": at + "/v1/traces"}, true},
		"the exporter":        {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true},
		"with its protocol":   {map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, true},
		"none":                {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": at}, false},
		"disabled":            {map[string]string{"OTEL_SDK_DISABLED": "TRUE", "OTEL_EXPORTER_OTLP_ENDPOINT": at}, false},
		"true alone disables": {map[string]string{"OTEL_SDK_DISABLED": "yes", "OTEL_EXPORTER_OTLP_ENDPOINT": at}, true},
	} {
		if s, err := read(c.env); err != nil || s.Traces != c.want {
			t.Errorf("%s: got %t and %v, want %t", name, s.Traces, err, c.want)
		}
	}
}

func TestReadSettingsRefusesTracesThatItCannotSend(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"OTEL_TRACES_EXPORTER", "jaeger", "write otlp or none"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"},
		{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc", "4318"},
	} {
		_, err := read(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317", c.name: c.value})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: got %v, want %q", c.name, c.value, err, c.want)
		}
	}
}
