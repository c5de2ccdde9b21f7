import { randomUUID } from 'node:crypto'
import { Ground, type GroundOptions } from '../../stand-in/ground.ts'
import { isQueued } from '../../stand-in/lanes.ts'
import { type CloudObject, type Effect, type Fields, Refusal } from '../../stand-in/model.ts'
import type { Mutation } from '../../stand-in/mutations.ts'
import type { Switches } from './switches.ts'
import { TYPES } from './types.ts'

/** A change that the cloud has accepted. */
interface Accepting {
  readonly method: string
  readonly url: string
  readonly body: unknown
  /** The first is what the request is about. */
  readonly targets: readonly CloudObject[]
  readonly action: Mutation['action']
  readonly done: readonly Effect[]
  readonly failed?: readonly Effect[]
  readonly fails?: string | undefined
}

/** Objects that change by requests: each takes its time, one after the other in a data center. */
export class IonosCloud extends Ground<Switches> {
  /** Where it is reached. */
  origin = ''

  constructor(options: GroundOptions<Switches>) {
    super(TYPES, options)
  }

  /** A new object, not built yet. */
  draft(type: string, fields: Fields, id: string = randomUUID()): CloudObject {
    const known = { tag: '', name: String(fields['name'] ?? ''), labels: {}, metadata: {}, clientToken: '', createdAt: this.time }
    return this.store.put({ id, type, seq: this.store.lastSeq + 1, ...known, state: 'ready', fields }, this.time)
  }

  /** Answers the id of the request. */
  accept({ method, url, body, targets, action, done, failed = [], fails }: Accepting): string {
    const [first] = targets
    if (first === undefined) throw new Error('a request is about something')
    const dc = this.#dataCenterOf(first)
    const lane = this.switches.serial ? dc?.id : undefined
    const operation = this.operation('RUNNING', first.type, lane, fails)
    const ids = [...targets.map(({ id }) => id), ...(dc === undefined ? [] : [dc.id])]
    const fields = { method, url, body: JSON.stringify(body ?? {}), _targets: ids, _about: first.id, _type: first.type }
    const request = { ...this.draft('requests', fields), state: 'changing' as const }
    const put = this.store.put({ ...request, operation: { ...operation, fields, ends: { done, failed } } }, this.time)
    this.memory.append(
      ...targets.map((target) => ({
        put: target,
        mutation: this.memory.note(target, this.time, { action, by: 'api', fields: Object.keys((body ?? {}) as object) }),
      })),
      { put },
    )
    this.settled(put)
    return put.id
  }

  /** QUEUED, RUNNING, DONE or FAILED. */
  statusOf({ operation, state }: CloudObject): string {
    if (operation) return isQueued(operation) ? 'QUEUED' : 'RUNNING'
    return state === 'failed' ? 'FAILED' : 'DONE'
  }

  /** Requests of an object that have not ended. */
  openRequests(id: string): readonly CloudObject[] {
    return this.store.users(id).filter((user) => user.type === 'requests' && user.operation !== undefined)
  }

  /** Whether customers can see it yet. */
  isVisible({ type, fields }: CloudObject): boolean {
    const { absentMs } = this.switches
    if (absentMs === 0 || type === 'requests' || type === 'datacenters') return true
    const builtAt = fields['_builtAt']
    return typeof builtAt === 'number' && this.time >= builtAt + absentMs
  }

  /** Changes that take no time. */
  atOnce(object: CloudObject, by: Mutation['by'], names: readonly string[]): CloudObject {
    return this.commit(object, { action: 'change', by, fields: names, endedAt: this.time })
  }

  /** Refuses, or answers why it will fail later, what the contract has no room for. */
  full(type: string): string | undefined {
    if (!this.isFull(type)) return undefined
    const words = `Resource limit exceeded: no more than ${this.conduct.quotas[type]} ${type} on this contract`
    if (!this.switches.failsLate) throw new Refusal(422, 'limit', words)
    return `[VDC-5-601] ${words}`
  }

  #dataCenterOf(object: CloudObject): CloudObject | undefined {
    if (object.type === 'datacenters') return object
    const parent = object.fields['_parent'] ?? object.fields['_datacenter']
    const above = typeof parent === 'string' ? this.store.get(parent) : undefined
    return above && this.#dataCenterOf(above)
  }
}
