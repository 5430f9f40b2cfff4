package app

import (
	"cmp"
	"strings"

	"github.com/assumebot/assumebot/cmd/internal/config"
)

// The standard variables of OpenTelemetry that decide whether anything is traced. Those that
// say how, the SDK reads by itself.
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
const (
	sdkDisabled    = "OTEL_SDK_DISABLED"
	tracesExporter = "OTEL_TRACES_EXPORTER"
	otlpEndpoint   = "OTEL_EXPORTER_OTLP_ENDPOINT"
	otlpTraces     = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	otlpProtocol   = "OTEL_EXPORTER_OTLP_PROTOCOL"
	tracesProtocol = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
	onlyProtocol   = "http/protobuf"
)

// traces reads whether traces are exported: where an exporter or an endpoint is named.
func (r *settingsReader) traces(s *Settings) {
	disabled, exporter := r.getenv(sdkDisabled), r.getenv(tracesExporter)
	endpoint := cmp.Or(r.getenv(otlpTraces), r.getenv(otlpEndpoint))
	protocol := cmp.Or(r.getenv(tracesProtocol), r.getenv(otlpProtocol), onlyProtocol)
	switch {
	case strings.EqualFold(disabled, "true"), exporter == "none", exporter == "" && endpoint == "":
		return
	case exporter != "" && exporter != "otlp":
		r.fail("%s is %s: write otlp or none, or unset it", tracesExporter, config.Quote(exporter))
	case protocol != onlyProtocol:
		r.fail("the protocol of traces is %s: set %s=%s, and the collector's port for it, which is 4318 mostly",
			config.Quote(protocol), otlpProtocol, onlyProtocol)
	}
	s.Traces = true
}
