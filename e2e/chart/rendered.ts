import { parseAllDocuments } from 'yaml'
import { KUBERNETES } from '../../src/embedded/cluster/versions.ts'
import { CHART, helm } from '../support/helm.ts'
import { OPERATOR_NAMESPACE } from '../support/names.ts'

export interface Rendered {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly spec?: Readonly<Record<string, unknown>>
  readonly data?: Readonly<Record<string, string>>
  readonly rules?: readonly Readonly<Record<'apiGroups' | 'resources' | 'verbs', readonly string[]>>[]
}
export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: {
    readonly containers: readonly { readonly args: readonly string[]; readonly [key: string]: unknown }[]
    readonly [key: string]: unknown
  }
}
export type Values = Readonly<Record<string, unknown>>

/** What the chart makes of values, as Helm without a cluster has it. */
export async function rendered(
  values: Values,
  {
    name = 'seca',
    namespace = OPERATOR_NAMESPACE,
    chart = CHART,
  }: { readonly name?: string; readonly namespace?: string; readonly chart?: string } = {},
): Promise<Rendered[]> {
  // Without a cluster Helm takes the version of Kubernetes that it was made for.
  const args = ['template', name, chart, '--namespace', namespace, '--kube-version', KUBERNETES, '--values', '-']
  const text = await helm(args, { input: JSON.stringify(values) })
  return parseAllDocuments(text).flatMap((document) => {
    const [problem] = document.errors
    if (problem !== undefined) throw problem
    const content = document.toJS() as Rendered | null
    return content === null ? [] : [content]
  })
}

/** Pods that are rendered, and those of Deployments, by name. */
export const podTemplates = (objects: readonly Rendered[]): ReadonlyMap<string, PodTemplate> =>
  new Map(
    objects
      .filter(({ kind }) => ['Deployment', 'Pod'].includes(kind))
      .map((one) => [one.metadata.name, (one.kind === 'Pod' ? one : one.spec?.['template']) as PodTemplate]),
  )

/** Nothing but what has to be given. */
export const LEAST: Values = { tokens: { issuer: 'https://issuer.example' } }

const pods = {
  priorityClassName: 'system-cluster-critical',
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'control', operator: 'Exists' }],
  affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
  podAnnotations: { team: 'cloud' },
  podLabels: { team: 'cloud' },
  extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy.example:3128' }],
}

/** Everything that can be asked for at once. */
export const ALL: Values = {
  global: { imageRegistry: 'registry.example' },
  image: { repository: 'cloud/seca-operator', digest: `sha256:${'0'.repeat(64)}`, pullSecrets: [{ name: 'pull' }] },
  region: 'it-1',
  controllers: { ...pods, args: ['--workers=8'], replicas: 3, installationId: 'one' },
  api: {
    ...pods,
    args: ['--caller-burst=500'],
    externalUrl: 'https://seca.example',
    drain: '90s',
    service: { type: 'LoadBalancer', annotations: { some: 'thing' } },
    peerSecret: 'peers',
  },
  tokens: { issuer: 'https://issuer.example', audience: 'all', jwksUrl: 'https://issuer.example/keys', keys: '{"keys":[]}', ca: 'PEM' },
  aggregation: { regions: ['fr-1'] },
  certificates: { mode: 'certManager', secret: 'certificate', hosts: ['seca.example'], issuerRef: { kind: 'ClusterIssuer', name: 'ours' } },
  ingress: { enabled: true, className: 'nginx', host: 'seca.example', tlsSecret: 'ingress', annotations: { some: 'thing' } },
  gateway: { enabled: true, parentRefs: [{ name: 'gateway' }], hostnames: ['seca.example'] },
  declared: {
    cloudProviders: {
      cloud: { type: 'simulator', credentialsSecretRef: { name: 'cloud' }, settings: { endpoint: 'https://cloud.example' } },
    },
    regions: { 'eu-1': { availableZones: ['a'], cloudProvider: 'cloud' } },
    tenants: { acme: { administrators: ['alice', 'system:serviceaccount:default:demo'] }, bare: {}, other: { namespace: 'their-own' } },
    objects: [
      {
        apiVersion: 'storage.secapi.cloud/v1',
        kind: 'StorageSku',
        metadata: { name: 'eu-1.fast' },
        spec: { region: 'eu-1', iops: 500, type: 'remote-durable', minVolumeSize: 10 },
      },
    ],
    prune: true,
  },
  simulator: { enabled: true, characters: ['lagging'], persistence: { enabled: true, storageClass: 'fast' } },
  networkPolicy: { egress: [{ ports: [{ port: 443 }] }] },
  monitoring: {
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    alerts: { enabled: true, labels: { release: 'prometheus' } },
    dashboard: { enabled: true, annotations: { folder: 'SECA' } },
  },
  extraManifests: [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '{{ .Release.Name }}-extra', namespace: '{{ .Release.Namespace }}' } },
  ],
}
