{{- define "otelcol.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* Of a part: the list (root, role). */}}
{{- define "otelcol.partName" -}}
{{ include "otelcol.name" (index . 0) }}-{{ index . 1 }}
{{- end -}}

{{- define "otelcol.selector" -}}
app.kubernetes.io/name: {{ include "otelcol.name" (index . 0) }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "otelcol.labels" -}}
{{ include "otelcol.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
{{- end -}}

{{/* The parts of the chosen mode, as a list in JSON. */}}
{{- define "otelcol.roles" -}}
{{- if eq .Values.mode "gateway" -}}["agent","gateway"]{{- else -}}[{{ .Values.mode | quote }}]{{- end -}}
{{- end -}}

{{- define "otelcol.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end }}
{{- end -}}
{{- end -}}

{{- define "otelcol.extraConfig" -}}
{{- $root := index . 0 -}}
{{- $extra := ternary $root.Values.agentExtraConfig $root.Values.extraConfig (eq (index . 1) "agent") -}}
{{- if $extra }}{{ toYaml $extra }}{{ end -}}
{{- end -}}
