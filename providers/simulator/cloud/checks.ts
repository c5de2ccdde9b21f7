import { PUBLIC_TEMPLATES } from './catalogue.ts'
import { type CloudObject, type Fields, Refusal } from '../../stand-in/model.ts'
import type { Surroundings } from './model.ts'
import type { Store } from '../../stand-in/store.ts'

/** An object of the account, or one that is offered to everybody. */
export function known(store: Store, id: string): CloudObject | undefined {
  return store.get(id) ?? PUBLIC_TEMPLATES.get(id)
}

/** What is offered to everybody is nobody's to touch. */
export function refusePublic({ id }: CloudObject): void {
  if (PUBLIC_TEMPLATES.has(id)) throw new Refusal(403, 'forbidden', `${id} is offered to everybody, and nobody's to change or delete`)
}

/** What others need cannot go; `except` goes, too. */
export function refuseHeld(store: Store, { id }: CloudObject, except?: string): void {
  const holds = (user: CloudObject) =>
    store
      .linksOf(user.type, { ...user.fields, ...user.operation?.fields })
      .some((named) => named.id === id && named.link.onDelete === 'hold')
  const holder = store.users(id).find((user) => user.id !== except && holds(user))
  if (holder) throw new Refusal(409, 'in_use', `${id} is in use by ${holder.id}`, { details: { held_by: holder.id } })
}

/** What is named for the first time must exist. */
export function refuseUnknown(store: Store, type: string, sent: Fields, before: Fields): void {
  const had = new Set(store.linksOf(type, before).map((named) => named.id))
  for (const { id, field, link } of store.linksOf(type, sent)) {
    const target = known(store, id)
    if (had.has(id)) continue
    if (!target || !link.to.includes(target.type)) throw new Refusal(422, 'no_such_object', `${field}: ${id} does not exist`)
    if (target.state === 'deleting') throw new Refusal(422, 'no_such_object', `${field}: ${id} is being deleted`)
  }
}

/** The project that an object with these fields belongs to, directly or by what it is in. */
export function projectOf(store: Store, fields: Fields): string | undefined {
  if (typeof fields['project'] === 'string') return fields['project']
  const parent = ['vpc', 'segment', 'server'].map((field) => store.get(String(fields[field]))).find((one) => one !== undefined)
  return parent && projectOf(store, parent.fields)
}

/** The cloud as a type's own rules see it. */
export function surroundings(store: Store, seen: Pick<Surroundings, 'self' | 'seq' | 'isStrict' | 'now'>): Surroundings {
  return {
    ...seen,
    find: (id) => known(store, id),
    isTaken: (pool, key) => store.isOccupied(pool, key, seen.self),
    users: (id, type) => store.users(id).filter((user) => user.type === type),
  }
}
