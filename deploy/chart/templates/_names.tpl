{{/* The name of everything here: the release's, with the chart's after it where it lacks that. */}}
{{- define "assumebot.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" (.Release.Name | trunc 42 | trimSuffix "-") .Chart.Name -}}
{{- end -}}
{{- end -}}

{{- define "assumebot.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "assumebot.labels" -}}
{{ include "assumebot.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | quote }}
{{- end -}}

{{- define "assumebot.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "assumebot.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "assumebot.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository .Values.image.tag -}}
{{- end -}}
{{- end -}}

{{- define "assumebot.configMap" -}}
{{- default (include "assumebot.fullname" .) .Values.config.existingConfigMap -}}
{{- end -}}

{{- define "assumebot.metricsAddr" -}}
{{- if contains ":" .Values.metrics.address -}}
{{- printf "[%s]:%d" .Values.metrics.address (int .Values.metrics.port) -}}
{{- else -}}
{{- printf "%s:%d" .Values.metrics.address (int .Values.metrics.port) -}}
{{- end -}}
{{- end -}}

{{/* The section slack of the config in the values, as JSON; {} where it has none that can be read. */}}
{{- define "assumebot.slack" -}}
{{- $slack := get (fromYaml .Values.config.file) "slack" -}}
{{- if kindIs "map" $slack -}}{{ toJson $slack }}{{- else -}}{}{{- end -}}
{{- end -}}

{{/* Sockets of one pod. */}}
{{- define "assumebot.connections" -}}
{{- if .Values.config.existingConfigMap -}}
{{- .Values.config.connections | int -}}
{{- else -}}
{{- get (include "assumebot.slack" . | fromJson) "connections" | default 2 | int -}}
{{- end -}}
{{- end -}}

{{/* Sockets of all pods at the worst moment: each changes one, while an update runs. */}}
{{- define "assumebot.sockets" -}}
{{- mul (add (include "assumebot.connections" . | int) 1) (add .Values.replicas .Values.maxSurge) -}}
{{- end -}}

{{/* What of the config counts from the next start alone (deploy/docs/operations.md):
where it changes, an upgrade replaces the pods. The rest the bot reads again by itself. */}}
{{- define "assumebot.fixedConfig" -}}
{{- $slack := include "assumebot.slack" . | fromJson -}}
{{- $fixed := pick $slack "audit_channel" "command_prefix" "connections" -}}
{{- toJson (dict "slack" $fixed "record" (get (fromYaml .Values.config.file) "record")) | sha256sum -}}
{{- end -}}
