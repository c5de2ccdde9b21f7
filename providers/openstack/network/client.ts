import type { CallContext } from '../../../src/provider/contract.ts'
import { tagPrefix } from '../../../src/provider/tags.ts'
import type { CloudClient, Facts, Mark, Order, Place } from '../../../src/provider/translation.ts'
import { pagesOf } from '../pages.ts'
import { descriptionOf, markOf } from './description.ts'
import { Lately } from '../lately.ts'
import { type Collection, type Native, textOf } from '../native.ts'
import type { Projects } from '../identity/projects.ts'
import type { Call, Session } from '../identity/session.ts'

const PAGE_SIZE = 500
/** Values that fit into a URL. */
const FILTERED = 40
type Query = Call['query']

/** How long the index of marks is good for, in milliseconds, and never longer than reads may lag anyway. */
const INDEX_MS = 1_000

/** Neutron. Ownership tag and incarnation stand in an object's description, which every version takes at creation and filters by. */
export class NetworkClient implements CloudClient<Native> {
  readonly lookup = 'tag'
  readonly keepsNotes = false
  readonly #session: Session
  readonly #projects: Projects
  readonly #collections: ReadonlyMap<string, Collection>
  readonly #indexes: Lately<ReadonlyMap<string, readonly string[]>>

  constructor(session: Session, projects: Projects, collections: (client: NetworkClient) => readonly Collection[]) {
    this.#session = session
    this.#projects = projects
    this.#indexes = new Lately(Math.min(INDEX_MS, session.settings.settleMs))
    this.#collections = new Map(collections(this).map((one) => [one.path, one]))
  }

  facts(object: Native): Facts {
    const { isGoing = false, ...state } = this.#of(textOf(object, 'collection')).state?.(object) ?? {}
    return {
      id: object.id,
      ...markOf(textOf(object, 'description')),
      parent: this.#projects.parentOf(object),
      isGoing,
      ...state,
    }
  }

  async get(place: Place, id: string, context: CallContext): Promise<Native | undefined> {
    const { path, singular } = this.#of(place.type)
    const found = await this.#session.callIfThere<Readonly<Record<string, Native>>>(
      'network',
      { method: 'GET', path: `/${path}/${encodeURIComponent(id)}` },
      context,
      place.parent,
    )
    const object = found?.[singular]
    if (object === undefined) return undefined
    const whole = await this.#enriched([object], place, context)
    return whole.find((one) => one.id === id) ?? whole[0]
  }

  async find(place: Place, mark: Mark, context: CallContext): Promise<readonly Native[]> {
    const exact = mark.incarnation === '' ? [] : await this.all(place, { description: descriptionOf(mark) }, context)
    // Made by a life of the object that nobody remembers (the cluster was restored), or by somebody who copied the tag.
    const known = new Set(exact.map(({ id }) => id))
    const ids = ((await this.#index(place, context)).get(mark.tag) ?? []).filter((id) => !known.has(id))
    return this.#enriched([...exact, ...(await this.among(place, 'id', ids, context))], place, context)
  }

  /** Objects whose field is one of `values`, by as few requests as there can be. */
  async among(place: Place, field: string, values: readonly string[], context: CallContext): Promise<readonly Native[]> {
    if (values.length === 0) return []
    if (values.length <= FILTERED) return this.all(place, { [field]: values }, context)
    const wanted = new Set(values)
    return (await this.all(place, {}, context)).filter((object) => wanted.has(textOf(object, field)))
  }

  /** Ids by tag: one list for all who look at about the same time. */
  #index(place: Place, context: CallContext): Promise<ReadonlyMap<string, readonly string[]>> {
    return this.#indexes.of(`${place.parent ?? ''}/${place.type}`, () => this.#ids(place, context))
  }

  async #ids(place: Place, context: CallContext): Promise<ReadonlyMap<string, readonly string[]>> {
    const ids = new Map<string, string[]>()
    for await (const page of this.#pages(place, { fields: ['id', 'description'] }, context))
      for (const object of page) {
        const { tag } = markOf(textOf(object, 'description'))
        if (tag !== '') ids.set(tag, [...(ids.get(tag) ?? []), object.id])
      }
    return ids
  }

  /** Objects of a collection in the place's project, as Neutron shows them. */
  async all(place: Place, query: Query, context: CallContext): Promise<readonly Native[]> {
    const found: Native[] = []
    for await (const page of this.#pages(place, query, context)) found.push(...page)
    return found
  }

  /** All objects of a collection, whosever they are, as `observe` sees them. */
  async seen(place: Place, context: CallContext): Promise<readonly Native[]> {
    return this.#enriched(await this.all(place, {}, context), place, context)
  }

  async *list(type: string, installation: string | undefined, context: CallContext): AsyncGenerator<Native> {
    const isOurs = (object: Native) => {
      const { tag } = markOf(textOf(object, 'description'))
      return tag !== '' && (installation === undefined || tag.startsWith(tagPrefix(installation)))
    }
    for await (const parent of this.#projects.all(installation, context)) {
      const place = { type, parent }
      // Of several that make one object, some may be on the next page.
      const ours: Native[] = []
      for await (const page of this.#pages(place, {}, context)) ours.push(...page.filter(isOurs))
      yield* await this.#enriched(ours, place, context)
    }
  }

  async create(place: Place, { name, mark, fields }: Order, context: CallContext): Promise<Native> {
    const { path, singular, isNameless, defaults } = this.#of(place.type)
    const marks = mark === undefined ? {} : { description: descriptionOf(mark) }
    const body = { [singular]: { ...(isNameless ? {} : { name }), ...(await defaults?.(context)), ...marks, ...fields } }
    const made = await this.#session.call<Readonly<Record<string, Native>>>(
      'network',
      { method: 'POST', path: `/${path}`, body },
      context,
      place.parent,
    )
    return { ...(made[singular] as Native), collection: place.type }
  }

  async change(place: Place, id: string, { mark, fields = {} }: Order, context: CallContext): Promise<void> {
    const { path, singular } = this.#of(place.type)
    const at = `/${path}/${encodeURIComponent(id)}`
    const body = { ...fields, ...(mark === undefined ? {} : { description: descriptionOf(mark) }) }
    if (Object.keys(body).length > 0)
      await this.#session.call('network', { method: 'PUT', path: at, body: { [singular]: body } }, context, place.parent)
  }

  /** Something other than a change of fields: `PUT /routers/{id}/add_router_interface`. */
  async act({ type, parent }: Place, id: string, verb: string, { fields = {} }: Order, context: CallContext): Promise<void> {
    const path = `/${this.#of(type).path}/${encodeURIComponent(id)}/${verb}`
    await this.#session.call('network', { method: 'PUT', path, body: fields }, context, parent)
  }

  async delete({ type, parent }: Place, id: string, context: CallContext): Promise<void> {
    const path = `/${this.#of(type).path}/${encodeURIComponent(id)}`
    await this.#session.callIfThere('network', { method: 'DELETE', path }, context, parent)
  }

  /** Any other call to Neutron in a place's project. */
  call<T>(call: Call, { parent }: Pick<Place, 'parent'>, context: CallContext): Promise<T> {
    return this.#session.call<T>('network', call, context, parent)
  }

  async *#pages(place: Place, query: Query, context: CallContext): AsyncGenerator<readonly Native[]> {
    const { path, plural = path } = this.#of(place.type)
    // An administrator sees every project.
    const project_id = place.parent ?? (await this.#session.projectId(context))
    const list = { path: `/${path}`, query: { project_id, ...query }, key: plural, pageSize: PAGE_SIZE }
    yield* pagesOf(this.#session, 'network', list, context, place.parent)
  }

  async #enriched(objects: readonly Native[], place: Place, context: CallContext): Promise<readonly Native[]> {
    const collection = this.#of(place.type)
    const more = objects.length === 0 ? objects : ((await collection.enrich?.(objects, place, context)) ?? objects)
    return more.map((object) => ({ ...object, collection: place.type }))
  }

  #of(type: string): Collection {
    return this.#collections.get(type) ?? { path: type, singular: type.replace(/s$/, '') }
  }
}
