import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalogue } from '../../src/embedded/catalogue.ts'
import { ensureIssuer, ISSUER, mintToken } from '../../src/embedded/issuer.ts'
import { type OutsideCloud, startOutsideCloud } from './cloud.ts'
import { helm } from './helm.ts'
import { OPERATOR_NAMESPACE } from './names.ts'
import { startTestNode, type TestNode } from './node.ts'

const NAME = 'seca-api.seca-system.svc'
/** The tenant that clients work in, as the values declare it. */
export const DEMO: Values = { demo: { administrators: ['demo'] } }

interface Condition {
  readonly type: string
  readonly status: string
  readonly message?: string
}

/** An object as `kubectl get` has it. */
export interface Found {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly resourceVersion: string
    readonly creationTimestamp: string
    readonly deletionTimestamp?: string
  }
  readonly spec: Readonly<Record<string, unknown>>
  readonly status?: { readonly conditions?: readonly Condition[]; readonly externalId?: string }
}

export const conditionOf = ({ status }: Found, type: string) => status?.conditions?.find((one) => one.type === type)

/** Where clients reach the API of workspaces, and what they show. */
export interface Door {
  /** URL up to `/tenants`. */
  readonly base: string
  readonly headers: Readonly<Record<string, string>>
  readonly connect: { readonly ca: string; readonly servername?: string; readonly cert?: string; readonly key?: string }
}

/** A node with a cloud outside of it and an issuer of tokens, ready for an installation in pods; restricted pod security is enforced. */
export interface Site {
  readonly node: TestNode
  readonly cloud: OutsideCloud
  /** Values of an installation on that cloud; `tenants` that are declared, by name: `demo`, which `demo` administers. */
  values(tenants?: Values): Values
  /** Writes values into a file; resolves with its path. */
  file(values: Values): string
  /** Runs Helm in the operator's namespace. */
  helm(...args: readonly string[]): Promise<string>
  read<T>(...args: readonly string[]): Promise<T>
  /** Objects of a kind: `kubectl get <args>`. */
  all(...args: readonly string[]): Promise<Found[]>
  /** Waits until a Deployment runs what it should. */
  rollout(name: string): Promise<string>
  /** Everything that the pods of a component have logged. */
  logs(component: string): Promise<string>
  /** The Secret that the API serves by, as text. */
  certificate(): Promise<Readonly<Record<string, string>>>
  /** The direct door, as somebody outside sees it who has a token of `demo`. */
  door(): Promise<Door>
  remove(): Promise<void>
}
export type Values = Readonly<Record<string, unknown>>

export async function startSite(): Promise<Site> {
  const node = await startTestNode()
  const cloud = await startOutsideCloud(node.hostAddress)
  const issuer = join(node.dataDir, 'issuer')
  mkdirSync(issuer)
  const place = ['--namespace', OPERATOR_NAMESPACE]
  await node.kubectl(['create', 'namespace', OPERATOR_NAMESPACE])
  await node.kubectl(['label', 'namespace', OPERATOR_NAMESPACE, 'pod-security.kubernetes.io/enforce=restricted'])
  await node.kubectl(['create', 'secret', 'generic', 'cloud', ...place, `--from-literal=token=${cloud.token}`])
  const read = async <T>(...args: readonly string[]) => JSON.parse(await node.kubectl(['get', ...args, '--output', 'json'])) as T
  const certificate = async () => {
    const { data } = await read<{ data: Record<string, string> }>('secret', 'seca-api-tls', ...place)
    return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString('utf8')]))
  }
  let files = 0
  return {
    node,
    cloud,
    values: (tenants = DEMO) => ({
      image: { pullPolicy: 'Never' },
      tokens: { issuer: ISSUER, keys: readFileSync(ensureIssuer(issuer), 'utf8') },
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
        tenants,
        objects: catalogue('eu-1').map(({ object }) => object),
      },
    }),
    file(values) {
      const file = join(node.dataDir, `values-${files++}.json`)
      writeFileSync(file, JSON.stringify(values))
      return file
    },
    helm: (...args) => helm([...args, ...place], { kubeconfig: node.kubeconfig }),
    read,
    all: async (...args) => (await read<{ items: Found[] }>(...args)).items,
    rollout: (name) => node.kubectl(['rollout', 'status', `deployment/${name}`, ...place, '--timeout=120s']),
    logs: (component) => node.kubectl(['logs', ...place, '--selector', `app.kubernetes.io/component=${component}`, '--tail=-1']),
    certificate,
    async door() {
      const address = await node.kubectl(['get', 'service', 'seca-api', ...place, '--output', 'jsonpath={.spec.clusterIP}'])
      const token = await mintToken(issuer, { subject: 'demo', ttlMs: 3_600_000 })
      return {
        base: `https://${address}/providers/seca.workspace/v1`,
        headers: { authorization: `Bearer ${token}` },
        connect: { ca: (await certificate())['ca.crt'] ?? '', servername: NAME },
      }
    },
    async remove() {
      await node.remove()
      await cloud.stop()
    },
  }
}
