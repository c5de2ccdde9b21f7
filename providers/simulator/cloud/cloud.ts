import { randomBytes } from 'node:crypto'
import { type Switches, switchesOf } from './characters.ts'
import { known, projectOf, refuseHeld, refusePublic, refuseUnknown, surroundings } from './checks.ts'
import { type Header, ofChange, ofCreation, parse, readHeader } from './header.ts'
import { NEVER } from './lanes.ts'
import { type Did, Memory } from './memory.ts'
import { type CloudObject, type Fields, type Operation, Refusal, type TypeDefinition } from './model.ts'
import { type Mutation, replaced } from './mutations.ts'
import { stateOf, typeIn } from './parts.ts'
import { Past } from './past.ts'
import { TYPES } from './types.ts'

/** How the cloud behaves; all of it can be changed while it runs. */
interface Conduct {
  /** How long an operation takes, in milliseconds. */
  latencyMs: number
  /** Exceptions, by type. */
  latencyByType: Record<string, number>
  /** Objects allowed, by type. */
  quotas: Record<string, number>
  /** Refuse second attachments, and addresses and blocks given twice. */
  strict: boolean
}

interface CloudOptions {
  readonly conduct: Conduct
  readonly switches?: Switches
  /** Name of the account; default: what it was, at first a random one. */
  readonly account?: string | undefined
  readonly stateDir?: string | undefined
  readonly now?: () => number
}

const ACTIONS = { start: 'on', stop: 'off', restart: 'on' } as const
export type Action = keyof typeof ACTIONS

export class Cloud {
  readonly conduct: Conduct
  readonly #memory: Memory
  readonly #now: () => number
  #switches: Switches = switchesOf([])
  /** What the next operation of a request ends in. Set by fault injection for one request. */
  sabotage: { readonly fails?: string; readonly hangs?: true } | undefined
  /** Milliseconds since the epoch; stands still during a request, so that a replay of the journal runs alike. */
  time: number

  constructor(options: CloudOptions) {
    this.conduct = options.conduct
    this.#now = options.now ?? Date.now
    this.time = this.#now()
    this.#memory = new Memory(options.stateDir, options.account)
    this.switches = options.switches ?? this.#switches
    this.settle()
  }

  get store() {
    return this.#memory.store
  }

  get mutations() {
    return this.#memory.mutations
  }

  get account(): string {
    return this.#memory.account
  }

  get switches(): Switches {
    return this.#switches
  }

  set switches(switches: Switches) {
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

  create(type: string, body: unknown, by: Mutation['by']): { object: CloudObject; isNew: boolean } {
    const definition = this.type(type)
    const header = readHeader(body, this.#switches)
    const { clientToken, metadata } = header
    const twin = clientToken === '' || !this.#switches.clientTokens ? undefined : this.store.withToken(type, clientToken)
    if (twin) return { object: twin, isNew: false }
    const made: CloudObject[] = []
    const make = (kind: string, sent: Fields) => {
      const isPart = kind !== type
      const object = this.store.put(this.#make(kind, sent, isPart ? readHeader(sent, this.#switches) : header, isPart), this.time)
      made.push(object)
      return object
    }
    try {
      const [object, ...parts] = definition.assemble?.(body, make) ?? [make(type, body as Fields)]
      if (!object) throw new Error(`${type}: nothing was made`)
      const sent = { ...(clientToken === '' ? {} : { clientToken }), ...(metadata ? { metadata } : {}) }
      this.#memory.append(
        { put: object, mutation: this.#memory.note(object, this.time, { action: 'create', by, ...sent }) },
        ...parts
          .map((part) => this.store.put({ ...part, madeWith: object.id }, this.time))
          .map((put) => ({
            put,
            mutation: this.#memory.note(put, this.time, { action: 'create', by, with: object.id, metadata: put.metadata }),
          })),
      )
      return { object: this.#settled(object), isNew: true }
    } catch (thrown) {
      for (const object of made) this.store.remove(object.id, this.time)
      throw thrown
    }
  }

  change(id: string, body: unknown, by: Mutation['by']): CloudObject {
    const object = this.find(id)
    refusePublic(object)
    const definition = this.type(object.type)
    if (by === 'api') this.refuseBusy(object)
    const { identity, labels = object.labels, metadata = {} } = readHeader(body, this.#switches)
    const sent = ofChange(body)
    const next = { ...object, ...identity, labels, metadata: { ...object.metadata, ...metadata } }
    const did = { by, action: 'change', fields: Object.keys(body as object), ...replaced(object, identity) } as const
    if (by === 'admin') return this.#commit({ ...next, fields: { ...object.fields, ...sent } }, { ...did, endedAt: this.time })
    const wanted = parse(definition.change, sent)
    const merged = { ...object.fields, ...wanted }
    // What never came to be is made now: all of it is checked, and completed.
    const before = object.unbuilt ? undefined : object
    const { fields, fails } = this.#checked(merged, () => {
      refuseUnknown(this.store, object.type, before ? wanted : merged, before?.fields ?? {})
      return definition.complete?.(merged, this.#surroundings(object.seq, id), before) ?? merged
    })
    const operation = this.#operation(object, 'changing', fails)
    const first = object.state === 'failed' && fails === undefined ? definition.built?.(fields, operation.endsAt) : undefined
    return this.#commit({ ...this.#anew(next), state: 'changing', operation: { ...operation, fields: { ...fields, ...first } } }, did)
  }

  act(id: string, action: Action, body: unknown): CloudObject {
    const object = this.find(id)
    this.refuseBusy(object)
    if (object.type !== 'servers') throw new Refusal(405, 'no_such_action', `${object.type} cannot ${action}`)
    const isOn = object.fields['power'] === 'on'
    if (isOn !== (action !== 'start')) throw new Refusal(409, 'wrong_power_state', `server ${id} is ${isOn ? 'on' : 'off'}`)
    const { metadata = {} } = readHeader(body ?? {}, this.#switches)
    const operation = this.#operation(object, { start: 'starting', stop: 'stopping', restart: 'restarting' }[action])
    const boots = Number(object.fields['boots']) + (action === 'stop' ? 0 : 1)
    const fields = { ...object.fields, power: ACTIONS[action], power_changed_at: operation.endsAt, boots }
    return this.#commit({ ...this.#anew(object), state: 'changing', operation: { ...operation, fields, metadata } }, { by: 'api', action })
  }

  /** Deletes an object with its parts, and the volumes of a server where that is asked for. */
  delete(id: string, withVolumes = false): CloudObject {
    const object = this.find(id)
    refusePublic(object)
    if (this.#stateOf(object).state === 'deleting') return object
    if (object.madeWith !== undefined) this.refuseBusy(object)
    refuseHeld(this.store, object)
    const volumes = withVolumes ? [object.fields['boot_volume'], object.fields['data_volumes']].flat().map(String) : []
    const disks = volumes.flatMap((volume) => this.store.get(volume) ?? [])
    for (const disk of disks) refuseHeld(this.store, disk, id)
    const operation = { ...this.#operation(object, 'deleting'), ...(disks.length > 0 ? { takes: disks.map((disk) => disk.id) } : {}) }
    const along = [...this.store.parts(id), ...disks]
    const stored = this.store.put({ ...object, state: 'deleting', operation }, this.time)
    this.#memory.append(
      { put: stored, mutation: this.#memory.note(stored, this.time, { by: 'api', action: 'delete' }) },
      ...along.map((one) => ({ mutation: this.#memory.note(one, this.time, { by: 'api', action: 'delete', with: id }, true) })),
    )
    return this.#settled(stored)
  }

  /** Gone at once, whatever uses it. */
  vanish(id: string): void {
    const object = this.find(id)
    refusePublic(object)
    const gone = [object, ...this.store.parts(id)]
    const did = { by: 'admin', action: 'delete', endedAt: this.time } as const
    const mutations = gone.map((one) => this.#memory.note(one, this.time, one.id === id ? did : { ...did, with: id }))
    this.store.remove(id, this.time)
    this.#memory.append(...mutations.map((mutation) => ({ mutation })), { removed: id })
  }

  /** Ends everything under way at once, stuck operations too. */
  finish(): void {
    this.store.settle(Infinity, this.time)
    this.#memory.append({ finished: this.time })
  }

  find(id: string): CloudObject {
    const object = known(this.store, id)
    if (!object) throw new Refusal(404, 'not_found', `${id} does not exist`)
    return object
  }

  /** Fields as customers see them. */
  viewOf(object: CloudObject): Fields {
    const { view } = this.type(object.type)
    return view?.(object.fields, this.#surroundings(object.seq, object.id)) ?? object.fields
  }

  close(): void {
    this.#memory.close()
  }

  #make(type: string, body: Fields, header: Header, isPart: boolean): CloudObject {
    const definition = this.type(type)
    const { clientToken, name, identity, labels = {}, metadata = {} } = header
    const sent = parse(definition.create, ofCreation(body))
    const seq = this.store.lastSeq + 1
    const { fields, fails } = this.#checked(sent, () => {
      this.#checkQuota(type)
      refuseUnknown(this.store, type, sent, {})
      return definition.complete?.(sent, this.#surroundings(seq, undefined), undefined) ?? sent
    })
    const id = `${definition.prefix}-${randomBytes(6).toString('hex')}`
    const kept = { clientToken: this.#switches.clientTokens ? clientToken : '', createdAt: this.time }
    const draft = {
      id,
      type,
      seq,
      tag: '',
      ...identity,
      name,
      labels,
      metadata,
      ...kept,
      fields,
      ...(fails === undefined ? {} : { unbuilt: true as const }),
    }
    const built = (endsAt: number) => ({ ...fields, ...(fails === undefined ? definition.built?.(fields, endsAt) : {}) })
    if (isPart)
      return fails === undefined ? { ...draft, state: 'ready', fields: built(this.time) } : { ...draft, state: 'failed', error: fails }
    const operation = this.#operation(draft, 'building', fails)
    return { ...draft, state: 'building', operation: { ...operation, fields: built(operation.endsAt) } }
  }

  /** Fields that the rest of the cloud agrees with. Where failures come late, what does not is accepted as sent, to fail in the end. */
  #checked(sent: Fields, check: () => Fields): { fields: Fields; fails?: string } {
    try {
      return { fields: check() }
    } catch (thrown) {
      if (!(thrown instanceof Refusal) || !this.#switches.failsLate) throw thrown
      return { fields: sent, fails: `${thrown.code}: ${thrown.message}` }
    }
  }

  #commit(object: CloudObject, did: Did): CloudObject {
    const put = this.store.put(object, this.time)
    this.#memory.append({ put, mutation: this.#memory.note(put, this.time, did) })
    return this.#settled(put)
  }

  /** An object after what takes no time. */
  #settled(object: CloudObject): CloudObject {
    this.store.settle(this.time)
    return this.store.get(object.id) ?? object
  }

  #operation({ id, type, fields }: Pick<CloudObject, 'id' | 'type' | 'fields'>, name: string, refused?: string): Operation {
    const lane = this.#switches.serial ? projectOf(this.store, fields) : undefined
    if (lane !== undefined && this.store.lanes.ahead(lane, id) > this.#switches.queueLength)
      throw new Refusal(423, 'locked', `too many operations wait in ${lane}; try again later`)
    const takesMs = this.conduct.latencyByType[type] ?? this.conduct.latencyMs
    const { fails = refused, hangs } = this.sabotage ?? {}
    this.sabotage = undefined
    const end = hangs ? { endsAt: NEVER, hangs } : { endsAt: this.time + takesMs }
    return { name, ...end, ...(fails === undefined ? {} : { fails }), ...(lane === undefined ? {} : { lane, takesMs }) }
  }

  /** The object as a new operation finds it. */
  #anew(object: CloudObject): CloudObject {
    const { error: _error, ...clean } = object
    return this.#switches.forgetsErrors ? clean : object
  }

  /** A type as it is here; refuses what is not sold. */
  type(type: string): TypeDefinition {
    return typeIn(type, TYPES[type], this.#switches.parts)
  }

  #stateOf(object: CloudObject) {
    return stateOf(object, (id) => this.store.get(id))
  }

  /** What is under way must end before something else begins. */
  refuseBusy(object: CloudObject): void {
    const { operation } = this.#stateOf(object)
    if (operation) throw new Refusal(409, 'busy', `${object.id} is ${operation.name}`)
  }

  #checkQuota(type: string): void {
    const quota = this.conduct.quotas[type]
    if (quota !== undefined && this.store.all(type).size >= quota)
      throw new Refusal(this.#switches.quotaStatus, 'quota_exceeded', `quota of ${quota} ${type} reached`)
  }

  #surroundings(seq: number, self: string | undefined) {
    return surroundings(this.store, { seq, self, isStrict: this.conduct.strict, now: this.time })
  }
}
