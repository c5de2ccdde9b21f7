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
import { isBorrowed } from './policy.ts'
import { isAtRest } from './schedule.ts'
import { breather } from './sweep.ts'

export interface CoverageOptions {
  readonly cache: Cache
  readonly controllers: ReadonlyMap<string, Controller>
  readonly queue: Pick<WorkQueue, 'add' | 'has'>
  readonly connections: Pick<Connections, 'get'>
  readonly identities: Pick<Identities, 'placeOf'>
  /** Whether this process works on what is in a region; absent: on everything. */
  readonly isOurs?: (region: string) => boolean
}

/** What one connection lists. */
export interface Account {
  readonly link: Link
  /** Queue keys of what should be in it. */
  readonly objects: Map<Controller, string[]>
}

/** Objects of a tenant in a region. */
interface Place {
  readonly region: string
  readonly tenant: string
  readonly objects: Map<Controller, string[]>
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
    // What is somebody else's is on no list of ours.
    return isAtRest(object) && !isBorrowed(object)
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

  /** All accounts that can be swept, by who they are; `isIn`: of these regions only. What is in none of them and nobody is about to look at, is queued: nothing is forgotten. */
  async survey(
    signal: AbortSignal,
    isIn: (region: string) => boolean = this.#options.isOurs ?? (() => true),
  ): Promise<ReadonlyMap<string, Account>> {
    const accounts = new Map<string, Account>()
    const places = await this.#places(signal, isIn)
    // All at a time: one whose cloud hangs holds up the others for no longer than one question.
    await Promise.all(
      [...places.values()].map(async ({ region, tenant, objects }) => {
        const link = await this.#linkOf(region, tenant, signal)
        const id = link && `${link.cloudProvider}|${link.secret}|${region}`
        const account = accounts.get(id ?? '') ?? (link && { link, objects: new Map<Controller, string[]>() })
        if (id !== undefined && account !== undefined) accounts.set(id, account)
        for (const [controller, keys] of objects)
          if (account !== undefined && this.#lists(account.link, controller.kind)) gather(account.objects, controller, keys)
          else for (const key of keys) this.#queueUnlessQueued(key)
      }),
    )
    return signal.aborted ? new Map() : accounts
  }

  /** All that a sweep may look at, by region and tenant. Everything else is queued unless it is already. */
  async #places(signal: AbortSignal, isIn: (region: string) => boolean): Promise<ReadonlyMap<string, Place>> {
    const { cache, controllers, identities } = this.#options
    const places = new Map<string, Place>()
    const rest = breather()
    for (const controller of controllers.values())
      for (const object of cache.all(controller.kind.kind)) {
        await rest()
        if (signal.aborted) return new Map()
        const key = idOf(nodeOf(controller.kind, object))
        const path = this.takes(controller.kind, object) ? identities.placeOf(controller.kind, object)?.path : undefined
        if (path === undefined) {
          this.#queueUnlessQueued(key)
          continue
        }
        const { region, tenant } = path
        if (!isIn(region)) continue
        const place = places.get(`${region}|${tenant}`) ?? { region, tenant, objects: new Map<Controller, string[]>() }
        places.set(`${region}|${tenant}`, place)
        gather(place.objects, controller, [key])
      }
    return places
  }

  #queueUnlessQueued(key: string): void {
    const { queue } = this.#options
    if (!queue.has(key)) queue.add(key, { priority: 'low' })
  }

  /** Queue keys of what an account's list of a kind should hold, by ownership tag, and by its short form where the cloud holds no more. */
  async expected({ link, objects }: Account, controller: Controller): Promise<ReadonlyMap<string, string>> {
    const { kind } = controller
    const hasKeys = link.capabilities[kind.kind]?.lookup !== 'tag'
    const expected = new Map<string, string>()
    const rest = breather()
    for (const key of objects.get(controller) ?? []) {
      await rest()
      const object = this.get(key, controller)
      const tag = object && this.#options.identities.placeOf(kind, object)?.tag
      if (tag === undefined) continue
      expected.set(tag, key)
      if (hasKeys) expected.set(tagKey(tag), key)
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

function gather(objects: Map<Controller, string[]>, controller: Controller, keys: readonly string[]): void {
  const known = objects.get(controller)
  if (known === undefined) objects.set(controller, [...keys])
  else for (const key of keys) known.push(key)
}
