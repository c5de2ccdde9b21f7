import { randomBytes } from 'node:crypto'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { CallContext, Capability, Desired, ResourceAdapter, ResourcePath } from '../provider/contract.ts'
import { ProviderError } from '../provider/errors.ts'
import { buildTag, installationKey } from '../provider/tags.ts'
import type { Graph } from '../resolve/graph.ts'
import type { Lookup } from '../resolve/lookup.ts'
import { checkedAdapter } from './answers.ts'
import { call } from './calls.ts'
import type { Connections, Link } from './connections.ts'
import type { Controller, Tools } from './controller.ts'
import { desiredOf } from './desired.ts'
import { pathOf, urnOf } from './path.ts'

/** What stands behind an object: the adapter, the account that it goes to, and what it is told. */
export interface Behind {
  readonly adapter: ResourceAdapter
  readonly capability: Capability
  readonly desired: Desired
  readonly link: Link | undefined
}

export interface IdentitiesOptions {
  readonly lookup: Lookup
  readonly graph: Graph
  readonly connections: Connections
  /** Id of this installation, first part of every tag. */
  readonly installation: string
  readonly callTimeoutMs: number
  readonly metrics: Metrics
  readonly log: Log
}

/** What holds where no cloud is asked. */
const LOCAL: Capability = { object: 'none', updates: [], create: 'idempotent', lookup: 'tag', settleMs: 0, lane: 'none' }

/** Stands in where there is no cloud object: it is always there and always right. */
const HERE: ResourceAdapter = {
  observe: () => Promise.resolve({ externalId: '', status: {}, drift: [] }),
  create: () => Promise.resolve({ externalId: '' }),
  delete: () => Promise.resolve(),
}

/** Who an object is in the cloud: account, tag, incarnation (architecture §4 "Identity"). */
export class Identities {
  readonly #options: IdentitiesOptions
  readonly #installationKey: string

  constructor(options: IdentitiesOptions) {
    this.#options = options
    this.#installationKey = installationKey(options.installation)
  }

  /** Adapter and desired state of an object. Throws `credentials`, `unsupported`… */
  async behind(controller: Controller, object: Resource, tools: Tools): Promise<Behind> {
    const { lookup, graph, connections } = this.#options
    const { kind } = controller
    const path = pathOf(lookup, kind, object)
    if (path === undefined)
      throw new ProviderError(
        'rejected',
        `namespace ${object.metadata.namespace} stands for no ${kind.scope} that is there: an administrator has to label it, or put the ${kind.scope} back`,
      )
    const local = controller.adapter?.(tools) ?? (kind.cloud === 'none' ? HERE : undefined)
    const link = local === undefined ? await connections.get(path.region, path.tenant, tools) : undefined
    const remote = link?.connection.adapters[kind.kind]
    const adapter = local ?? (remote && checkedAdapter(kind, remote)) ?? (kind.cloud === 'optional' ? HERE : undefined)
    if (adapter === undefined) throw new ProviderError('unsupported', `provider ${link?.provider} has no ${kind.kind}`)
    const capability = link?.capabilities[kind.kind] ?? LOCAL
    const desired = desiredOf(lookup, graph, kind, object, path, {
      tagOf: (one, at) => this.#tagOf(one, at),
      installationKey: this.#installationKey,
      incarnation: object.status?.incarnation ?? '',
      mayAdopt: link?.mayAdopt === true,
      reads: capability.reads ?? [],
    })
    return { adapter, capability, link, desired }
  }

  /** Where an object belongs, with its ownership tag; undefined while its namespace belongs to no tenant. */
  placeOf(kind: Kind, object: Resource): { readonly path: ResourcePath; readonly tag: string } | undefined {
    const path = pathOf(this.#options.lookup, kind, object)
    return path && { path, tag: this.#tagOf(kind, path) }
  }

  /** Ownership tag of an object's place. */
  #tagOf(kind: Kind, path: ResourcePath): string {
    const { lookup, installation } = this.#options
    return kind.cloud === 'none' ? '' : buildTag({ installation, region: path.region, path: urnOf(lookup, kind, path) })
  }

  /**
   * For a teardown: undefined when nothing can be behind the object. What was never made, as far as status knows, is looked for all the same:
   * a status may be lost (a restored cluster), the tag is not.
   */
  async behindIfAny(controller: Controller, object: Resource, tools: Tools): Promise<Behind | undefined> {
    if (controller.kind.cloud === 'none') return undefined
    try {
      const behind = await this.behind(controller, object, tools)
      if (behind.adapter === HERE) return undefined
      // What an annotation names and nobody took over is not ours to delete.
      return { ...behind, desired: { ...behind.desired, externalId: object.status?.externalId, mayAdopt: false } }
    } catch (error) {
      const wasNeverMade = object.status?.incarnation === undefined && object.status?.externalId === undefined
      if (wasNeverMade && !this.#hasCloud(controller.kind, object, error)) return undefined
      throw error
    }
  }

  /** There is an account that the object may have been made in. */
  #hasCloud(kind: Kind, object: Resource, error: unknown): boolean {
    const { lookup, connections } = this.#options
    const path = pathOf(lookup, kind, object)
    const isUnsupported = error instanceof ProviderError && error.failure === 'unsupported'
    return path !== undefined && !isUnsupported && connections.serves(path.region)
  }

  nonce(): string {
    return randomBytes(12).toString('base64url')
  }

  /** Makes a call about what stands behind an object; `onLate` hears what it answered after its time was over. */
  call<T>(
    behind: Behind,
    kind: Kind,
    verb: string,
    signal: AbortSignal,
    make: (context: CallContext) => Promise<T>,
    onLate?: (result: T) => Promise<void>,
  ): Promise<T> {
    if (behind.link === undefined) return make({ signal })
    const { metrics, log, callTimeoutMs: timeoutMs } = this.#options
    return call(verb, { provider: behind.link.provider, kind: kind.kind, signal, timeoutMs, metrics, log }, make, onLate)
  }

  /** Runs work against an account; credentials that stop working are told to the account, which names Secret and keys. */
  async guard<T>(behind: Behind | (() => Behind | undefined), work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      const link = (typeof behind === 'function' ? behind() : behind)?.link
      if (link !== undefined && error instanceof ProviderError && error.failure === 'credentials')
        throw this.#options.connections.reportBroken(link, error)
      throw error
    }
  }
}
