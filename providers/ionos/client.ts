import type { Account, CallContext } from '../../src/provider/contract.ts'
import { ProviderError } from '../../src/provider/errors.ts'
import { HttpClient, HttpFailure, orMissing, type Query } from '../../src/provider/http.ts'
import type { CloudClient, Facts, Mark, Order, Place } from '../../src/provider/translation.ts'
import { classify } from './failures.ts'
import { companionOf, isOwnedBy, markIn, marked, unmarked } from './names.ts'
import { collectionOf, type Element, hasParent, lastOf, type Native, nativeOf, parentOf, pathIn, pathOf, textOf } from './native.ts'
import { Requests } from './requests.ts'
import type { Credentials, Settings } from './settings.ts'

export type IonosAccount = Account<Settings, Credentials>

interface Collection {
  readonly items?: readonly Element[]
  readonly _links?: { readonly next?: string }
}

/** How deep an object is read: what lies in it with its properties, and groups of NICs of servers. */
const DEPTHS: Readonly<Record<string, number>> = { servers: 4, nics: 2, securitygroups: 2 }
/** What carries labels. */
const LABELLED: ReadonlySet<string> = new Set(['datacenters', 'servers', 'volumes', 'snapshots', 'ipblocks'])

/** The Compute API, in what adapters need of it. */
export class IonosClient implements CloudClient<Native> {
  readonly lookup = 'key'
  readonly keepsNotes = false
  readonly http: HttpClient
  readonly #requests: Requests

  constructor(account: IonosAccount) {
    const { token, username = '', password = '' } = account.credentials
    const { endpoint, contract } = account.settings
    const authorization = token === undefined ? `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` : `Bearer ${token}`
    this.http = new HttpClient({
      baseUrl: endpoint,
      account,
      headers: () => ({ authorization, ...(contract === undefined ? {} : { 'x-contract-number': String(contract) }) }),
      secrets: [token ?? '', password, authorization],
      classify,
    })
    this.#requests = new Requests(this.http)
  }

  facts(object: Native): Facts {
    const mark = markIn(textOf(object, 'name'))
    const consumers = (object.properties['ipConsumers'] ?? []) as readonly { readonly nicId?: string }[]
    return {
      id: object.id,
      tag: mark?.key ?? '',
      ...(mark === undefined ? {} : { incarnation: mark.incarnation }),
      ...(object.labels === undefined ? {} : { labels: object.labels }),
      parent: parentOf(object.id),
      busy: object.state === 'BUSY' ? 'being changed' : object.state === CREATING ? 'being made' : undefined,
      isGoing: false,
      usedBy: consumers.length === 0 ? undefined : `NIC ${consumers[0]?.nicId ?? ''} has the address`,
    }
  }

  async get({ type }: Place, id: string, context: CallContext): Promise<Native | undefined> {
    if (hasParent(type) !== id.includes('/')) return undefined
    if (collectionOf(type) === 'nics') return (await this.nicsOf(parentOf(id) ?? '', context)).find((nic) => nic.id === id)
    const path = pathOf(type, id)
    const query = { depth: DEPTHS[collectionOf(type)] ?? 0 }
    const [element, labels] = await Promise.all([
      orMissing(this.http.call<Element>({ method: 'GET', path, query }, context)),
      LABELLED.has(type) ? orMissing(this.#labels(path, context)) : undefined,
    ])
    if (element === undefined) return undefined
    return { ...nativeOf(collectionOf(type), parentOf(id), element), ...(labels === undefined ? {} : { labels }) }
  }

  /** Lists find, and lag; what they find is read again. What they do not find may be on its way. */
  async find(place: Place, mark: Mark, context: CallContext): Promise<readonly Native[]> {
    const { type, parent } = place
    if (hasParent(type) && parent === undefined) return []
    if (collectionOf(type) === 'nics') return (await this.nicsOf(parent ?? '', context)).filter((nic) => isMarked(nic, mark))
    const path = pathIn(type, parent)
    const found = await orMissing(this.#all(path, { depth: 1, 'filter.name': mark.tagKey }, context))
    const above = hasParent(type) ? parent : undefined
    const ids = (found ?? []).map((element) => nativeOf(type, above, element)).filter((one) => isMarked(one, mark))
    const objects = await Promise.all(ids.map(({ id }) => this.get(place, id, context)))
    const seen = objects.filter((object) => object !== undefined && isMarked(object, mark)) as Native[]
    if (seen.length > 0) return seen
    const id = await this.#requests.beingMade(pathOfCreation(place), mark, context)
    if (id === undefined) return []
    return [pending(above === undefined ? id : `${above}/${id}`, mark)]
  }

  async *list(type: string, installation: string | undefined, context: CallContext): AsyncGenerator<Native> {
    const isOurs = (object: Native) => {
      const mark = markIn(textOf(object, 'name'))
      return mark !== undefined && (installation === undefined || isOwnedBy(mark, installation))
    }
    const labels = LABELLED.has(type) ? await this.#allLabels(context) : undefined
    for await (const object of this.#everything(type, context))
      if (isOurs(object)) yield labels === undefined ? object : { ...object, labels: labels.get(lastOf(object.id)) ?? {} }
  }

  async create(place: Place, order: Order, context: CallContext): Promise<Native> {
    const { mark, name = '', fields = {} } = order
    const { type, parent } = place
    if (parent === undefined && type !== 'datacenters' && type !== 'ipblocks')
      throw new ProviderError('waiting', 'what it is made in is not in the cloud yet')
    const path = pathOfCreation(place)
    const before = mark && (await this.#madeBefore(place, path, mark, context))
    if (before !== undefined) return before
    const { entities, ...others } = fields
    const properties = { ...visible(others), name: mark === undefined ? name : marked(name, mark) }
    const sent =
      type === 'snapshots' ? { form: properties as Record<string, string> } : { body: { properties, ...(entities ? { entities } : {}) } }
    const element = await this.http.call<Element>({ method: 'POST', path, ...sent }, context)
    return nativeOf(collectionOf(type), hasParent(type) ? parent : undefined, element)
  }

  async change(place: Place, id: string, { mark, labels, fields }: Order, context: CallContext): Promise<void> {
    const path = pathOf(place.type, id)
    const properties = visible(fields ?? {})
    const before = mark === undefined && labels === undefined ? undefined : await this.get(place, id, context)
    const renamed = mark === undefined ? {} : { name: marked(unmarked(before ? textOf(before, 'name') : ''), mark) }
    const body = { ...properties, ...renamed }
    if (Object.keys(body).length > 0) await this.http.call({ method: 'PATCH', path, body }, context)
    if (labels !== undefined) await this.#relabel(path, before?.labels ?? {}, labels, context)
  }

  async act({ type }: Place, id: string, verb: string, _order: Order, context: CallContext): Promise<void> {
    await this.http.call({ method: 'POST', path: `${pathOf(type, id)}/${verb}` }, context)
  }

  async delete(place: Place, id: string, context: CallContext): Promise<void> {
    const { type } = place
    const object = await this.get(place, id, context)
    if (object === undefined) return
    const path = pathOf(type, id)
    if (object.state === 'BUSY' && (await this.#requests.isBeingDeleted(path, context))) return
    if (type === 'datacenters') await this.#refuseFull(id, context)
    const { usedBy } = this.facts(object)
    if (usedBy !== undefined) throw new ProviderError('waiting', `it is in use: ${usedBy}`)
    if (object.companion !== undefined) await this.#drop(pathOf('nics', object.companion.id), context)
    await this.#drop(path, context)
  }

  /** NICs of a server, each with the one in a public LAN that belongs to it. */
  async nicsOf(server: string, context: CallContext): Promise<readonly Native[]> {
    const path = pathIn('nics', server)
    const all = (await orMissing(this.#all(path, { depth: 3 }, context))) ?? []
    const nics = all.map((element) => nativeOf('nics', server, element))
    const companions = new Map(nics.map((nic) => [companionOf(textOf(nic, 'name')) ?? '', nic]))
    return nics
      .filter((nic) => companionOf(textOf(nic, 'name')) === undefined)
      .map((nic) => {
        const companion = companions.get(markIn(textOf(nic, 'name'))?.key ?? '-')
        return companion === undefined ? nic : { ...nic, companion }
      })
  }

  /** All objects of a type that lie in one. */
  async inside(type: string, parent: string, depth: number, context: CallContext): Promise<readonly Native[]> {
    const all = (await orMissing(this.#all(pathIn(type, parent), { depth }, context))) ?? []
    return all.map((element) => nativeOf(type, parent, element))
  }

  close(): Promise<void> {
    return this.http.close()
  }

  /** What a call with the same mark has made, or is about to: its answer was lost. */
  async #madeBefore(place: Place, path: string, mark: Mark, context: CallContext): Promise<Native | undefined> {
    const last = await this.#requests.askedFor(path, mark, context)
    if (last === undefined) return undefined
    const id = hasParent(place.type) ? `${place.parent}/${last}` : last
    const isOpen = (await this.#requests.beingMade(path, mark, context)) === last
    return (await this.get(place, id, context)) ?? (isOpen ? pending(id, mark) : undefined)
  }

  /** Deleting a data center deletes all that is in it, whosever it is. */
  async #refuseFull(id: string, context: CallContext): Promise<void> {
    for (const type of ['servers', 'volumes', 'lans']) {
      const [first] = await this.inside(type, id, 1, context)
      if (first !== undefined)
        throw new ProviderError(
          'waiting',
          `the data center still holds ${textOf(first, 'name')} (${type} ${lastOf(first.id)}), which would go with it`,
        )
    }
  }

  async #drop(path: string, context: CallContext): Promise<void> {
    await orMissing(this.http.call({ method: 'DELETE', path }, context))
  }

  async #relabel(
    path: string,
    before: Readonly<Record<string, string>>,
    after: Readonly<Record<string, string>>,
    context: CallContext,
  ): Promise<void> {
    for (const [key, value] of Object.entries(after)) {
      const body = { properties: { key, value } }
      if (before[key] === undefined) await this.http.call({ method: 'POST', path: `${path}/labels`, body }, context).catch(unlessThere)
      else if (before[key] !== value)
        await this.http.call({ method: 'PUT', path: `${path}/labels/${encodeURIComponent(key)}`, body }, context)
    }
    for (const key of Object.keys(before))
      if (after[key] === undefined) await this.#drop(`${path}/labels/${encodeURIComponent(key)}`, context)
  }

  async #labels(path: string, context: CallContext): Promise<Readonly<Record<string, string>>> {
    const all = await this.#all(`${path}/labels`, { depth: 1 }, context)
    return Object.fromEntries(all.map(({ properties }) => [String(properties?.['key']), String(properties?.['value'])]))
  }

  async #allLabels(context: CallContext): Promise<ReadonlyMap<string, Record<string, string>>> {
    const found = new Map<string, Record<string, string>>()
    const { items = [] } = await this.http.call<Collection>({ method: 'GET', path: '/labels', query: { depth: 1 } }, context)
    for (const { properties } of items) {
      const id = String(properties?.['resourceId'])
      found.set(id, { ...found.get(id), [String(properties?.['key'])]: String(properties?.['value']) })
    }
    return found
  }

  /** Objects of a type in the whole account, with what is read of each. */
  async *#everything(type: string, context: CallContext): AsyncGenerator<Native> {
    const collection = collectionOf(type)
    const depth = 1 + (DEPTHS[collection] ?? 0)
    if (!hasParent(type)) {
      for (const element of await this.#all(`/${collection}`, { depth }, context)) yield nativeOf(type, undefined, element)
      return
    }
    for (const { id } of await this.#all('/datacenters', { depth: 0 }, context)) {
      if (collection === 'nics') {
        for (const server of await this.inside('servers', id, 0, context)) yield* await this.nicsOf(server.id, context)
        continue
      }
      for (const object of await this.inside(collection, id, depth, context))
        if (collection !== 'lans' || (object.properties['public'] === true) === (type === 'gateways')) yield object
    }
  }

  /** A whole list, page by page: some hold less than they are asked for. */
  async #all(path: string, query: Query, context: CallContext): Promise<readonly Element[]> {
    const found: Element[] = []
    for (let isMore = true; isMore;) {
      const page = await this.http.call<Collection>(
        { method: 'GET', path, query: { ...query, ...(found.length === 0 ? {} : { offset: found.length }) } },
        context,
      )
      found.push(...(page.items ?? []))
      isMore = page._links?.next !== undefined && (page.items ?? []).length > 0
    }
    return found
  }
}

/** State of what only the log of requests knows yet. */
const CREATING = 'CREATING'
const pending = (id: string, mark: Mark): Native => ({ id, state: CREATING, properties: { name: marked('', mark) }, entities: {} })

const isMarked = (object: Native, { tagKey }: Mark) => markIn(textOf(object, 'name'))?.key === tagKey
const pathOfCreation = ({ type, parent }: Place) =>
  type === 'snapshots' && parent !== undefined ? `${pathOf('volumes', parent)}/create-snapshot` : pathIn(type, parent)
/** Fields that are only ours begin with an underscore. */
const visible = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(fields).filter(([key]) => !key.startsWith('_')))

function unlessThere(thrown: unknown): void {
  if (!(thrown instanceof HttpFailure && thrown.status === 422)) throw thrown
}
