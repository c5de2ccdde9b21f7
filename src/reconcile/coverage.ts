import type { Cache } from '../cache/cache.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { WorkQueue } from '../kube/queue.ts'
import type { Connection } from '../provider/contract.ts'
import { tagKey } from '../provider/tags.ts'
import { nodeOf } from '../resolve/blockers.ts'
import { idOf } from '../resolve/graph.ts'
import type { Connections, Link } from './connections.ts'
import type { Controller } from './controller.ts'
import type { Identities } from './identity.ts'
import { isAtRest } from './schedule.ts'
import { breather } from './sweep.ts'

export interface CoverageOptions {
  readonly cache: Cache
  readonly controllers: ReadonlyMap<string, Controller>
  readonly queue: Pick<WorkQueue, 'add' | 'has'>
  readonly connections: Pick<Connections, 'get'>
  readonly identities: Pick<Identities, 'placeOf'>
}

/** What one connection lists. */
export interface Account {
  readonly link: Link
  /** `region|tenant` of what is in it. */
  readonly places: Set<string>
  readonly controllers: Set<Controller>
}

/** Which objects sweeps look at, and in whose list they are. */
export class Coverage {
  readonly #options: CoverageOptions
  /** Kinds that a connection cannot list after all. */
  readonly #unlisted = new WeakMap<Connection, Set<string>>()

  constructor(options: CoverageOptions) {
    this.#options = options
  }

  /** Whether a sweep may look at the object, as far as it is known without asking for its account. */
  takes(kind: Kind, object: Resource): boolean {
    const controller = this.#options.controllers.get(kind.kind)
    // What is prepared before the cloud is asked has to be prepared again.
    if (controller === undefined || kind.cloud === 'none' || controller.adapter !== undefined || controller.prepare !== undefined)
      return false
    return isAtRest(object)
  }

  /** The object behind a queue key, if a sweep may look at it. */
  get(id: string, { kind }: Controller): Resource | undefined {
    const object = this.#options.cache.get(kind.kind, id.slice(id.indexOf('|') + 1))
    return object !== undefined && this.takes(kind, object) ? object : undefined
  }

  /** Whether sweeps look at the object from now on: then nobody else has to. */
  async covers({ kind }: Controller, object: Resource): Promise<boolean> {
    const path = this.takes(kind, object) ? this.#options.identities.placeOf(kind, object)?.path : undefined
    if (path === undefined) return false
    const link = await this.#linkOf(path.region, path.tenant, new AbortController().signal)
    return link !== undefined && this.#lists(link, kind)
  }

  /** A kind that a connection cannot list after all: its objects are looked at one by one. */
  exclude(connection: Connection, { kind }: Kind): void {
    this.#unlisted.set(connection, (this.#unlisted.get(connection) ?? new Set<string>()).add(kind))
  }

  /** All accounts that can be swept, by who they are. What is in none of them and nobody is about to look at, is queued: nothing is forgotten. */
  async survey(signal: AbortSignal): Promise<ReadonlyMap<string, Account>> {
    const { cache, controllers, identities, queue } = this.#options
    const links = new Map<string, Link | undefined>()
    const accounts = new Map<string, Account>()
    const rest = breather()
    for (const controller of controllers.values())
      for (const object of cache.all(controller.kind.kind)) {
        await rest()
        if (signal.aborted) return new Map()
        const { kind } = controller
        const path = this.takes(kind, object) ? identities.placeOf(kind, object)?.path : undefined
        const place = path === undefined ? '' : placeText(path)
        if (path !== undefined && !links.has(place)) links.set(place, await this.#linkOf(path.region, path.tenant, signal))
        const link = links.get(place)
        if (path !== undefined && link !== undefined && this.#lists(link, kind)) {
          const id = `${link.cloudProvider}|${link.secret}|${path.region}`
          const account = accounts.get(id) ?? { link, places: new Set<string>(), controllers: new Set<Controller>() }
          account.places.add(place)
          account.controllers.add(controller)
          accounts.set(id, account)
        } else if (!queue.has(idOf(nodeOf(kind, object)))) queue.add(idOf(nodeOf(kind, object)), { priority: 'low' })
      }
    return accounts
  }

  /** Queue keys of what an account's list of a kind should hold, by ownership tag, and by its short form where the cloud holds no more. */
  async expected({ link, places }: Account, { kind }: Controller): Promise<ReadonlyMap<string, string>> {
    const { cache, identities } = this.#options
    const hasKeys = link.capabilities[kind.kind]?.lookup !== 'tag'
    const expected = new Map<string, string>()
    const rest = breather()
    for (const object of cache.all(kind.kind)) {
      await rest()
      const place = this.takes(kind, object) ? identities.placeOf(kind, object) : undefined
      if (place === undefined || !places.has(placeText(place.path))) continue
      expected.set(place.tag, idOf(nodeOf(kind, object)))
      if (hasKeys) expected.set(tagKey(place.tag), idOf(nodeOf(kind, object)))
    }
    return expected
  }

  async #linkOf(region: string, tenant: string, signal: AbortSignal): Promise<Link | undefined> {
    try {
      return await this.#options.connections.get(region, tenant, { signal })
    } catch {
      // Each object says by itself what is wrong.
      return undefined
    }
  }

  #lists({ connection }: Link, { kind }: Kind): boolean {
    return connection.sweep !== undefined && connection.adapters[kind] !== undefined && this.#unlisted.get(connection)?.has(kind) !== true
  }
}

function placeText({ region, tenant }: { readonly region: string; readonly tenant: string }): string {
  return `${region}|${tenant}`
}
