import { randomBytes } from 'node:crypto'
import * as z from 'zod'
import { type Journal, type Mutation, NO_JOURNAL, openJournal } from './journal.ts'
import { type CloudObject, type Fields, type Operation, Refusal, type Surroundings, type TypeDefinition } from './model.ts'
import { linksOf, Store } from './store.ts'
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

const text = z.record(z.string().max(512), z.string().max(4096))
const common = { tag: z.string().max(255), labels: text, metadata: text }
const header = z.object({ client_token: z.string().max(128), name: z.string().max(255), ...common }).partial()
const MUTATIONS_KEPT = 100_000
const NEVER = 8.64e15
const ACTIONS = { start: 'on', stop: 'off', restart: 'on' } as const
export type Action = keyof typeof ACTIONS

export class Cloud {
  readonly conduct: Conduct
  readonly mutations: Mutation[] = []
  readonly store = new Store()
  readonly #journal: Journal
  readonly #now: () => number
  /** Error that the next operation of a request ends in, or `hang`. Set by fault injection for one request. */
  sabotage: { readonly fails?: string; readonly hangs?: boolean } | undefined
  #mutationSeq = 0

  constructor(options: { conduct: Conduct; stateDir?: string; now?: () => number }) {
    this.conduct = options.conduct
    this.#now = options.now ?? Date.now
    this.#journal =
      options.stateDir === undefined
        ? NO_JOURNAL
        : openJournal(
            options.stateDir,
            (entry) => {
              if (entry.put) this.store.put(entry.put)
              if (entry.removed !== undefined) this.store.remove(entry.removed)
              if (entry.mutation) this.#note(entry.mutation)
              if (entry.finished) this.store.settle(Infinity)
            },
            () => this.#everything(),
          )
    this.settle()
  }

  settle(): void {
    this.store.settle(this.#now())
  }

  create(type: string, body: unknown, by: Mutation['by']): { object: CloudObject; isNew: boolean } {
    const definition = definitionOf(type)
    const { client_token: clientToken = '', name = '', tag = '', labels = {}, metadata = {} } = parse(header, body)
    const known = clientToken === '' ? undefined : this.store.withToken(type, clientToken)
    if (known) return { object: known, isNew: false }
    const quota = this.conduct.quotas[type]
    if (quota !== undefined && this.store.all(type).size >= quota)
      throw new Refusal(422, 'quota_exceeded', `quota of ${quota} ${type} reached`)
    const sent = parse(definition.create, strip(body, ['client_token', 'name', ...Object.keys(common)]))
    this.#checkLinks(type, sent, {})
    const seq = this.store.lastSeq + 1
    const id = `${definition.prefix}-${randomBytes(6).toString('hex')}`
    const fields = definition.complete?.(sent, this.#surroundings(seq, undefined), undefined) ?? sent
    const operation = this.#operation(type, 'building')
    const built = { ...fields, ...definition.built?.(fields, operation.endsAt) }
    return {
      object: this.#commit(
        {
          id,
          type,
          seq,
          tag,
          name,
          labels,
          metadata,
          clientToken,
          createdAt: this.#now(),
          state: 'building',
          operation: { ...operation, fields: built },
          fields,
        },
        { action: 'create', by },
      ),
      isNew: true,
    }
  }

  change(id: string, body: unknown, by: Mutation['by']): CloudObject {
    const object = this.find(id)
    const definition = definitionOf(object.type)
    if (by === 'api') refuseBusy(object)
    const { tag = object.tag, labels = object.labels, metadata = {} } = parse(header, body)
    const sent = strip(body, Object.keys(common))
    const wanted = by === 'admin' ? sent : parse(definition.change, sent)
    if (by === 'api') this.#checkLinks(object.type, wanted, object.fields)
    const merged = { ...object.fields, ...wanted }
    const fields = by === 'admin' ? merged : (definition.complete?.(merged, this.#surroundings(object.seq, id), object) ?? merged)
    const all = { ...object.metadata, ...metadata }
    const asked = { by, action: 'change', fields: Object.keys(body as object) } as const
    if (by === 'admin') return this.#commit({ ...object, tag, labels, metadata: all, fields }, asked)
    const first = object.state === 'failed' ? definition.built?.(fields, this.#now()) : undefined
    const operation = { ...this.#operation(object.type, 'changing'), fields: { ...fields, ...first } }
    return this.#commit({ ...object, tag, labels, metadata: all, state: 'changing', operation }, asked)
  }

  act(id: string, action: Action, body: unknown): CloudObject {
    const object = this.find(id)
    refuseBusy(object)
    if (object.type !== 'servers') throw new Refusal(405, 'no_such_action', `${object.type} cannot ${action}`)
    const isOn = object.fields['power'] === 'on'
    if (isOn !== (action !== 'start')) throw new Refusal(409, 'wrong_power_state', `server ${id} is ${isOn ? 'on' : 'off'}`)
    const { metadata = {} } = parse(header, body ?? {})
    const operation = this.#operation('servers', { start: 'starting', stop: 'stopping', restart: 'restarting' }[action])
    const boots = Number(object.fields['boots']) + (action === 'stop' ? 0 : 1)
    const fields = { ...object.fields, power: ACTIONS[action], power_changed_at: operation.endsAt, boots }
    return this.#commit({ ...object, state: 'changing', operation: { ...operation, fields, metadata } }, { by: 'api', action })
  }

  delete(id: string): CloudObject {
    const object = this.find(id)
    if (object.state === 'deleting') return object
    const holder = this.store
      .users(id)
      .find((user) =>
        linksOf(user.type, { ...user.fields, ...user.operation?.fields }).some(
          (named) => named.id === id && named.link.onDelete === 'hold',
        ),
      )
    if (holder) throw new Refusal(409, 'in_use', `${id} is in use by ${holder.id}`)
    return this.#commit(
      { ...object, state: 'deleting', operation: this.#operation(object.type, 'deleting') },
      { by: 'api', action: 'delete' },
    )
  }

  /** Gone at once, whatever uses it. */
  vanish(id: string): void {
    const object = this.find(id)
    this.store.remove(id)
    this.#journal.append({ removed: id, mutation: this.#note(this.#mutation(object, { by: 'admin', action: 'delete' })) })
  }

  /** Ends everything under way at once, stuck operations too. */
  finish(): void {
    this.store.settle(Infinity)
    this.#journal.append({ finished: true })
  }

  find(id: string): CloudObject {
    const object = this.store.get(id)
    if (!object) throw new Refusal(404, 'not_found', `${id} does not exist`)
    return object
  }

  /** Wire form. */
  show(object: CloudObject): Fields {
    const fields = TYPES[object.type]?.view?.(object.fields, this.#surroundings(object.seq, object.id)) ?? object.fields
    const { id, tag, name, labels, metadata, state, error, operation } = object
    return { ...fields, id, tag, name, labels, metadata, state, error, operation: operation?.name, created_at: object.createdAt }
  }

  close(): void {
    this.#journal.close()
  }

  #commit(object: CloudObject, did: Pick<Mutation, 'action' | 'by' | 'fields'>): CloudObject {
    this.store.put(object)
    this.#journal.append({ put: object, mutation: this.#note(this.#mutation(object, did)) })
    this.settle()
    return this.store.get(object.id) ?? object
  }

  #mutation(object: CloudObject, did: Pick<Mutation, 'action' | 'by' | 'fields'>): Mutation {
    return { seq: this.#mutationSeq + 1, at: this.#now(), ...did, type: object.type, id: object.id, tag: object.tag }
  }

  #note(mutation: Mutation): Mutation {
    this.#mutationSeq = mutation.seq
    this.mutations.push(mutation)
    if (this.mutations.length > MUTATIONS_KEPT * 1.1) this.mutations.splice(0, this.mutations.length - MUTATIONS_KEPT)
    return mutation
  }

  #operation(type: string, name: string): Operation {
    const latencyMs = this.conduct.latencyByType[type] ?? this.conduct.latencyMs
    const { fails, hangs } = this.sabotage ?? {}
    this.sabotage = undefined
    return { name, endsAt: hangs ? NEVER : this.#now() + latencyMs, ...(fails === undefined ? {} : { fails }) }
  }

  /** What is named for the first time must exist. */
  #checkLinks(type: string, sent: Fields, before: Fields): void {
    const known = new Set(linksOf(type, before).map((named) => named.id))
    for (const { id, field, link } of linksOf(type, sent)) {
      const target = this.store.get(id)
      if (known.has(id)) continue
      if (!target || !link.to.includes(target.type)) throw new Refusal(422, 'no_such_object', `${field}: ${id} does not exist`)
      if (target.state === 'deleting') throw new Refusal(422, 'no_such_object', `${field}: ${id} is being deleted`)
    }
  }

  #surroundings(seq: number, self: string | undefined): Surroundings {
    return {
      find: (id) => this.store.get(id),
      isTaken: (pool, key) => this.store.isOccupied(pool, key, self),
      users: (id, type) => this.store.users(id).filter((user) => user.type === type),
      seq,
      isStrict: this.conduct.strict,
      now: this.#now(),
    }
  }

  *#everything() {
    for (const type of this.store.types) for (const put of this.store.all(type).values()) yield { put }
    for (const mutation of this.mutations) yield { mutation }
  }
}

function definitionOf(type: string): TypeDefinition {
  const definition = TYPES[type]
  if (!definition) throw new Refusal(404, 'no_such_type', `there is no ${type} here`)
  return definition
}

function refuseBusy(object: CloudObject): void {
  if (object.operation) throw new Refusal(409, 'busy', `${object.id} is ${object.operation.name}`)
}

function parse<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new Refusal(422, 'invalid', `${issue?.path.join('.') || 'body'}: ${issue?.message}`)
}

function strip(body: unknown, keys: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(body as object).filter(([key]) => !keys.includes(key)))
}
