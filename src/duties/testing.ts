import { Cache } from '../cache/cache.ts'
import { KINDS, kindNamed } from '../kinds/index.ts'
import type { GroupVersionResource, KubeObject } from '../kube/gvr.ts'
import { MemoryServer } from '../kube/memory-testing.ts'
import { silentLog } from '../kube/testing.ts'
import { createMetrics } from '../observe/metrics.ts'
import { feed } from '../reconcile/feed-testing.ts'
import { doDuties, type DutiesConfig } from './duties.ts'
import type { Notice } from './notices.ts'

/** For unit tests: documents of a file of declared objects. */
export const REGION = `apiVersion: region.secapi.cloud/v1
kind: Region
metadata: { name: eu-1 }
spec: { availableZones: [a, b], cloudProvider: cloud }
`
export const TENANT = `apiVersion: v1
kind: Namespace
metadata: { name: seca-acme, labels: { secapi.cloud/tenant: acme } }
`
export const ADMINS = `apiVersion: authorization.secapi.cloud/v1
kind: RoleAssignment
metadata: { name: admins, namespace: seca-acme }
spec: { subs: [alice], roles: [seca.admin], scopes: [{ tenants: [acme] }] }
`

export const NAMESPACE = 'seca-system'
const BASE: DutiesConfig = {
  operatorNamespace: NAMESPACE,
  declaredPrune: false,
  tlsManaged: false,
  tlsServices: ['seca-api'],
  tlsHosts: [],
}

export const gvrOf = (kind: string): GroupVersionResource => {
  const found = kindNamed(kind)
  if (found === undefined) throw new RangeError(`no kind ${kind}`)
  return found.gvr
}

/** For unit tests: a cluster in memory whose leader does its duties, at a time of ours. */
export class DutiesWorld {
  readonly server = new MemoryServer({ isPrompt: true })
  readonly cache = new Cache(KINDS, 'eu-1')
  readonly metrics = createMetrics()
  /** What administrators were told. */
  readonly told: Notice[] = []
  /** Wall clock and uptime. */
  now = Date.UTC(2026, 10, 26)
  leads = true
  isWhole = true

  constructor() {
    feed(this.server, this.cache)
  }

  /** Looks once, and again after each of `between`, by one process; each look comes 10 s after the one before. Answers the writes of each. */
  async looks(config: Partial<DutiesConfig>, between: readonly (() => void)[] = []): Promise<string[][]> {
    const { server, cache, metrics } = this
    const stop = new AbortController()
    const writes: string[][] = []
    let before = server.writes.length
    const steps = [...between]
    const clock = {
      now: () => this.now,
      sleep: async (ms: number) => {
        writes.push(server.writes.slice(before))
        const step = steps.shift()
        if (step === undefined) return stop.abort()
        this.now += ms
        step()
        before = server.writes.length
      },
    }
    const options = { config: { ...BASE, ...config }, client: server.client, cache, log: silentLog, metrics, clock }
    const asked = {
      mayAct: () => this.leads,
      isWhole: () => this.isWhole,
      now: () => this.now,
      record: (notice: Notice) => this.told.push(notice),
    }
    this.counts = {}
    const set = metrics.declared.set.bind(metrics.declared)
    // They are gone when leadership ends.
    metrics.declared.set = ((labels: { state: string }, value: number) => {
      this.counts[labels.state] = value
      set(labels, value)
    }) as typeof metrics.declared.set
    await doDuties({ ...options, ...asked }, stop.signal)
    metrics.declared.set = set
    return writes
  }

  /** Last counts of declared objects by state. */
  counts: Record<string, number> = {}

  /** Looks once, as a new process; answers what it wrote. */
  async look(config: Partial<DutiesConfig>): Promise<string[]> {
    return (await this.looks(config))[0] ?? []
  }

  reasons(): string[] {
    return this.told.map(({ reason }) => reason)
  }

  read<T = KubeObject>(kind: string | GroupVersionResource, namespace: string | undefined, name: string): T | undefined {
    return this.server.read<T>(typeof kind === 'string' ? gvrOf(kind) : kind, namespace, name)
  }
}
