import type { CallContext } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { HttpFailure, orMissing, type Query } from '../../src/provider/http.ts'
import { installationKey } from '../../src/provider/tags.ts'
import type { CloudClient, Facts, Fields, Mark, Order, Place } from '../../src/provider/translation.ts'
import { collectionOf } from './collections.ts'
import { factsOf, isGone, isSettled, type Native, property, stateOf, tagsFor, uriOf } from './native.ts'
import type { Session } from './session.ts'
import { pathOf, typeOf } from './uri.ts'

const PAGE_SIZE = 100
/** How long a list is good for, in milliseconds, and never longer than a small part of what reads may lag anyway. */
const LIST_MS = 1_000
/** Shortest name that the cloud takes. */
const NAME_LENGTH = 4

interface Page {
  readonly total?: number
  readonly values?: readonly Native[] | null
}

/**
 * The cloud's objects, by URI. Each is marked by tags of 30 characters in the call that makes it. Nothing says that lists can be filtered by tags,
 * so they are read whole, once for all who look at about the same time.
 */
export class ArubaClient implements CloudClient<Native> {
  readonly lookup = 'key'
  readonly keepsNotes = false
  readonly session: Session
  readonly #listMs: number
  readonly #lists = new Map<string, { readonly at: number; readonly objects: Promise<readonly Native[]> }>()

  constructor(session: Session) {
    this.session = session
    this.#listMs = Math.min(LIST_MS, session.settings.settleMs / 4)
  }

  facts(object: Native): Facts {
    return factsOf(object)
  }

  /** What a URI names. */
  async look(uri: string, context: CallContext): Promise<Native | undefined> {
    if (!uri.startsWith('/projects/')) return undefined
    const found = await orMissing(this.session.http.call<Native>({ method: 'GET', path: pathOf(uri) }, context))
    return found === undefined || isGone(found) ? undefined : (await this.#enriched([found], typeOf(uri), context))[0]
  }

  get(_place: Place, uri: string, context: CallContext): Promise<Native | undefined> {
    return this.look(uri, context)
  }

  async find(place: Place, { tagKey }: Pick<Mark, 'tagKey'>, context: CallContext): Promise<readonly Native[]> {
    const marked = (await this.all(place, context)).filter((object) => factsOf(object).tag === tagKey)
    return this.#enriched(marked, place.type, context)
  }

  /** All objects of a collection in a place, whosever they are; none where the place is gone, or not there yet. */
  all(place: Place, context: CallContext): Promise<readonly Native[]> {
    const path = collectionPath(place)
    if (path === undefined) return Promise.resolve([])
    const known = this.#lists.get(path)
    if (known !== undefined && performance.now() - known.at < this.#listMs) return known.objects
    const objects = Array.fromAsync(this.#pages(path, context))
    this.#lists.set(path, { at: performance.now(), objects })
    objects.catch(() => this.#lists.delete(path))
    return objects
  }

  async *list(type: string, installation: string | undefined, context: CallContext): AsyncGenerator<Native> {
    const owner = installation === undefined ? undefined : installationKey(installation)
    const isOurs = (object: Native) => {
      const { tag, installationKey: whose } = factsOf(object)
      return tag !== '' && (owner === undefined || whose === owner)
    }
    for await (const place of this.#places(type, context))
      yield* await this.#enriched((await this.all(place, context)).filter(isOurs), type, context)
  }

  async create(place: Place, { name = '', mark, fields = {} }: Order, context: CallContext): Promise<Native> {
    const { isPlaceless, createVersion } = collectionOf(place.type)
    const path = collectionPath(place)
    if (path === undefined) throw new ProviderError('waiting', 'what it is in is not in the cloud yet')
    const location = isPlaceless === true && place.type === 'projects' ? {} : { location: { value: this.session.location } }
    const metadata = { name: nameFor(name), ...location, ...(mark === undefined ? {} : { tags: tagsFor(mark) }) }
    const query: Query = createVersion === undefined ? {} : { 'api-version': createVersion }
    this.#lists.delete(path)
    return this.session.http.call<Native>({ method: 'POST', path, query, body: { metadata, properties: fields } }, context)
  }

  /** A change sends all that can be changed: what is not asked for, as it is. */
  async change({ type }: Place, uri: string, { mark, fields = {} }: Order, context: CallContext): Promise<void> {
    if (mark === undefined && Object.keys(fields).length === 0) return
    const { isFrozen, isPlaceless, resent } = collectionOf(type)
    if (isFrozen === true)
      throw new ProviderError('unsupported', 'this cloud changes no tags of it after its creation: it cannot be taken over')
    const object = await this.look(uri, context)
    if (object === undefined) return
    const { name, location, tags } = object.metadata
    const metadata = {
      name,
      ...(isPlaceless === true ? {} : { location: { value: location?.value ?? this.session.location } }),
      tags: mark === undefined ? tags : tagsFor(mark, object),
    }
    const kept = Object.fromEntries(
      resent.flatMap((field) => ((property(object, field) ?? undefined) === undefined ? [] : [[field, property(object, field)]])),
    )
    const properties = { ...kept, ...fields }
    const body = Object.keys(properties).length === 0 ? { metadata } : { metadata, properties }
    await this.#send('PUT', uri, body, context)
  }

  async act(_place: Place, uri: string, verb: string, { fields }: { readonly fields?: Fields }, context: CallContext): Promise<void> {
    this.#forget(uri)
    await this.session.http.call(
      { method: 'POST', path: `${pathOf(uri)}/${verb}`, ...(fields === undefined ? {} : { body: fields }) },
      context,
    )
  }

  /** What is going refuses to be deleted again, in many words. */
  async delete({ type }: Place, uri: string, context: CallContext): Promise<void> {
    const { deleteQuery } = collectionOf(typeOf(uri) || type)
    this.#forget(uri)
    try {
      const request = { method: 'DELETE', path: pathOf(uri), ...(deleteQuery === undefined ? {} : { query: deleteQuery }) } as const
      await orMissing(this.session.http.call(request, context))
    } catch (thrown) {
      if (!(thrown instanceof HttpFailure) || thrown.status < 400 || thrown.status >= 500 || thrown.failure === 'credentials') throw thrown
      const now = await this.look(uri, context)
      if (now !== undefined && !factsOf(now).isGoing) throw thrown
    }
  }

  /** What an object is about to be made of: something that is not settled fails it for good, so it is waited for. */
  async settled(uri: string | undefined, what: string, context: CallContext): Promise<Native> {
    const object = uri === undefined ? undefined : await this.look(uri, context)
    if (object === undefined) throw new ProviderError('waiting', `${what} is not in the cloud yet`)
    if (!isSettled(object)) throw new ProviderError('waiting', `${what} is not ready in the cloud: ${stateOf(object)}`)
    return object
  }

  async #send(method: 'PUT', uri: string, body: object, context: CallContext): Promise<void> {
    this.#forget(uri)
    await this.session.http.call({ method, path: pathOf(uri), body }, context)
  }

  /** A list that something was changed in. */
  #forget(uri: string): void {
    this.#lists.delete(pathOf(uri.split('/').slice(0, -1).join('/')))
  }

  /** Where objects of a type can be: in all projects, and in what they live in there. */
  async *#places(type: string, context: CallContext): AsyncGenerator<Place> {
    if (type === 'projects') return yield { type }
    const { parent = 'projects' } = collectionOf(type)
    for await (const place of this.#places(parent, context))
      for (const object of await this.all(place, context)) yield { type, parent: uriOf(object) }
  }

  async *#pages(path: string, context: CallContext): AsyncGenerator<Native> {
    for (let offset = 0, isLast = false; !isLast; offset += PAGE_SIZE) {
      const call = this.session.http.call<Page | undefined>({ method: 'GET', path, query: { limit: PAGE_SIZE, offset } }, context)
      const { values, total } = (await orMissing(call)) ?? {}
      for (const object of values ?? []) if (!isGone(object)) yield object
      isLast = (values ?? []).length === 0 || offset + PAGE_SIZE >= (total ?? 0)
    }
  }

  /** A group's rules are a collection of their own. */
  async #enriched(objects: readonly Native[], type: string, context: CallContext): Promise<readonly Native[]> {
    if (type !== 'securityGroups') return objects
    const withRules = async (object: Native) => ({
      ...object,
      rules: await this.all({ type: 'securityRules', parent: uriOf(object) }, context),
    })
    return Promise.all(objects.map(withRules))
  }
}

/** Path of a collection; undefined while nobody knows what it is in. */
function collectionPath({ type, parent }: Place): string | undefined {
  if (type === 'projects') return '/projects'
  return parent === undefined || parent === '' ? undefined : `${pathOf(parent)}/${collectionOf(type).path}`
}

const nameFor = (name: string) => (name.length < NAME_LENGTH ? `seca-${name}` : name)
