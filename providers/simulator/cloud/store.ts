import { IndexSet, Schedule } from './index-set.ts'
import type { CloudObject, Fields } from './model.ts'
import { TYPES } from './types.ts'

/** All objects with the lookups that a cloud has: by tag, by client token, by who uses what, by what is occupied. */
export class Store {
  readonly #objects = new Map<string, CloudObject>()
  readonly #types = new Map<string, Map<string, CloudObject>>()
  readonly #tags = new IndexSet()
  readonly #tokens = new IndexSet()
  readonly #users = new IndexSet()
  readonly #occupied = new IndexSet()
  readonly #due = new Schedule()
  lastSeq = 0

  get(id: string): CloudObject | undefined {
    return this.#objects.get(id)
  }

  /** Objects of a type, oldest first. */
  all(type: string): ReadonlyMap<string, CloudObject> {
    return this.#types.get(type) ?? new Map()
  }

  get types(): readonly string[] {
    return Object.keys(TYPES)
  }

  tagged(type: string, tag: string): readonly CloudObject[] {
    return this.#found(this.#tags.get(tag)).filter((object) => object.type === type)
  }

  withToken(type: string, clientToken: string): CloudObject | undefined {
    return this.#found(this.#tokens.get(`${type} ${clientToken}`))[0]
  }

  /** Objects that name `id` in a field, now or after the operation under way. */
  users(id: string): readonly CloudObject[] {
    return this.#found(this.#users.get(id))
  }

  isOccupied(pool: string, key: string, self: string | undefined): boolean {
    const holders = this.#occupied.get(`${pool} ${key}`)
    return holders.size > (self !== undefined && holders.has(self) ? 1 : 0)
  }

  put(object: CloudObject): void {
    const before = this.#objects.get(object.id)
    if (before) this.#index(before, 'delete')
    this.#objects.set(object.id, object)
    const type = this.#types.get(object.type) ?? new Map<string, CloudObject>()
    this.#types.set(object.type, type.set(object.id, object))
    this.#index(object, 'add')
    if (object.operation && object.operation !== before?.operation) this.#due.add(object.operation.endsAt, object.id)
    this.lastSeq = Math.max(this.lastSeq, object.seq)
  }

  /** Removes an object and empties the fields that named it, where the type says so. */
  remove(id: string): void {
    const object = this.#objects.get(id)
    if (!object) return
    this.#index(object, 'delete')
    this.#objects.delete(id)
    this.#types.get(object.type)?.delete(id)
    for (const user of this.users(id)) this.put(without(user, id))
  }

  /** Ends all operations that are due. */
  settle(now: number): void {
    for (let id = this.#due.next(now); id !== undefined; id = this.#due.next(now)) {
      const object = this.#objects.get(id)
      if (!object?.operation || object.operation.endsAt > now) continue
      const { operation, error: _error, ...rest } = object
      if (operation.fails !== undefined) this.put({ ...rest, state: 'failed', error: operation.fails })
      else if (!operation.fields) this.remove(id)
      else this.put({ ...rest, state: 'ready', fields: operation.fields, metadata: { ...object.metadata, ...operation.metadata } })
    }
  }

  #found(ids: ReadonlySet<string>): CloudObject[] {
    return Array.from(ids, (id) => this.#objects.get(id)).filter((object) => object !== undefined)
  }

  #index(object: CloudObject, change: 'add' | 'delete'): void {
    if (object.tag !== '') this.#tags[change](object.tag, object.id)
    if (object.clientToken !== '') this.#tokens[change](`${object.type} ${object.clientToken}`, object.id)
    const type = TYPES[object.type]
    for (const fields of [object.fields, object.operation?.fields]) {
      if (!fields || !type) continue
      for (const named of linksOf(object.type, fields)) this.#users[change](named.id, object.id)
      const occupied = type.occupies?.(fields)
      for (const key of occupied?.keys ?? []) this.#occupied[change](`${occupied?.pool} ${key}`, object.id)
    }
  }
}

/** Ids that an object's fields name. */
export function linksOf(type: string, fields: Fields) {
  return Object.entries(TYPES[type]?.links ?? {}).flatMap(([field, link]) =>
    [fields[field]].flat().flatMap((id) => (typeof id === 'string' ? [{ id, field, link }] : [])),
  )
}

function without(user: CloudObject, id: string): CloudObject {
  const clear = (fields: Fields): Fields => {
    const changes = linksOf(user.type, fields)
      .filter((named) => named.id === id && named.link.onDelete !== 'keep')
      .map(({ field }) => [field, Array.isArray(fields[field]) ? fields[field].filter((one) => one !== id) : null])
    return changes.length === 0 ? fields : { ...fields, ...Object.fromEntries(changes) }
  }
  const operation = user.operation?.fields ? { ...user.operation, fields: clear(user.operation.fields) } : user.operation
  return { ...user, fields: clear(user.fields), ...(operation ? { operation } : {}) }
}
