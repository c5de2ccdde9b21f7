import * as z from 'zod'

const text = (description: string, preset = '') => z.string().default(preset).describe(description)
const flag = (description: string, preset: boolean) => z.boolean().default(preset).describe(description)
const count = (description: string, preset: number, min = 0) => z.int().min(min).default(preset).describe(description)
/** Anything that Kubernetes takes at that place. */
const free = (description: string, preset: object = {}) =>
  z
    .record(z.string(), z.unknown())
    .default(preset as Record<string, unknown>)
    .describe(description)
const list = (description: string) => z.array(z.unknown()).default([]).describe(description)
const texts = (description: string) => z.array(z.string()).default([]).describe(description)
const group = <S extends z.ZodRawShape>(description: string, shape: S) =>
  z
    .strictObject(shape)
    .prefault({} as never)
    .describe(description)

const resources = (cpu: string, memory: string, limit: string) =>
  free('what a pod asks for', { requests: { cpu, memory }, limits: { memory: limit } })

const pods = (replicas: number, ...size: readonly [string, string, string]) => ({
  replicas: count('pods', replicas, 1),
  resources: resources(...size),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info').describe('least severe level that is logged'),
  args: texts('further flags; `seca-operator <subcommand> --help` lists them'),
  extraEnv: list('further variables, as of a container'),
  podAnnotations: free('on the pods'),
  podLabels: free('on the pods'),
  nodeSelector: free('as of a pod'),
  tolerations: list('as of a pod'),
  affinity: free('as of a pod'),
  priorityClassName: text('as of a pod'),
  podDisruptionBudget: flag('let evictions take one pod at a time; where there are several', true),
})

/** Values of the chart: values.yaml, values.schema.json and the table of its README are made of this. */
export const Values = z.strictObject({
  global: free('of a chart that has this one in it; `imageRegistry` wins over `image.registry`'),
  image: group('the image of all pods', {
    registry: text('host and path before the repository'),
    repository: text('name of the image', 'seca-operator'),
    tag: text("default: the chart's version"),
    digest: text('`sha256:…`; wins over the tag'),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent').describe('as of a container'),
    pullSecrets: list('as of a pod'),
  }),
  crds: group('the kinds', {
    install: flag('bring the CustomResourceDefinitions along and upgrade them; they stay when the chart goes', true),
  }),
  region: text('region of workspaces and images that name none, and of paths without one', 'eu-1'),
  namespaces: texts(
    'the only namespaces, of tenants and of workspaces, that the operator has rights in; somebody else makes and labels them. Default: all that are labelled',
  ),
  controllers: group('the controllers: one leads, the others stand by or share the work', {
    ...pods(2, '100m', '256Mi', '1Gi'),
    sharding: z
      .enum(['none', 'accounts'])
      .default('none')
      .describe('`none`: one pod works, the others stand by; `accounts`: they share the cloud accounts, at most 16 pods'),
    installationId: text(
      'first part of the tags in the clouds; give the old one when a cluster is restored. Default: made once, kept in the cluster',
    ),
    driftInterval: text('time between looks at a settled cloud object', '10m'),
  }),
  api: group('the SECA API', {
    ...pods(2, '100m', '256Mi', '1Gi'),
    externalUrl: text('its URL as clients see it; default: the host that they used'),
    drain: z
      .string()
      .regex(/^[0-9]{1,3}s$/)
      .default('10s')
      .describe('time between "not ready" and the end, in seconds: as long as it takes load balancers to send nobody here any more'),
    peerSecret: text(
      'Secret with `peer.key`, 16 characters or more, that replicas know each other by. Own certificates bring one; with others, several replicas need it',
    ),
    service: group('the direct door: HTTPS with tokens', {
      type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']).default('ClusterIP').describe('as of a Service'),
      port: count('of the Service', 443, 1),
      clusterIP: text('fixed address; for clusters without DNS'),
      annotations: free('on the Service'),
    }),
  }),
  tokens: group('whose tokens the API takes; it serves nobody else', {
    issuer: text('their claim `iss`; needed'),
    audience: text('one of their claim `aud`', 'seca'),
    jwksUrl: text("URL of the issuer's public keys; default: discovery at the issuer"),
    keys: text("the issuer's public keys themselves, JWKS or PEM: nobody is asked"),
    ca: text('PEM of the CAs that vouch for the issuer; default: the usual ones'),
  }),
  aggregation: group('the SECA paths behind kube-apiserver, for users of the cluster', {
    enabled: flag('APIServices for every API and region; they go before the server when the chart goes', true),
    regions: texts('regions, besides those declared here, whose paths users of the cluster may ask for'),
  }),
  certificates: group('what the API serves by', {
    mode: z
      .enum(['own', 'certManager', 'existing'])
      .default('own')
      .describe(
        '`own`: made and renewed by the controllers, with a CA of their own; `certManager`: by cert-manager; `existing`: a Secret with `tls.crt`, `tls.key`, `ca.crt`',
      ),
    secret: text('of the certificate', 'seca-api-tls'),
    hosts: texts('names and addresses besides those of the Services'),
    issuerRef: free('of cert-manager: `{kind, name}`'),
  }),
  ingress: group('the direct door by an Ingress; its controller has to speak HTTPS to the Service', {
    enabled: flag('make one', false),
    className: text('of the Ingress'),
    host: text('name that clients use'),
    tlsSecret: text('Secret of its certificate'),
    annotations: free('on the Ingress'),
  }),
  gateway: group('the direct door by a TLSRoute of the Gateway API: TLS ends at the API', {
    enabled: flag('make one', false),
    apiVersion: text('of TLSRoute; before Gateway API 1.5: `gateway.networking.k8s.io/v1alpha3`', 'gateway.networking.k8s.io/v1'),
    parentRefs: list('Gateways, with a listener of protocol TLS and mode Passthrough'),
    hostnames: texts('names that clients use'),
  }),
  declared: group('what the installation is made of; applied by the controllers, and kept as it says', {
    regions: free('name → spec of a Region'),
    cloudProviders: free('name → spec of a CloudProvider; credentials are Secrets in this namespace'),
    tenants: free('name → `{namespace, administrators: [subject]}`: a namespace, and who may do everything in it'),
    objects: list('further objects: SKUs, roles, role assignments'),
    prune: flag('delete what is taken out here; default: it is left, and told', false),
  }),
  simulator: group('a simulated cloud, for trials only: a region on it is declared', {
    enabled: flag('run one', false),
    latency: text('time that an operation takes', '1s'),
    characters: texts('what kind of cloud it is'),
    existingSecret: text(
      'Secret with `token`, `adminToken`, `tls.crt` and `tls.key`, where Helm cannot look into the cluster (Argo CD): else these are made once, and kept',
    ),
    ca: text('PEM of the CA of the certificate in that Secret'),
    clusterIP: text('fixed address of its Service; for clusters without DNS'),
    persistence: group('what it remembers', {
      enabled: flag('a PersistentVolumeClaim; else it forgets everything with its pod', false),
      size: text('of the volume', '1Gi'),
      storageClass: text('default: that of the cluster'),
    }),
    resources: resources('20m', '96Mi', '512Mi'),
  }),
  networkPolicy: group('who reaches the pods', {
    enabled: flag('only the ports that are served; where the network knows policies', true),
    egress: list('rules of what controllers and API may reach: kube-apiserver, DNS, the clouds, the token issuer. Default: everything'),
  }),
  monitoring: group('for Prometheus and Grafana', {
    serviceMonitor: group('has the Prometheus operator read the metrics', {
      enabled: flag('make one, and the Services that it needs', false),
      interval: text('time between two looks', '30s'),
      labels: free('on the ServiceMonitor, where Prometheus selects by them'),
    }),
    alerts: group('a PrometheusRule of files/alerts.yaml; each alert says what to do first', {
      enabled: flag('make one', false),
      labels: free('on the PrometheusRule, where Prometheus selects by them'),
    }),
    dashboard: group("a ConfigMap of files/dashboard.json, for Grafana's sidecar", {
      enabled: flag('make one', false),
      labels: free('by which the sidecar finds it', { grafana_dashboard: '1' }),
      annotations: free('on the ConfigMap, such as the folder in Grafana'),
    }),
  }),
  test: group('`helm test`: doctor, in a pod that is there as long as it looks', {
    apiUrl: text("the direct door as that pod reaches it; default: the API's Service, by its name"),
    args: texts('further flags; `seca-operator doctor --help` lists them'),
    resources: resources('50m', '128Mi', '512Mi'),
    nodeSelector: free('as of a pod'),
    tolerations: list('as of a pod'),
  }),
  extraManifests: list('objects that are installed along'),
})
export type Values = z.output<typeof Values>
