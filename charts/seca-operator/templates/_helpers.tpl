{{- define "seca.image" -}}
{{- $registry := .Values.global.imageRegistry | default .Values.image.registry -}}
{{- with $registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{- define "seca.labels" -}}
{{ include "seca.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/part-of: seca-operator
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- /* Flux adds «+» and the commit to the version of a chart from Git; a label takes none. */}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimAll "-_." | quote }}
{{- end }}

{{- define "seca.selector" -}}
app.kubernetes.io/name: seca-operator
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- /* Names of the regions that the values name, as JSON. */ -}}
{{- define "seca.regions" -}}
{{- $names := concat (keys .Values.declared.regions) .Values.aggregation.regions -}}
{{- if .Values.simulator.enabled }}{{ $names = append $names .Values.region }}{{ end -}}
{{ $names | uniq | sortAlpha | toJson }}
{{- end }}

{{- /* Whether the controllers have a mounted configuration; empty: no. */ -}}
{{- define "seca.isDeclared" -}}
{{- with .Values.declared -}}
{{- if or .regions .cloudProviders .tenants .objects $.Values.simulator.enabled }}true{{ end -}}
{{- end -}}
{{- end }}

{{- /* What all pods have in common: {root, component, values}. All that they mount is read again when it changes. */ -}}
{{- define "seca.pod" -}}
metadata:
  {{- /* Nothing that a new version of the chart alone would change. */}}
  labels:
    {{- include "seca.selector" . | nindent 4 }}
    {{- with .values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  {{- with .values.podAnnotations }}
  annotations: {{ toYaml . | nindent 4 }}
  {{- end }}
{{ include "seca.podSpec" . }}
{{- end }}

{{- define "seca.podSpec" -}}
spec:
  serviceAccountName: seca-{{ .component }}
  automountServiceAccountToken: {{ ne .component "simulator" }}
  enableServiceLinks: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile: {type: RuntimeDefault}
  {{- with .root.Values.image.pullSecrets }}
  imagePullSecrets: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .values.nodeSelector }}
  nodeSelector: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.tolerations }}
  tolerations: {{ toYaml . | nindent 4 }}
  {{- end }}
  {{- with .values.affinity }}
  affinity: {{ toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{ include "seca.selector" . | nindent 10 }}
      matchLabelKeys: [pod-template-hash]
{{- end }}

{{- define "seca.container" -}}
image: {{ include "seca.image" .root }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
resources: {{ toYaml .values.resources | nindent 2 }}
{{- end }}

{{- /* Probes of /livez and /readyz on the port "health". */ -}}
{{- define "seca.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: health}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: health}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: health}
  periodSeconds: 2
  timeoutSeconds: 2
  failureThreshold: 2
{{- end }}

{{- /*
What the Secret of the simulator holds, in base64, as JSON: tokens and a certificate, made once and then kept. Where Helm cannot look at the
cluster (helm template, Argo CD) they would be made at each rendering: simulator.existingSecret is for that.
*/ -}}
{{- define "seca.simulator" -}}
{{- if .Values.simulator.existingSecret -}}
{{- dict "ca.crt" (required "simulator.ca is needed with simulator.existingSecret: PEM of the CA of its certificate" .Values.simulator.ca | b64enc) | toJson -}}
{{- else -}}
{{- if not (hasKey .Values.simulator "_made") -}}
{{- $there := (lookup "v1" "Secret" .Release.Namespace "seca-simulator").data -}}
{{- if not $there -}}
{{- $host := printf "seca-simulator.%s.svc" .Release.Namespace -}}
{{- $ips := list -}}
{{- with .Values.simulator.clusterIP }}{{ $ips = list . }}{{ end -}}
{{- $ca := genCA "seca-simulator" 3650 -}}
{{- $leaf := genSignedCert $host $ips (list $host) 3650 $ca -}}
{{- $there = dict "token" (randAlphaNum 32 | b64enc) "adminToken" (randAlphaNum 32 | b64enc) "tls.crt" ($leaf.Cert | b64enc) "tls.key" ($leaf.Key | b64enc) "ca.crt" ($ca.Cert | b64enc) -}}
{{- end -}}
{{- $_ := set .Values.simulator "_made" $there -}}
{{- end -}}
{{ .Values.simulator._made | toJson }}
{{- end -}}
{{- end }}

{{- define "seca.simulatorSecret" -}}
{{ .Values.simulator.existingSecret | default "seca-simulator" }}
{{- end }}
