import { IndexSet, Schedule } from './index-set.ts'
import { begun, Lanes } from './lanes.ts'
import { type CloudObject, type Effect, type Fields, markOf, marksOf, type StoredType } from './model.ts'
import type { Past } from './past.ts'

/** Told when what was under way of an object is done, failed, or has removed it. */
type OnEnd = (id: string, at: number, failed: string | undefined) => void

/** Everything that a cloud sells, by collection. */
export type StoredTypes = Readonly<Record<string, StoredType>>

/** All objects with the lookups that a cloud has: by tag or key, by client token, by who uses what, by what is occupied. */
export class Store {
  readonly #objects = new Map<string, CloudObject>()
  readonly #types = new Map<string, Map<string, CloudObject>>()
  readonly #marks = new IndexSet()
  readonly #tokens = new IndexSet()
  readonly #users = new IndexSet()
  readonly #occupied = new IndexSet()
  readonly #due = new Schedule()
  readonly lanes = new Lanes()
  readonly #definitions: StoredTypes
  readonly #onEnd: OnEnd
  /** Where reads lag behind writes: what they see. */
  past: Past | undefined
  lastSeq = 0

  constructor(types: StoredTypes, onEnd: OnEnd = () => undefined) {
    this.#definitions = types
    this.#onEnd = onEnd
  }

  get(id: string): CloudObject | undefined {
    return this.#objects.get(id)
  }

  /** Objects of a type, oldest first. */
  all(type: string): ReadonlyMap<string, CloudObject> {
    return this.#types.get(type) ?? new Map()
  }

  get types(): readonly string[] {
    return Object.keys(this.#definitions)
  }

  tagged(type: string, tag: string): readonly CloudObject[] {
    return this.carrying(markOf(type, 'tag', tag))
  }

  /** What carries a mark ({@link markOf}). */
  carrying(mark: string): readonly CloudObject[] {
    return this.#found(this.#marks.get(mark))
  }

  /** Ids of that. */
  marked(mark: string): ReadonlySet<string> {
    return this.#marks.get(mark)
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

  /** Stores an object as it is from `at` on; answers it as stored: its operation may have to wait for others. */
  put(given: CloudObject, at = 0): CloudObject {
    const before = this.#objects.get(given.id)
    const isNew = given.operation && given.operation !== before?.operation
    const operation = isNew ? this.lanes.enter(given) : given.operation
    const object = operation && operation !== given.operation ? { ...given, operation } : given
    this.past?.note(object.id, before, object, at)
    if (before) this.#index(before, 'delete')
    this.#objects.set(object.id, object)
    const type = this.#types.get(object.type) ?? new Map<string, CloudObject>()
    this.#types.set(object.type, type.set(object.id, object))
    this.#index(object, 'add')
    if (isNew && operation) this.#due.add(operation.endsAt, object.id)
    this.lastSeq = Math.max(this.lastSeq, object.seq)
    if (before?.operation && !operation) this.#leave(before, at)
    return object
  }

  /** Removes an object with its parts, and empties the fields that named it, where the type says so. */
  remove(id: string, at = 0): void {
    const object = this.#objects.get(id)
    if (!object) return
    this.past?.note(id, object, undefined, at)
    this.#index(object, 'delete')
    this.#objects.delete(id)
    this.#types.get(object.type)?.delete(id)
    this.#onEnd(id, at, undefined)
    for (const part of this.parts(id)) this.remove(part.id, at)
    for (const user of this.users(id)) this.put(this.#without(user, id), at)
    this.#leave(object, at)
  }

  /** What goes with an object. */
  parts(id: string): readonly CloudObject[] {
    return this.users(id).filter((user) =>
      this.linksOf(user.type, user.fields).some((named) => named.id === id && named.link.onDelete === 'go'),
    )
  }

  /** Ends all operations that are due; what has no end of its own ends `now`. */
  settle(due: number, now = due): void {
    for (let id = this.#due.next(due); id !== undefined; id = this.#due.next(due)) {
      const object = this.#objects.get(id)
      if (!object?.operation || object.operation.endsAt > due) continue
      const { operation, error: _error, ...rest } = object
      const at = Math.min(operation.endsAt, now)
      if (operation.fails !== undefined) {
        this.put({ ...rest, state: 'failed', error: operation.fails }, at)
        this.#onEnd(id, at, operation.fails)
      } else if (operation.fields) {
        const { unbuilt: _unbuilt, ...built } = rest
        const metadata = { ...object.metadata, ...operation.metadata }
        this.put({ ...built, state: 'ready', fields: operation.fields, metadata }, at)
        this.#onEnd(id, at, undefined)
      } else {
        this.remove(id, at)
        for (const other of operation.takes ?? []) this.remove(other, at)
      }
      for (const effect of operation.ends?.[operation.fails === undefined ? 'done' : 'failed'] ?? []) this.#affect(effect, at)
    }
  }

  /** Nothing is under way of an object any more: the next of its lane begins. */
  #leave({ id, operation }: CloudObject, at: number): void {
    const next = operation?.lane === undefined ? undefined : this.#objects.get(this.lanes.leave(operation.lane, id) ?? '')
    if (next?.operation) this.put({ ...next, operation: begun(next.operation, at) }, at)
  }

  #affect({ id, fields, stamp, gone }: Effect, at: number): void {
    const object = this.#objects.get(id)
    if (gone) this.remove(id, at)
    else if (object) this.put({ ...object, fields: { ...object.fields, ...fields, ...(stamp === undefined ? {} : { [stamp]: at }) } }, at)
  }

  #found(ids: ReadonlySet<string>): CloudObject[] {
    return Array.from(ids, (id) => this.#objects.get(id)).filter((object) => object !== undefined)
  }

  #index(object: CloudObject, change: 'add' | 'delete'): void {
    for (const mark of marksOf(object)) this.#marks[change](mark, object.id)
    if (object.clientToken !== '') this.#tokens[change](`${object.type} ${object.clientToken}`, object.id)
    const type = this.#definitions[object.type]
    for (const fields of [object.fields, object.operation?.fields]) {
      if (!fields || !type) continue
      for (const named of this.linksOf(object.type, fields)) this.#users[change](named.id, object.id)
      const occupied = type.occupies?.(fields)
      for (const key of occupied?.keys ?? []) this.#occupied[change](`${occupied?.pool} ${key}`, object.id)
    }
  }

  /** Ids that an object's fields name. */
  linksOf(type: string, fields: Fields) {
    return Object.entries(this.#definitions[type]?.links ?? {}).flatMap(([field, link]) =>
      [fields[field]].flat().flatMap((id) => (typeof id === 'string' ? [{ id, field, link }] : [])),
    )
  }

  #without(user: CloudObject, id: string): CloudObject {
    const clear = (fields: Fields): Fields => {
      const changes = this.linksOf(user.type, fields)
        .filter((named) => named.id === id && named.link.onDelete !== 'keep')
        .map(({ field }) => [field, Array.isArray(fields[field]) ? fields[field].filter((one) => one !== id) : null])
      return changes.length === 0 ? fields : { ...fields, ...Object.fromEntries(changes) }
    }
    const operation = user.operation?.fields ? { ...user.operation, fields: clear(user.operation.fields) } : user.operation
    return { ...user, fields: clear(user.fields), ...(operation ? { operation } : {}) }
  }
}
