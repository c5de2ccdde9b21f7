import { randomBytes } from 'node:crypto'
import { Ground, type GroundOptions } from '../../stand-in/ground.ts'
import { type CloudObject, type Fields, Refusal } from '../../stand-in/model.ts'
import type { Mutation } from '../../stand-in/mutations.ts'
import { actions } from './actions.ts'
import { MAKERS, type Making } from './make.ts'
import { inTransit, notReady, Wrong } from './problem.ts'
import { uriOf } from './show.ts'
import type { Switches } from './switches.ts'
import { TYPES } from './types.ts'
import type { View } from './view.ts'

const NAME_LENGTH = 4
const TAG = /^[A-Za-z0-9-]{4,30}$/
const LOCATION = 'ITBG-Bergamo'

/** What a request says of an object. */
interface Sent {
  readonly metadata?: {
    readonly name?: string
    readonly tags?: readonly string[] | null
    readonly location?: { readonly value?: string } | null
  }
  readonly properties?: Fields | null
}

/** What is gone, and may still be shown. */
interface Grave {
  readonly object: CloudObject
  readonly endsAt: number
}

/** The cloud: projects, and what is in them. */
export class Cloud extends Ground<Switches> implements View {
  readonly #graves = new Map<string, Grave>()

  constructor(options: GroundOptions<Switches>) {
    super(TYPES, options)
  }

  /** Makes an object; `place` has the ids of what it is in, by field. */
  create(type: string, place: Fields, body: unknown, by: Mutation['by'] = 'api'): CloudObject {
    const { metadata = {}, properties } = (body ?? {}) as Sent
    for (const id of Object.values(place)) if (this.find(String(id)).state === 'deleting') throw notReady('the parent is being deleted')
    const name = this.#name(metadata)
    const tags = tagsIn(metadata)
    if (type !== 'projects') this.#location(metadata)
    if (this.isFull(type)) throw new Wrong('Quota', `the quota of ${this.conduct.quotas[type]} ${type} is reached`)
    const unsettled: string[] = []
    const making: Making = { cloud: this, sent: properties ?? {}, place, unsettled: (object) => unsettled.push(uriOf(this, object)) }
    const fields = { ...place, ...MAKERS[type]?.(making), tags }
    const [parent] = Object.entries(place).flatMap(([field, id]) => (field === 'project' ? [] : [this.find(String(id))]))
    if (parent?.operation !== undefined) throw notReady(`${parent.type} ${parent.id} is not ready`)
    if (unsettled.length > 0 && !this.switches.failsUnsettled) throw notReady(`${unsettled.join(', ')} is not ready`)
    const fails = unsettled.length > 0 ? `${unsettled.join(', ')} was not in a final state` : undefined
    const id = randomBytes(12).toString('hex')
    const base = { id, type, seq: this.store.lastSeq + 1, name, ...marksIn(tags), labels: {}, metadata: {}, clientToken: '' }
    const draft = { ...base, createdAt: this.time, fields }
    if (type === 'projects') return this.commit({ ...draft, state: 'ready' }, { action: 'create', by, endedAt: this.time })
    const operation = { ...this.operation('InCreation', type, undefined, fails), fields }
    return this.commit({ ...draft, state: 'building', operation }, { action: 'create', by })
  }

  change(id: string, body: unknown): CloudObject {
    const object = this.find(id)
    const { metadata = {}, properties } = (body ?? {}) as Sent
    const { type } = object
    if (type === 'keyPairs') throw new Refusal(405, 'method_not_allowed', 'Method Not Allowed')
    this.#refuseTransit(object)
    if (type === 'cloudServers') throw new Wrong('BootVolume', 'BootVolume in use')
    if (type === 'securityRules' && (metadata.location !== undefined || properties)) throw new Wrong('Location', 'Location Invalid')
    if (type !== 'projects' && type !== 'securityRules') this.#location(metadata)
    const tags = tagsIn(metadata)
    const fields = { ...object.fields, ...this.#changed(object, properties ?? {}), tags }
    const next = { ...object, name: this.#name(metadata), ...marksIn(tags) }
    const did = { by: 'api', action: 'change', fields: Object.keys(properties ?? {}) } as const
    if (type === 'projects') return this.commit({ ...next, fields }, { ...did, endedAt: this.time })
    return this.commit({ ...next, state: 'changing', operation: { ...this.operation('Updating', type), fields } }, did)
  }

  /** Changes fields at once and unchecked: somebody in the web console, who may do more than the API. */
  meddle(id: string, changes: Fields): CloudObject {
    const object = this.find(id)
    const { tags = object.fields['tags'] as readonly string[], ...fields } = changes as { tags?: readonly string[] } & Fields
    const next = { ...object, ...marksIn(tags), fields: { ...object.fields, ...fields, tags } }
    return this.commit(next, { by: 'admin', action: 'change', endedAt: this.time })
  }

  act(id: string, verb: string, body: unknown): CloudObject {
    const object = this.find(id)
    const action = object.type === 'cloudServers' ? actions[verb] : undefined
    if (action === undefined) throw new Refusal(404, 'not_found', 'Not Found')
    this.#refuseTransit(object)
    const { fields, state } = action(this, object, (body ?? {}) as Fields)
    const operation = { ...this.operation(state, object.type), fields: { ...object.fields, ...fields } }
    const word = { poweron: 'start', poweroff: 'stop' }[verb] ?? 'change'
    return this.commit({ ...object, state: 'changing', operation }, { by: 'api', action: word as Mutation['action'] })
  }

  /** `withBoot`: the boot volume of a server goes with it, as it does where nobody says otherwise. */
  delete(id: string, withBoot: boolean): CloudObject {
    const object = this.find(id)
    if (object.state === 'deleting') throw this.#again()
    if (object.state !== 'failed') this.#refuseTransit(object)
    this.#refuseHeld(object)
    if (object.type === 'projects') {
      this.memory.append(
        { mutation: this.memory.note(object, this.time, { by: 'api', action: 'delete', endedAt: this.time }) },
        { removed: id },
      )
      this.store.remove(id, this.time)
      return object
    }
    if (object.state === 'failed' && this.switches.keepsFailed && object.metadata['refused'] === undefined)
      return this.commit({ ...object, metadata: { refused: 'once' } }, { by: 'api', action: 'change', endedAt: this.time })
    const boot = object.type === 'cloudServers' && withBoot ? [String(object.fields['bootVolume'])] : []
    const slow = object.type === 'blockStorages' ? this.switches.volumeDeletionMs : null
    const under = { ...this.operation('Deleting', object.type), ...(boot.length === 0 ? {} : { takes: boot }) }
    const operation = slow === null || under.hangs ? under : { ...under, endsAt: this.time + slow }
    for (const one of [object, ...this.store.parts(id)]) this.#graves.set(one.id, { object: one, endsAt: operation.endsAt })
    const { error: _error, ...clean } = object
    return this.commit({ ...clean, state: 'deleting', operation }, { by: 'api', action: 'delete' })
  }

  /** What is gone and shown all the same. */
  grave(id: string): CloudObject | undefined {
    if (!this.switches.showsDeleted || this.store.get(id) !== undefined) return undefined
    return this.#graves.get(id)?.object
  }

  /** The same of a collection. */
  graves(type: string): readonly CloudObject[] {
    return [...this.#graves.values()].flatMap(({ object }) => (object.type === type ? (this.grave(object.id) ?? []) : []))
  }

  /** Deleting again what is gone already. */
  refuseGone(id: string): void {
    if (this.grave(id) !== undefined) throw this.#again()
  }

  /** What a URI names, in whatever case. */
  named(uri: string, type: string): CloudObject | undefined {
    const object = this.store.get(uri.split('/').at(-1) ?? '')
    if (object?.type !== type || object.state === 'deleting') return undefined
    return uriOf(this, object).toLowerCase() === uri.toLowerCase() ? object : undefined
  }

  /** The server that uses an object. */
  serverOf(id: string): CloudObject | undefined {
    return this.store.users(id).find(({ type }) => type === 'cloudServers')
  }

  /** Objects of a type that live in another one. */
  inside(type: string, field: string, id: unknown): readonly CloudObject[] {
    return [...this.store.all(type).values()].filter(({ fields }) => fields[field] === id)
  }

  unknownYet(uri: string): Refusal {
    return new Refusal(404, 'not_found', `${uri} could not be found`)
  }

  broken(): Refusal {
    return new Refusal(500, 'internal', 'An error occurred while processing your request.')
  }

  #again(): Refusal {
    const { secondDelete } = this.switches
    if (secondDelete === 400) return inTransit()
    return new Refusal(secondDelete, 'again', secondDelete === 404 ? 'Not Found' : 'Method Not Allowed')
  }

  #name({ name }: NonNullable<Sent['metadata']>): string {
    if (typeof name !== 'string' || name.length < NAME_LENGTH) throw new Wrong('Name', `must have at least ${NAME_LENGTH} characters`)
    return name
  }

  /** Words that mislead whoever forgot it. */
  #location({ location }: NonNullable<Sent['metadata']>): void {
    if (!location?.value) throw new Wrong('Size', 'invalid; DataCenter: invalid')
    if (location.value !== LOCATION) throw new Wrong('Location', `${location.value} does not exist`)
  }

  #refuseTransit({ operation }: CloudObject): void {
    if (operation !== undefined) throw inTransit()
  }

  /** What is in an object, or uses it, keeps it. */
  #refuseHeld(object: CloudObject): void {
    const { id, type, fields } = object
    if ((type === 'vpcs' || type === 'securityGroups' || type === 'subnets') && fields['default'] === true)
      throw new Wrong(type, 'the default one cannot be deleted without a new default')
    const holds = (user: CloudObject) =>
      this.store
        .linksOf(user.type, { ...user.fields, ...user.operation?.fields })
        .some((named) => named.id === id && named.link.onDelete === 'hold')
    const holder = this.store.users(id).find(holds)
    if (holder) throw notReady(`${type} ${id} is used by ${holder.type} ${holder.id}`)
    if (type === 'securityGroups' && this.switches.rulesHold && this.inside('securityRules', 'group', id).length > 0)
      throw notReady(`${type} ${id} has rules`)
    if (type === 'blockStorages' && !this.switches.orphansSnapshots && this.inside('snapshots', 'volume', id).length > 0)
      throw notReady(`${type} ${id} has snapshots`)
    if (type === 'snapshots' && this.store.get(String(fields['volume'])) === undefined)
      throw new Wrong('Volume', `the volume of snapshot ${id} does not exist`)
  }

  #changed({ type, fields }: CloudObject, sent: Fields): Fields {
    if (type === 'blockStorages') {
      const { sizeGb, billingPeriod, dataCenter, bootable } = sent
      if (sent['type'] !== undefined && sent['type'] !== fields['type']) throw new Wrong('Type', 'cannot be changed')
      if (dataCenter !== undefined && dataCenter !== fields['dataCenter']) throw new Wrong('DataCenter', 'cannot be changed')
      if (typeof sizeGb !== 'number' || sizeGb < Number(fields['sizeGb'])) throw new Wrong('SizeGb', 'can only grow')
      if (String(billingPeriod).toLowerCase() !== String(fields['billingPeriod']).toLowerCase())
        throw new Wrong('BillingPeriod', 'cannot be changed')
      return { sizeGb, bootable: this.switches.flipsBootable ? bootable === true : fields['bootable'] }
    }
    if (type === 'projects') return { description: sent['description'] ?? null, default: sent['default'] ?? false }
    const { default: isDefault } = sent
    return typeof isDefault === 'boolean' ? { default: isDefault } : {}
  }
}

function tagsIn({ tags }: NonNullable<Sent['metadata']>): readonly string[] {
  for (const tag of tags ?? []) if (!TAG.test(tag)) throw new Wrong('Tags', `${tag} must match ${TAG.source}`)
  return tags ?? []
}

/** Whose an object is, for audits. */
function marksIn(tags: readonly string[]) {
  const of = (prefix: string) => tags.find((tag) => tag.startsWith(prefix)) ?? ''
  return { tag: '', key: of('seca-'), owner: of('seci-') }
}
