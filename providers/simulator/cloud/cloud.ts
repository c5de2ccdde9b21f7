import { randomBytes } from 'node:crypto'
import { Ground, type GroundOptions } from '../../stand-in/ground.ts'
import { PUBLIC_TEMPLATES } from './catalogue.ts'
import type { Switches } from './characters.ts'
import { projectOf, refuseHeld, refusePublic, refuseUnknown, surroundings } from './checks.ts'
import { type Header, ofChange, ofCreation, parse, readHeader } from './header.ts'
import { type CloudObject, type Fields, type Operation, Refusal } from '../../stand-in/model.ts'
import type { TypeDefinition } from './model.ts'
import { type Mutation, replaced } from '../../stand-in/mutations.ts'
import { stateOf, typeIn } from './parts.ts'
import { TYPES } from './types.ts'

const ACTIONS = { start: 'on', stop: 'off', restart: 'on' } as const
export type Action = keyof typeof ACTIONS

export class Cloud extends Ground<Switches> {
  constructor(options: GroundOptions<Switches>) {
    super(TYPES, options)
  }

  create(type: string, body: unknown, by: Mutation['by']): { object: CloudObject; isNew: boolean } {
    const definition = this.type(type)
    const header = readHeader(body, this.switches)
    const { clientToken, metadata } = header
    const twin = clientToken === '' || !this.switches.clientTokens ? undefined : this.store.withToken(type, clientToken)
    if (twin) return { object: twin, isNew: false }
    const made: CloudObject[] = []
    const make = (kind: string, sent: Fields) => {
      const isPart = kind !== type
      const object = this.store.put(this.#make(kind, sent, isPart ? readHeader(sent, this.switches) : header, isPart), this.time)
      made.push(object)
      return object
    }
    try {
      const [object, ...parts] = definition.assemble?.(body, make) ?? [make(type, body as Fields)]
      if (!object) throw new Error(`${type}: nothing was made`)
      const sent = { ...(clientToken === '' ? {} : { clientToken }), ...(metadata ? { metadata } : {}) }
      this.memory.append(
        { put: object, mutation: this.memory.note(object, this.time, { action: 'create', by, ...sent }) },
        ...parts
          .map((part) => this.store.put({ ...part, madeWith: object.id }, this.time))
          .map((put) => ({
            put,
            mutation: this.memory.note(put, this.time, { action: 'create', by, with: object.id, metadata: put.metadata }),
          })),
      )
      return { object: this.settled(object), isNew: true }
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
    const { identity, labels = object.labels, metadata = {} } = readHeader(body, this.switches)
    const sent = ofChange(body)
    const next = { ...object, ...identity, labels, metadata: { ...object.metadata, ...metadata } }
    const did = { by, action: 'change', fields: Object.keys(body as object), ...replaced(object, identity) } as const
    if (by === 'admin') return this.commit({ ...next, fields: { ...object.fields, ...sent } }, { ...did, endedAt: this.time })
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
    return this.commit({ ...this.#anew(next), state: 'changing', operation: { ...operation, fields: { ...fields, ...first } } }, did)
  }

  act(id: string, action: Action, body: unknown): CloudObject {
    const object = this.find(id)
    this.refuseBusy(object)
    if (object.type !== 'servers') throw new Refusal(405, 'no_such_action', `${object.type} cannot ${action}`)
    const isOn = object.fields['power'] === 'on'
    if (isOn !== (action !== 'start')) throw new Refusal(409, 'wrong_power_state', `server ${id} is ${isOn ? 'on' : 'off'}`)
    const { metadata = {} } = readHeader(body ?? {}, this.switches)
    const operation = this.#operation(object, { start: 'starting', stop: 'stopping', restart: 'restarting' }[action])
    const boots = Number(object.fields['boots']) + (action === 'stop' ? 0 : 1)
    const fields = { ...object.fields, power: ACTIONS[action], power_changed_at: operation.endsAt, boots }
    return this.commit({ ...this.#anew(object), state: 'changing', operation: { ...operation, fields, metadata } }, { by: 'api', action })
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
    this.memory.append(
      { put: stored, mutation: this.memory.note(stored, this.time, { by: 'api', action: 'delete' }) },
      ...along.map((one) => ({ mutation: this.memory.note(one, this.time, { by: 'api', action: 'delete', with: id }, true) })),
    )
    return this.settled(stored)
  }

  /** Gone at once, whatever uses it. */
  override vanish(id: string): void {
    refusePublic(this.find(id))
    super.vanish(id)
  }

  override find(id: string): CloudObject {
    return PUBLIC_TEMPLATES.get(id) ?? super.find(id)
  }

  /** Fields as customers see them. */
  viewOf(object: CloudObject): Fields {
    const { view } = this.type(object.type)
    return view?.(object.fields, this.#surroundings(object.seq, object.id)) ?? object.fields
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
    const kept = { clientToken: this.switches.clientTokens ? clientToken : '', createdAt: this.time }
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
      if (!(thrown instanceof Refusal) || !this.switches.failsLate) throw thrown
      return { fields: sent, fails: `${thrown.code}: ${thrown.message}` }
    }
  }

  #operation({ id, type, fields }: Pick<CloudObject, 'id' | 'type' | 'fields'>, name: string, refused?: string): Operation {
    const lane = this.switches.serial ? projectOf(this.store, fields) : undefined
    if (lane !== undefined && this.store.lanes.ahead(lane, id) > this.switches.queueLength)
      throw new Refusal(423, 'locked', `too many operations wait in ${lane}; try again later`)
    return this.operation(name, type, lane, refused)
  }

  /** The object as a new operation finds it. */
  #anew(object: CloudObject): CloudObject {
    const { error: _error, ...clean } = object
    return this.switches.forgetsErrors ? clean : object
  }

  /** A type as it is here; refuses what is not sold. */
  type(type: string): TypeDefinition {
    return typeIn(type, TYPES[type], this.switches.parts)
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
    if (this.isFull(type))
      throw new Refusal(this.switches.quotaStatus, 'quota_exceeded', `quota of ${this.conduct.quotas[type]} ${type} reached`)
  }

  #surroundings(seq: number, self: string | undefined) {
    return surroundings(this.store, { seq, self, isStrict: this.conduct.strict, now: this.time })
  }
}
