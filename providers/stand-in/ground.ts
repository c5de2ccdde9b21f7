import { NEVER } from './lanes.ts'
import { type Did, Memory } from './memory.ts'
import { type CloudObject, type Operation, Refusal } from './model.ts'
import { Past } from './past.ts'
import type { StoredTypes } from './store.ts'
import type { CommonSwitches } from './switches.ts'

/** How a cloud behaves; all of it can be changed while it runs. */
export interface Conduct {
  /** How long an operation takes, in milliseconds. */
  latencyMs: number
  /** Exceptions, by type. */
  latencyByType: Record<string, number>
  /** Objects allowed, by type. */
  quotas: Record<string, number>
  /** Refuse second attachments, and addresses and blocks given twice. */
  strict: boolean
}

export interface GroundOptions<S> {
  readonly conduct: Conduct
  readonly switches: S
  /** Name of the account; default: what it was, at first a random one. */
  readonly account?: string | undefined
  /** Where the cloud's state is kept; without it, nothing survives the process. */
  readonly stateDir?: string | undefined
  readonly now?: () => number
}

/** What every cloud here stands on: objects and what was done to them, a clock, operations that take time, and reads that lag. */
export abstract class Ground<S extends CommonSwitches = CommonSwitches> {
  readonly conduct: Conduct
  protected readonly memory: Memory
  readonly #now: () => number
  #switches: S
  /** What the next operation of a request ends in. Set by fault injection for one request. */
  sabotage: { readonly fails?: string; readonly hangs?: true } | undefined
  /** Milliseconds since the epoch; stands still during a request, so that a replay of the journal runs alike. */
  time: number

  constructor(types: StoredTypes, { conduct, switches, account, stateDir, now = Date.now }: GroundOptions<S>) {
    this.conduct = conduct
    this.#now = now
    this.time = now()
    this.memory = new Memory(types, stateDir, account)
    this.#switches = switches
    this.switches = switches
    this.settle()
  }

  get store() {
    return this.memory.store
  }

  get mutations() {
    return this.memory.mutations
  }

  get account(): string {
    return this.memory.account
  }

  get switches(): S {
    return this.#switches
  }

  set switches(switches: S) {
    this.#switches = switches
    const lagMs = Math.max(switches.readLagMs, switches.listLagMs)
    if (lagMs === 0) this.store.past = undefined
    else if (this.store.past) this.store.past.keepMs = lagMs
    else this.store.past = new Past(lagMs)
  }

  /** The beginning of a request: the clock is read, and what is due is done. */
  settle(): void {
    this.time = this.#now()
    this.store.settle(this.time)
    this.store.past?.forget(this.time)
  }

  /** Ends everything under way at once, stuck operations too. */
  finish(): void {
    this.store.settle(Infinity, this.time)
    this.memory.append({ finished: this.time })
  }

  find(id: string): CloudObject {
    const object = this.store.get(id)
    if (!object) throw new Refusal(404, 'not_found', `${id} does not exist`)
    return object
  }

  /** Gone at once, whatever uses it. */
  vanish(id: string): void {
    const gone = [this.find(id), ...this.store.parts(id)]
    const did = { by: 'admin', action: 'delete', endedAt: this.time } as const
    const mutations = gone.map((one) => this.memory.note(one, this.time, one.id === id ? did : { ...did, with: id }))
    this.store.remove(id, this.time)
    this.memory.append(...mutations.map((mutation) => ({ mutation })), { removed: id })
  }

  close(): void {
    this.memory.close()
  }

  /** Stores what was done to an object, and answers it after what takes no time. */
  protected commit(object: CloudObject, did: Did): CloudObject {
    const put = this.store.put(object, this.time)
    this.memory.append({ put, mutation: this.memory.note(put, this.time, did) })
    return this.settled(put)
  }

  /** An object after what takes no time. */
  protected settled(object: CloudObject): CloudObject {
    this.store.settle(this.time)
    return this.store.get(object.id) ?? object
  }

  /** What begins now, or waits in its lane, and takes its time: unless a fault was ordered for it. */
  protected operation(name: string, type: string, lane?: string, refused?: string): Operation {
    const takesMs = this.conduct.latencyByType[type] ?? this.conduct.latencyMs
    const { fails = refused, hangs } = this.sabotage ?? {}
    this.sabotage = undefined
    const end = hangs ? { endsAt: NEVER, hangs } : { endsAt: this.time + takesMs }
    return { name, ...end, ...(fails === undefined ? {} : { fails }), ...(lane === undefined ? {} : { lane, takesMs }) }
  }

  /** Whether the account may have no more of a type. */
  protected isFull(type: string): boolean {
    const quota = this.conduct.quotas[type]
    return quota !== undefined && this.store.all(type).size >= quota
  }
}
