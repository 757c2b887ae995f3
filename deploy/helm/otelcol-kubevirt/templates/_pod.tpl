{{/* metadata and spec of a pod: a dict with root, role, settings (resources, tolerations) and volume (whether to make one). */}}
{{- define "otelcol.pod" -}}
{{- $root := .root -}}
{{- $role := .role -}}
{{- $part := list $root $role -}}
metadata:
  labels:
    {{- include "otelcol.labels" $part | nindent 4 }}
  {{- with $root.Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "otelcol.partName" $part }}
  {{- with $root.Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $root.Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  # Longer than service::shutdown_timeout, in which what is in flight is handed on.
  terminationGracePeriodSeconds: 45
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: otelcol
      image: {{ include "otelcol.image" $root }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args:
        - --config=/etc/otelcol/config.yaml
        {{- if include "otelcol.extraConfig" $part }}
        - --config=/etc/otelcol/extra.yaml
        {{- end }}
      env:
        - name: POD_IP
          valueFrom:
            fieldRef:
              fieldPath: status.podIP
        {{- if has $role (list "node" "agent") }}
        - name: K8S_NODE_NAME
          valueFrom:
            fieldRef:
              fieldPath: spec.nodeName
        {{- end }}
        {{- if eq $role "cluster" }}
        - name: SHARD_INDEX
          valueFrom:
            fieldRef:
              fieldPath: metadata.labels['apps.kubernetes.io/pod-index']
        - name: SHARD_TOTAL
          value: {{ $root.Values.cluster.shards | quote }}
        {{- end }}
        {{- if ne $role "gateway" }}
        - name: KUBEVIRT_NAMESPACE
          value: {{ $root.Values.kubevirt.namespace }}
        - name: CLUSTER_NAME
          value: {{ $root.Values.clusterName | quote }}
        - name: COLLECTION_INTERVAL
          value: {{ $root.Values.collectionInterval }}
        {{- end }}
        {{- if eq $role "agent" }}
        - name: GATEWAY_ENDPOINT
          value: {{ include "otelcol.partName" (list $root "gateway") }}.{{ $root.Release.Namespace }}.svc:4317
        {{- else }}
        - name: OTLP_ENDPOINT
          value: {{ $root.Values.otlp.endpoint }}
        {{- with $root.Values.otlp.secretName }}
        - name: OTLP_AUTHORIZATION
          valueFrom:
            secretKeyRef:
              name: {{ . }}
              key: authorization
        {{- end }}
        {{- end }}
        - name: QUEUE_BYTES
          value: {{ int64 $root.Values.queue.bytes | quote }}
        {{- with $root.Values.extraEnv }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - name: metrics
          containerPort: 8888
        - name: health
          containerPort: 13133
        {{- if eq $role "gateway" }}
        - name: otlp-grpc
          containerPort: 4317
        {{- end }}
      # Whether the process lives and serves: a backend that is away is no reason to begin anew.
      livenessProbe:
        httpGet:
          path: /livez
          port: health
        initialDelaySeconds: 10
        periodSeconds: 15
        timeoutSeconds: 5
        failureThreshold: 4
      readinessProbe:
        httpGet:
          path: /
          port: health
        periodSeconds: 10
        timeoutSeconds: 5
      resources:
        {{- toYaml .settings.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      volumeMounts:
        # As a directory: what is mounted by subPath is not updated.
        - name: config
          mountPath: /etc/otelcol
          readOnly: true
        - name: queue
          mountPath: /var/lib/otelcol
  {{- with .settings.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  nodeSelector:
    kubernetes.io/os: linux
  affinity:
    {{- if has $role (list "node" "agent") }}
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms:
          # Whatever it says, virt-handler has been here.
          - matchExpressions:
              - key: kubevirt.io/schedulable
                operator: Exists
    {{- else }}
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 100
          podAffinityTerm:
            topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels:
                {{- include "otelcol.selector" $part | nindent 16 }}
    {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ include "otelcol.partName" $part }}
    {{- if .volume }}
    - name: queue
      emptyDir:
        sizeLimit: {{ $root.Values.queue.volumeSize }}
    {{- end }}
{{- end -}}
