{{/* Ends with everything that cannot run, each with what mends it. What the schema
can tell by one value alone it has told before. */}}
{{- define "assumebot.validate" -}}
{{- $problems := concat (include "assumebot.missing" . | fromJsonArray) (include "assumebot.wrongConfig" . | fromJsonArray) (include "assumebot.unprovided" . | fromJsonArray) (include "assumebot.unreachable" . | fromJsonArray) -}}
{{- if $problems -}}
{{- fail (printf "\n\nThe values cannot be used:\n- %s\n" (join "\n- " $problems)) -}}
{{- end -}}
{{- end -}}

{{- define "assumebot.missing" -}}
{{- $p := list -}}
{{- with .Values.image -}}
{{- if not .repository -}}
{{- $p = append $p "image.repository is empty: write where you pushed the image to, such as 111111111111.dkr.ecr.eu-west-1.amazonaws.com/assumebot" -}}
{{- end -}}
{{- if not (or .tag .digest) -}}
{{- $p = append $p "image.tag and image.digest are empty: write one of them; a digest says exactly what runs" -}}
{{- end -}}
{{- end -}}
{{- with .Values.aws -}}
{{- if not .region -}}
{{- $p = append $p "aws.region is empty: write where STS is called, such as eu-west-1" -}}
{{- end -}}
{{- if and (eq .identity "irsa") (not .roleARN) $.Values.serviceAccount.create -}}
{{- $p = append $p "aws.identity is irsa, and aws.roleARN is empty: write the role that the service account assumes" -}}
{{- end -}}
{{- if and (eq .identity "irsa") .roleARN (not $.Values.serviceAccount.create) -}}
{{- $p = append $p "aws.roleARN would be an annotation of the service account, which the chart does not make (serviceAccount.create is false): annotate yours with eks.amazonaws.com/role-arn, and leave aws.roleARN empty" -}}
{{- end -}}
{{- if and (ne .identity "irsa") .roleARN -}}
{{- $p = append $p (printf "aws.roleARN is set, and aws.identity is %s, which takes none: write aws.identity irsa, or for Pod Identity name the role in its association" .identity) -}}
{{- end -}}
{{- end -}}
{{- if not (include "assumebot.serviceAccount" .) -}}
{{- $p = append $p "serviceAccount.create is false, and serviceAccount.name is empty: name one that is there" -}}
{{- end -}}
{{- toJson $p -}}
{{- end -}}

{{- define "assumebot.wrongConfig" -}}
{{- $p := list -}}
{{- $pods := add .Values.replicas .Values.maxSurge | int -}}
{{- $connections := include "assumebot.connections" . | int -}}
{{- $sockets := include "assumebot.sockets" . | int -}}
{{- with .Values.config -}}
{{- if and .file .existingConfigMap -}}
{{- $p = append $p "config.file and config.existingConfigMap are both set: leave one of them out" -}}
{{- else if .existingConfigMap -}}
{{- if .files -}}
{{- $p = append $p "config.files is set, and config.existingConfigMap: put the files into that ConfigMap" -}}
{{- end -}}
{{- else if not .file -}}
{{- $p = append $p "the bot has no config: --set-file config.file=assumebot.yaml, or name a ConfigMap under config.existingConfigMap" -}}
{{- else -}}
{{- $config := fromYaml .file -}}
{{- $slack := get $config "slack" -}}
{{- if hasKey $config "Error" -}}
{{- $p = append $p (printf "config.file cannot be read as YAML: %s: `assumebot check --config FILE` says where" (get $config "Error")) -}}
{{- else if not (kindIs "map" $slack) -}}
{{- $p = append $p "config.file has no section slack: `assumebot check --config FILE` says what it lacks" -}}
{{- else -}}
{{- $counted := get $slack "replicas" | default 1 | int -}}
{{- if gt $pods $counted -}}
{{- $p = append $p (printf "up to %d pods run at once (replicas %d, maxSurge %d), and slack.replicas of the config says %d: write slack.replicas: %d there, or run fewer" $pods (int $.Values.replicas) (int $.Values.maxSurge) $counted $pods) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if gt $sockets 10 -}}
{{- $p = append $p (printf "Slack allows 10 sockets for one app, and up to (slack.connections %d + 1) × (replicas %d + maxSurge %d) = %d can be open: lower one of them" $connections (int .Values.replicas) (int .Values.maxSurge) $sockets) -}}
{{- end -}}
{{- toJson $p -}}
{{- end -}}

{{/* What the config in the values asks for, and a pod would not have. A config that is no
config is left to the bot. */}}
{{- define "assumebot.unprovided" -}}
{{- $p := list -}}
{{- $config := fromYaml .Values.config.file -}}
{{- $secrets := .Values.secrets -}}
{{- $users := get $config "users" -}}
{{- range (kindIs "slice" $users | ternary $users list) -}}
{{- $from := dict -}}
{{- if kindIs "map" . -}}{{- $from = get . "credentials" -}}{{- end -}}
{{- if kindIs "map" $from -}}
{{- with get $from "env" -}}
{{- $env := toString . -}}
{{- $there := false -}}
{{- range $secrets.users -}}{{- if eq .env $env -}}{{- $there = true -}}{{- end -}}{{- end -}}
{{- if not $there -}}
{{- $p = append $p (printf "a user of the config has credentials: {env: %s}, and secrets.users has no such env: write which Secret has the key" $env) -}}
{{- end -}}
{{- end -}}
{{- if and (get $from "profile") (not $secrets.awsCredentials) -}}
{{- $p = append $p (printf "a user of the config has credentials: {profile: %v}, and secrets.awsCredentials names no shared credentials file" (get $from "profile")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $record := get $config "record" -}}
{{- if kindIs "map" $record -}}
{{- with get $record "archive" -}}
{{- if not (hasPrefix "s3://" (toString .)) -}}
{{- $p = append $p (printf "record.archive of the config is %v, a directory, and pods have none that they share: write s3://BUCKET/PREFIX" .) -}}
{{- end -}}
{{- end -}}
{{- $sinks := get $record "sinks" -}}
{{- range (kindIs "slice" $sinks | ternary $sinks list) -}}
{{- if kindIs "map" . -}}
{{- if get . "file" -}}
{{- $p = append $p (printf "a sink of record.sinks of the config writes to the file %v, and pods can write none: write stdout: true, or a webhook" (get . "file")) -}}
{{- end -}}
{{- with get . "secret_env" -}}
{{- $variable := toString . -}}
{{- $there := false -}}
{{- range $secrets.variables -}}{{- if eq .variable $variable -}}{{- $there = true -}}{{- end -}}{{- end -}}
{{- if not $there -}}
{{- $p = append $p (printf "a sink of record.sinks of the config has secret_env: %s, and secrets.variables has no such variable: write which Secret has it" $variable) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $p -}}
{{- end -}}

{{- define "assumebot.unreachable" -}}
{{- $p := list -}}
{{- with .Values.networkPolicy -}}
{{- if .enabled -}}
{{- if not .redis.to -}}
{{- $p = append $p "networkPolicy.redis.to is empty, so no pod could reach Redis: write who it is, such as [{ipBlock: {cidr: 10.0.12.0/24}}], or networkPolicy.enabled: false" -}}
{{- end -}}
{{- if not .https.to -}}
{{- $p = append $p "networkPolicy.https.to is empty, so no pod could reach Slack and AWS: leave its default" -}}
{{- end -}}
{{- if not .dns.to -}}
{{- $p = append $p "networkPolicy.dns.to is empty, so no pod could look up a name: leave its default, or write where your DNS is" -}}
{{- end -}}
{{- if and $.Values.serviceMonitor.enabled (not .metricsFrom) -}}
{{- $p = append $p "serviceMonitor is on, and networkPolicy.metricsFrom is empty, so Prometheus could not reach the pods: write where it runs" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $p -}}
{{- end -}}
