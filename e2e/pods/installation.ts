import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalogue } from '../../src/embedded/catalogue.ts'
import { ensurePki } from '../../src/embedded/cluster/pki.ts'
import { ensureIssuer, ISSUER, mintToken } from '../../src/embedded/issuer.ts'
import { type OutsideCloud, startOutsideCloud } from '../support/cloud.ts'
import { CHART, helm } from '../support/helm.ts'
import { buildForTests } from '../support/image.ts'
import { startTestNode, type TestNode } from '../support/node.ts'
import type { Door } from './load.ts'

export const NAMESPACE = 'seca-system'
export const EXAMPLE = join(import.meta.dirname, '../../examples/acme')
const NAME = 'seca-api.seca-system.svc'

interface Condition {
  readonly type: string
  readonly status: string
  readonly message?: string
}
export interface Found {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly creationTimestamp: string }
  readonly spec: Readonly<Record<string, unknown>>
  readonly status?: { readonly conditions?: readonly Condition[]; readonly externalId?: string }
}

export const conditionOf = ({ status }: Found, type: string): Condition | undefined => status?.conditions?.find((one) => one.type === type)

/** A node with the image of this checkout, a cloud outside of it, and the chart with values that declare what the example needs. */
export interface Installation {
  readonly node: TestNode
  readonly cloud: OutsideCloud
  /** Helm in the namespace of the release. */
  withHelm(...args: string[]): Promise<string>
  /** Installs or upgrades the chart, and waits for its pods. */
  install(...args: string[]): Promise<string>
  read<T>(...args: string[]): Promise<T>
  all(...args: string[]): Promise<Found[]>
  /** Names of the pods that are not on their way out. */
  pods(): Promise<string[]>
  rollout(name: string): Promise<string>
  /** Waits until every object of the example is Ready. */
  exampleIsReady(): Promise<string>
  logs(component: string): Promise<string>
  /** The Secret that the API serves by, as text. */
  certificate(): Promise<Readonly<Record<string, string>>>
  /** The direct door, as somebody outside sees it. */
  door(): Promise<Door>
  /** The aggregated door, as kubectl sees it. */
  aggregatedDoor(): Door
  remove(): Promise<void>
}

/** Starts node and cloud, and imports the image; `values` are added to those of the chart. Nothing is installed yet. */
export async function prepareInstallation(values: object = {}): Promise<Installation> {
  const node = await startTestNode()
  let cloud: OutsideCloud | undefined
  const remove = async () => {
    await node.remove()
    await cloud?.stop()
  }
  try {
    cloud = await startOutsideCloud(node.hostAddress)
    const built = await buildForTests(join(node.dataDir, 'image'))
    await node.importImage(built.files.archive)
    await node.kubectl(['create', 'namespace', NAMESPACE])
    await node.kubectl(['label', 'namespace', NAMESPACE, 'pod-security.kubernetes.io/enforce=restricted'])
    await node.kubectl(['create', 'secret', 'generic', 'cloud', '--namespace', NAMESPACE, `--from-literal=token=${cloud.token}`])
    const issuer = join(node.dataDir, 'issuer')
    mkdirSync(issuer)
    const file = join(node.dataDir, 'values.json')
    writeFileSync(file, JSON.stringify({ ...settings(cloud, readFileSync(ensureIssuer(issuer), 'utf8')), ...values }))
    return { ...of(node, cloud, issuer, file), remove }
  } catch (error) {
    await remove()
    throw error
  }
}

const settings = (cloud: OutsideCloud, keys: string) => ({
  image: { pullPolicy: 'Never' },
  tokens: { issuer: ISSUER, keys },
  api: { drain: '3s' },
  declared: {
    cloudProviders: {
      cloud: {
        type: 'simulator',
        credentialsSecretRef: { name: 'cloud' },
        settings: { endpoint: cloud.url, ca: cloud.ca },
        requestsPerSecond: 1000,
      },
    },
    regions: { 'eu-1': { availableZones: ['a', 'b', 'c'], cloudProvider: 'cloud' } },
    tenants: { demo: { administrators: ['demo'] } },
    objects: catalogue('eu-1').map(({ object }) => object),
  },
})

function of(node: TestNode, cloud: OutsideCloud, issuer: string, values: string): Omit<Installation, 'remove'> {
  const inNamespace = ['--namespace', NAMESPACE]
  const withHelm = (...args: string[]) => helm([...args, ...inNamespace], { kubeconfig: node.kubeconfig })
  const read = async <T>(...args: string[]) => JSON.parse(await node.kubectl(['get', ...args, '--output', 'json'])) as T
  const all = async (...args: string[]) => (await read<{ items: Found[] }>(...args)).items
  const certificate = async () => {
    const { data } = await read<{ data: Record<string, string> }>('secret', 'seca-api-tls', ...inNamespace)
    return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString('utf8')]))
  }
  return {
    node,
    cloud,
    withHelm,
    install: (...args) => withHelm('upgrade', '--install', 'seca', CHART, '--values', values, '--wait', '--timeout', '3m', ...args),
    read,
    all,
    pods: async () => (await all('pods', ...inNamespace)).map(({ metadata }) => metadata.name).toSorted(),
    rollout: (name) => node.kubectl(['rollout', 'status', `deployment/${name}`, ...inNamespace, '--timeout=120s']),
    exampleIsReady: () =>
      node.kubectl(['wait', 'seca', '--all', '--namespace', 'seca-acme--prod', '--for=condition=Ready', '--timeout=120s']),
    logs: (component) => node.kubectl(['logs', ...inNamespace, '--selector', `app.kubernetes.io/component=${component}`, '--tail=-1']),
    certificate,
    async door() {
      const address = await node.kubectl(['get', 'service', 'seca-api', ...inNamespace, '--output', 'jsonpath={.spec.clusterIP}'])
      const token = await mintToken(issuer, { subject: 'demo', ttlMs: 3_600_000 })
      return {
        base: `https://${address}/providers/seca.workspace/v1`,
        headers: { authorization: `Bearer ${token}` },
        connect: { ca: (await certificate())['ca.crt'] ?? '', servername: NAME },
      }
    },
    aggregatedDoor() {
      const pki = ensurePki(join(node.dataDir, 'pki'))
      const connect = { ca: pki.read('ca.crt'), cert: pki.read('admin.crt'), key: pki.read('admin.key') }
      return { base: `${node.url}/apis/eu-1.seca.workspace/v1`, headers: {}, connect }
    },
  }
}
