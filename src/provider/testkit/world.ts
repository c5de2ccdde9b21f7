import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type {
  CallContext,
  Capability,
  Connection,
  Desired,
  Holder,
  InventoryItem,
  Json,
  Observed,
  Other,
  Provider,
  ResourceAdapter,
  ResourcePath,
  Targets,
  Unmanaged,
} from '../contract.ts'
import { ProviderError } from '../errors.ts'
import { buildTag, installationKey, tagKey } from '../tags.ts'
import { referencesIn } from './references.ts'

/** How far targets of targets go: an instance's NIC, its subnet, its network. */
const DEPTH = 3

const AGAIN: ReadonlySet<string> = new Set(['waiting', 'transient'])

const isWaiting = (thrown: unknown) => thrown instanceof ProviderError && thrown.failure === 'waiting'
/** In a loop that looks again anyway. */
export function unlessWaiting(thrown: unknown): void {
  if (!isWaiting(thrown)) throw thrown
}

type AnySpec = Readonly<Record<string, unknown>>

/** An object that the suite makes. References in it name other samples or the catalogue, `{resource: 'BlockStorage/boot'}`. */
export interface Sample {
  readonly kind: string
  readonly name: string
  readonly spec: AnySpec
  /** Sample that it is nested in, `Network/net`. */
  readonly parent?: string
  /** Samples that it cannot share with another object of its kind: they are made anew for each test. */
  readonly own?: readonly string[]
  /** A sample that names this one, and that has to be there before this is made: it is asked for, and not made. */
  readonly usedBy?: string
  /** Of a part: the sample in whose creation it is made. */
  readonly madeWith?: string
  /** For each path of `capabilities.updates`: the spec with that path changed. `restart` and the like: see `request`. */
  readonly changes?: Readonly<Record<string, (spec: AnySpec) => AnySpec>>
  /** Path of drift that a new `restartRequest` shows as. */
  readonly request?: string
}

/** One object of the world: what the engine would keep of it. */
export interface Entry {
  readonly sample: Sample
  readonly path: ResourcePath
  readonly tag: string
  readonly aliases: Readonly<Record<string, string>>
  spec: AnySpec
  labels: Readonly<Record<string, string>>
  incarnation: string
  externalId: string | undefined
  handle: Json | undefined
  mayAdopt: boolean
  restartRequest: string | undefined
  status: Readonly<Record<string, unknown>>
  /** When something was last written about it: until the cloud's reads have caught up, what they say proves little. */
  wroteAt: number
}

export interface WorldOptions {
  readonly provider: Provider
  readonly connection: Connection
  readonly region: string
  readonly cloudRegion?: string
  readonly zone: string
  /** SKUs by `StorageSku/name`. */
  readonly catalogue: Readonly<Record<string, AnySpec>>
  readonly samples: readonly Sample[]
  readonly pollMs: number
  /** How long anything may take to settle. */
  readonly patienceMs: number
  /** The cloud refuses and breaks off at random: what may be tried again is. */
  readonly isMoody?: boolean
}

/** A very small engine: enough to drive an adapter the way the real one does. */
export class World {
  readonly installation = `testkit-${randomBytes(6).toString('hex')}`
  readonly connection: Connection
  readonly #options: WorldOptions
  readonly #entries = new Map<string, Entry>()
  #count = 0

  constructor(options: WorldOptions) {
    this.connection = options.connection
    this.#options = options
  }

  /** What the cloud under test can do with a kind. */
  capability(kind: string): Capability | undefined {
    return (this.connection.capabilities ?? this.#options.provider.capabilities)[kind]
  }

  context(signal: AbortSignal = AbortSignal.timeout(this.#options.patienceMs)): CallContext {
    return { signal }
  }

  adapter(entry: Entry): ResourceAdapter {
    return adapterOf(this.connection, entry)
  }

  sample(key: string): Sample {
    const sample = this.#options.samples.find((one) => `${one.kind}/${one.name}` === key)
    if (!sample) throw new Error(`the harness has no sample ${key}`)
    return sample
  }

  /** The shared objects that others refer to, in order of dependency; what is a part of another one may be made only once that is there. */
  async build(): Promise<void> {
    for (const sample of this.#options.samples) this.add(sample, sample.name, {})
    for (const entry of this.#entries.values()) await this.converge(entry)
    for (const entry of this.#entries.values()) await this.converge(entry)
  }

  /** A new object like a sample, with what it cannot share; converged dependencies, itself not made yet. */
  async fresh(sample: Sample): Promise<Entry> {
    const suffix = `${++this.#count}`
    const aliases: Record<string, string> = {}
    for (const key of sample.own ?? []) {
      const own = await this.fresh(this.sample(key))
      aliases[key] = keyOf(own)
      await this.converge(own)
    }
    const entry = this.add(sample, `${sample.name}-${suffix}`, aliases)
    if (sample.usedBy !== undefined) {
      const user = this.sample(sample.usedBy)
      aliases[sample.usedBy] = keyOf(this.add(user, `${user.name}-${suffix}`, { [`${sample.kind}/${sample.name}`]: keyOf(entry) }))
    }
    return entry
  }

  /** The object that a fresh one has to itself in the place of a sample. */
  own(entry: Entry, key: string): Entry {
    const own = this.#entries.get(entry.aliases[key] ?? '')
    if (!own) throw new Error(`${keyOf(entry)} has no ${key} of its own`)
    return own
  }

  add(sample: Sample, name: string, aliases: Entry['aliases']): Entry {
    const { region } = this.#options
    const parent = sample.parent === undefined ? {} : { parent: sample.parent.split('/')[1] ?? '' }
    const path = { api: 'seca.testkit/v1', tenant: 'testkit', workspace: 'w', region, kind: sample.kind, name, ...parent }
    const tag = buildTag({
      installation: this.installation,
      region,
      path: `seca.testkit/v1/tenants/testkit/workspaces/w/${sample.kind}/${name}`,
    })
    const fresh = {
      incarnation: nonce(),
      externalId: undefined,
      handle: undefined,
      mayAdopt: false,
      restartRequest: undefined,
      status: {},
      wroteAt: 0,
    }
    const entry: Entry = { sample, path, tag, aliases, spec: sample.spec, labels: { suite: 'testkit' }, ...fresh }
    this.#entries.set(keyOf(entry), entry)
    return entry
  }

  desired(entry: Entry): Desired {
    const { spec, labels, path, tag, incarnation, externalId, handle, mayAdopt, restartRequest } = entry
    const workspace = this.#options.samples.find((one) => one.kind === 'Workspace')
    return {
      path,
      spec: spec as Desired['spec'],
      labels,
      externalId,
      handle,
      tag,
      tagKey: tagKey(tag),
      installationKey: installationKey(this.installation),
      incarnation,
      mayAdopt,
      restartRequest,
      zone: this.#zone(entry),
      region: this.#options.cloudRegion ?? this.#options.region,
      targets: this.#targets(entry, DEPTH),
      holders: this.capability(path.kind)?.reads?.includes('holders') === true ? this.#holders(entry) : [],
      isLeaving: false,
      parent: entry.sample.parent === undefined ? undefined : this.#target(entry.sample.parent),
      workspace: workspace && this.#target(`Workspace/${workspace.name}`),
    }
  }

  #zone({ spec }: Entry): string {
    return typeof spec['zone'] === 'string' && spec['zone'] !== '' ? spec['zone'] : this.#options.zone
  }

  observe(entry: Entry): Promise<Observed | undefined> {
    return this.#call(() => this.adapter(entry).observe(this.desired(entry), this.context()))
  }

  /** What is seen once `isIt`, or when reads have caught up: at once, in a cloud whose reads do not lag. */
  async look(entry: Entry, isIt: (seen: Observed | undefined) => boolean): Promise<Observed | undefined> {
    for (;;) {
      const isSettled = this.#isSettled(entry)
      const seen = await this.observe(entry)
      if (isIt(seen) || isSettled) return seen
      await sleep(this.#options.pollMs)
    }
  }

  /** Waits until reads know of all that was written. */
  async settle(...entries: readonly Entry[]): Promise<void> {
    while (!entries.every((entry) => this.#isSettled(entry))) await sleep(this.#options.pollMs)
  }

  /** Removes the second object of a create that was sent twice, as the engine does, and waits until it is gone. */
  async dropTwins(entry: Entry, seen: Observed): Promise<void> {
    for (let left = seen.twins ?? []; left.length > 0; left = (await this.look(entry, (one) => !one?.twins?.length))?.twins ?? []) {
      for (const externalId of left) await this.delete({ ...entry, externalId }, { ...seen, externalId }).catch(unlessWaiting)
      this.touched(entry)
      await sleep(this.#options.pollMs)
    }
  }

  /** Creating again with the same incarnation makes another object. */
  isPlain({ sample }: Entry): boolean {
    return this.capability(sample.kind)?.create === 'plain'
  }

  /** Somebody else changed something: reads know of it as late as of writes of one's own. */
  touched(entry: Entry): void {
    entry.wroteAt = Date.now()
  }

  async create(entry: Entry): Promise<string> {
    const { externalId, handle } = await this.#write(entry, () =>
      this.#patiently(() => this.adapter(entry).create(this.desired(entry), this.context())),
    )
    entry.externalId = externalId
    entry.handle = handle ?? entry.handle
    return externalId ?? ''
  }

  async update(entry: Entry, seen: Observed): Promise<void> {
    try {
      const accepted = await this.adapter(entry).update?.(this.desired(entry), seen, this.context())
      keep(entry, accepted?.handle)
    } catch (thrown) {
      // What it did for all that shows at the next look.
      if (!this.#isMood(thrown)) throw thrown
    } finally {
      this.touched(entry)
    }
  }

  async delete(entry: Entry, seen: Observed): Promise<void> {
    await this.#write(entry, () => this.adapter(entry).delete(this.desired(entry), seen, this.context()))
  }

  async #write<T>(entry: Entry, call: () => Promise<T>): Promise<T> {
    try {
      return await this.#call(call)
    } finally {
      this.touched(entry)
    }
  }

  /** Creates once more, with the same incarnation; undefined where the cloud has no room for two of them (both boot from one volume). */
  async createAgain(entry: Entry): Promise<string | undefined> {
    try {
      return (await this.adapter(entry).create(this.desired(entry), this.context())).externalId ?? ''
    } catch (thrown) {
      if (this.#isMood(thrown) && this.#options.isMoody === true) return this.create(entry)
      if (this.isPlain(entry) && thrown instanceof ProviderError && ['waiting', 'rejected'].includes(thrown.failure)) return undefined
      throw thrown
    } finally {
      this.touched(entry)
    }
  }

  /** As the engine does: what got no answer in a moody cloud is tried again… */
  #call<T>(call: () => Promise<T>): Promise<T> {
    return this.#again(call, (thrown) => this.#isMood(thrown))
  }

  /** …and everywhere what is right, but not now. */
  #patiently<T>(call: () => Promise<T>): Promise<T> {
    return this.#again(call, isWaiting)
  }

  async #again<T>(call: () => Promise<T>, isWorthIt: (thrown: unknown) => boolean): Promise<T> {
    const deadline = Date.now() + this.#options.patienceMs
    for (;;) {
      try {
        return await call()
      } catch (thrown) {
        if (!isWorthIt(thrown) || Date.now() > deadline) throw thrown
        await sleep(this.#options.pollMs)
      }
    }
  }

  #isMood(thrown: unknown): boolean {
    return this.#options.isMoody === true && thrown instanceof ProviderError && AGAIN.has(thrown.failure)
  }

  #isSettled({ sample, wroteAt }: Entry): boolean {
    const { settleMs = 0 } = this.capability(sample.kind) ?? {}
    return settleMs === 0 || Date.now() > wroteAt + settleMs
  }

  /** Drives the object until it is there, not busy and without drift. */
  converge(entry: Entry): Promise<Observed> {
    return this.#until(entry, async (seen) => {
      if (!seen) {
        if (this.#isSettled(entry)) await this.create(entry)
        return undefined
      }
      if (seen.failed !== undefined) throw new Error(`${keyOf(entry)} failed: ${seen.failed}`)
      entry.externalId = seen.externalId
      keep(entry, seen.handle)
      if (seen.part !== undefined) return seen
      entry.status = { ...seen.status }
      if (seen.busy !== undefined) return undefined
      if (seen.drift.length === 0) return this.#isSettled(entry) ? seen : undefined
      if (this.#isSettled(entry)) await this.update(entry, seen).catch(unlessWaiting)
      return undefined
    })
  }

  /** Waits until no operation is under way. */
  quiet(entry: Entry): Promise<Observed> {
    return this.#until(entry, (seen) => Promise.resolve(seen?.busy === undefined ? seen : undefined))
  }

  /** Deletes the object, and what was made for it alone, and waits until it is gone. */
  async destroy(entry: Entry): Promise<void> {
    await this.#until(entry, async (seen) => {
      if (!seen || seen.part !== undefined) return this.#isSettled(entry) || undefined
      await this.dropTwins(entry, seen)
      if (seen.going !== true) await this.delete(entry, seen).catch(unlessWaiting)
      return undefined
    })
    this.#entries.delete(keyOf(entry))
    for (const key of Object.values(entry.aliases)) {
      const own = this.#entries.get(key)
      if (own) await this.destroy(own)
    }
  }

  /** Takes everything down, latest first. */
  async clear(): Promise<void> {
    for (const entry of [...this.#entries.values()].toReversed()) if (this.#entries.has(keyOf(entry))) await this.destroy(entry)
  }

  /** Cloud ids that carry the entry's tag. */
  async copies(entry: Entry): Promise<readonly string[]> {
    await this.settle(entry)
    const all = await this.inventory()
    return all.filter(({ tag, tagKey: key }) => tag === entry.tag || key === tagKey(entry.tag)).map(({ externalId }) => externalId)
  }

  /** Waits until there is nothing of its own left of the object. */
  gone(entry: Entry): Promise<true> {
    return this.#until(entry, (seen) => Promise.resolve((!seen || seen.part !== undefined) && this.#isSettled(entry) ? true : undefined))
  }

  /** Deletes what an inventory lists by its entry alone, as an audit does that knows nothing else of it. */
  async deleteListed(entry: Entry): Promise<void> {
    await this.settle(entry)
    for (const item of await this.inventory()) {
      if (item.externalId !== entry.externalId) continue
      const { externalId, handle, incarnation = '', tag = '', tagKey: key = tagKey(tag) } = item
      const nothing = { spec: {}, labels: {}, targets: {}, holders: [], parent: undefined, workspace: undefined, zone: undefined }
      const desired = {
        ...this.desired(entry),
        ...nothing,
        externalId,
        handle,
        incarnation,
        tag,
        tagKey: key,
        isLeaving: true,
      }
      const seen = { externalId, status: {}, drift: [], ...(handle === undefined ? {} : { handle }) }
      await this.#write(entry, () => this.#patiently(async () => void (await this.adapter(entry).delete(desired, seen, this.context()))))
    }
  }

  /** All cloud objects of the world; `'everybody'`: those of all installations. */
  inventory(whose: 'ours' | 'everybody' = 'ours'): Promise<readonly InventoryItem[]> {
    return this.#call(async () => {
      const found: InventoryItem[] = []
      for await (const item of this.connection.inventory(whose === 'ours' ? this.installation : undefined, this.context())) found.push(item)
      return found
    })
  }

  /** All that carries no tag. */
  unmanaged(): Promise<readonly Unmanaged[]> {
    return this.#call(() => Array.fromAsync(this.connection.unmanaged?.(this.context()) ?? []))
  }

  /** The object of a kind with this id, or the one that has none (parts of others). */
  keyOfId(kind: string, id: string): string | undefined {
    const all = [...this.#entries.values()].filter(({ path }) => path.kind === kind)
    const found = all.find(({ externalId }) => externalId === id) ?? all.find(({ externalId }) => externalId === undefined)
    return found && keyOf(found)
  }

  async #until<T>(entry: Entry, step: (seen: Observed | undefined) => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + this.#options.patienceMs
    for (;;) {
      const seen = await this.observe(entry)
      const result = await step(seen)
      if (result !== undefined) return result
      if (Date.now() > deadline) throw new Error(`${keyOf(entry)} did not settle; last seen: ${JSON.stringify(seen)}`)
      await sleep(this.#options.pollMs)
    }
  }

  /** Everything that looks like a reference, by the path where it stands. */
  #targets(entry: Entry, depth: number): Targets {
    const found = referencesIn(entry.spec).flatMap(({ path, resource }) => {
      const target = this.#target(entry.aliases[resource] ?? resource, depth - 1)
      return target === undefined ? [] : [[path, target] as const]
    })
    return Object.fromEntries(found)
  }

  #holders(entry: Entry): readonly Holder[] {
    const key = keyOf(entry)
    return [...this.#entries.values()].flatMap((other) =>
      referencesIn(other.spec)
        .filter(({ resource }) => (other.aliases[resource] ?? resource) === key)
        .flatMap(({ path: field }): Holder[] => {
          const holder = this.#target(keyOf(other), DEPTH)
          return holder === undefined ? [] : [{ ...holder, field }]
        }),
    )
  }

  #target(key: string, depth = 0): Other | undefined {
    const [kind = '', name = ''] = key.split('/')
    const path = { api: 'seca.testkit/v1', tenant: 'testkit', region: this.#options.region, kind, name }
    const sku = this.#options.catalogue[key]
    const more = { isReady: true, state: 'active' } as const
    if (sku) return { path, externalId: undefined, tagKey: '', spec: sku, status: {}, targets: {}, ...more }
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const { externalId, tag, incarnation, spec, status, handle } = entry
    const parent = entry.sample.parent === undefined ? undefined : this.#target(entry.sample.parent)
    return {
      path: entry.path,
      externalId,
      tagKey: tagKey(tag),
      incarnation,
      ...(entry.spec['zone'] === undefined ? {} : { zone: this.#zone(entry) }),
      spec,
      status,
      ...(handle === undefined ? {} : { handle }),
      ...(parent === undefined ? {} : { parent }),
      targets: depth > 0 ? this.#targets(entry, depth) : {},
      ...more,
    }
  }
}

/** As the engine does: what an answer says nothing of is kept. */
function keep(entry: Entry, handle: Json | undefined): void {
  if (handle !== undefined) entry.handle = handle ?? undefined
}

function keyOf(entry: Pick<Entry, 'path'>): string {
  return `${entry.path.kind}/${entry.path.name}`
}

export function nonce(): string {
  return randomBytes(12).toString('base64url')
}

export function adapterOf(connection: Connection, { sample }: Entry): ResourceAdapter {
  const adapter = connection.adapters[sample.kind]
  if (!adapter) throw new Error(`the provider has no adapter for ${sample.kind}`)
  return adapter
}
