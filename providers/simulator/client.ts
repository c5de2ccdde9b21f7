import type { CATALOGUE } from './cloud/catalogue.ts'
import type { publicFacts, Switches } from './cloud/characters.ts'
import type { Account, CallContext, Desired, Other } from '../../src/provider/contract.ts'
import { ProviderError, type FailureClass } from '../../src/provider/errors.ts'
import { HttpClient, HttpFailure, orMissing } from '../../src/provider/http.ts'
import { installationKey, tagPrefix } from '../../src/provider/tags.ts'
import type { CloudClient, Facts, Fields, Mark, Order, Place } from '../../src/provider/translation.ts'

/** An object as the simulated cloud shows it. */
export interface CloudObject {
  readonly id: string
  readonly tag: string
  /** Where tags are short: what to find the object by. */
  readonly key?: string
  /** The installation's key, beside an object's. */
  readonly owner?: string
  readonly labels: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
  readonly state: 'building' | 'ready' | 'changing' | 'deleting' | 'failed'
  readonly error?: string
  /** What is under way. */
  readonly operation?: string
  readonly [field: string]: unknown
}

interface AccountFacts {
  readonly name: string
  readonly character: ReturnType<typeof publicFacts>
}

interface Page {
  readonly items: readonly CloudObject[]
  readonly next?: string
}

const PAGE_SIZE = 500
/** What refusals mean in this cloud: some heal with time, one when something else goes. */
const MEANINGS: Readonly<Record<string, FailureClass>> = {
  busy: 'waiting',
  wrong_power_state: 'waiting',
  locked: 'waiting',
  not_now: 'waiting',
  quota_exceeded: 'quota',
}

/** What the cloud is taken for. */
type Taken = Pick<Switches, 'clientTokens' | 'shortTags' | 'serial' | 'parts'>

/** The simulated cloud's API. */
export class SimulatorClient implements CloudClient<CloudObject> {
  readonly keepsNotes = true
  readonly lookup: 'tag' | 'key'
  readonly #http: HttpClient
  readonly #taken: Taken

  constructor(account: Account<{ endpoint: string; ca?: string | undefined }, { token: string }>, taken: Taken) {
    const { token } = account.credentials
    this.#taken = taken
    this.lookup = taken.shortTags ? 'key' : 'tag'
    this.#http = new HttpClient({
      baseUrl: `${account.settings.endpoint.replace(/\/+$/, '')}/v1`,
      account,
      ...(account.settings.ca === undefined ? {} : { ca: account.settings.ca }),
      headers: () => ({ authorization: `Bearer ${token}` }),
      secrets: [token],
      classify,
    })
  }

  async check(context: CallContext): Promise<{ readonly account: string }> {
    const { name, character } = await this.#http.call<Partial<AccountFacts>>({ method: 'GET', path: '/account' }, context)
    if (name === undefined || character === undefined)
      throw new ProviderError('rejected', 'what answers at spec.settings.endpoint is no simulator of this version')
    const { clientTokens, shortTags, serial, parts } = this.#taken
    const is = { ...character, shortTags: character.keyLength > 0 }
    const wrong = Object.entries({ clientTokens, shortTags, serial, parts }).filter(([key, value]) => is[key as keyof Taken] !== value)
    if (wrong.length === 0) return { account: name }
    const words = wrong.map(([key]) => `${key} is ${is[key as keyof Taken]}`).join(', ')
    throw new ProviderError('rejected', `this cloud is of another kind (${words}): name it in spec.settings.characters`)
  }

  catalogue(context: CallContext): Promise<typeof CATALOGUE> {
    return this.#http.call({ method: 'GET', path: '/catalogue' }, context)
  }

  /** Templates that are offered to everybody. */
  publicTemplates(context: CallContext): AsyncGenerator<CloudObject> {
    return this.#pages('templates', { public: 'true' }, context)
  }

  facts(object: CloudObject): Facts {
    const { id, tag, key, owner, labels, metadata, state, error, operation } = object
    return {
      id,
      tag: key ?? tag,
      installationKey: owner,
      labels,
      notes: metadata,
      busy: operation,
      failed: error,
      isGoing: state === 'deleting',
      parent: parentOf(object),
    }
  }

  get({ type }: Place, id: string, context: CallContext): Promise<CloudObject | undefined> {
    return orMissing(this.#http.call<CloudObject>({ method: 'GET', path: `/${type}/${encodeURIComponent(id)}` }, context))
  }

  async find({ type }: Place, { tag, tagKey }: Mark, context: CallContext): Promise<readonly CloudObject[]> {
    const by = async (query: Readonly<Record<string, string>>) =>
      (await this.#http.call<Page>({ method: 'GET', path: `/${type}`, query }, context)).items
    if (this.lookup === 'key') return by({ key: tagKey })
    const tagged = await by({ tag })
    // Whoever made it in its place knew only the key.
    return tagged.length === 0 && this.#lives(type) ? by({ tag: tagKey }) : tagged
  }

  /** All ports of a server, where they are parts of it. */
  async portsOf(server: string, context: CallContext): Promise<readonly CloudObject[]> {
    return (await this.#http.call<Page>({ method: 'GET', path: `/servers/${encodeURIComponent(server)}/ports` }, context)).items
  }

  /** A port as it is made with, or in, a server: it carries the key of its NIC, whose adapter puts the tag in its place. */
  portBody({ tagKey, path }: Pick<Other, 'tagKey' | 'path'>, owner: string, fields: Fields): Fields {
    return { name: path.name, ...(this.lookup === 'key' ? { key: tagKey, owner } : { tag: tagKey }), ...fields }
  }

  async addPort(server: string, nic: Other, owner: string, fields: Fields, context: CallContext): Promise<void> {
    const path = `/servers/${encodeURIComponent(server)}/ports`
    await this.#http.call({ method: 'POST', path, body: this.portBody(nic, owner, fields) }, context)
  }

  /** All objects of a type, whosever they are. */
  everything(type: string, context: CallContext): AsyncGenerator<CloudObject> {
    return this.#pages(type, {}, context)
  }

  async *list(type: string, installation: string | undefined, context: CallContext): AsyncGenerator<CloudObject> {
    if (installation === undefined) {
      for await (const object of this.#pages(type, {}, context)) if ((object.key ?? object.tag) !== '') yield object
      return
    }
    const whose = this.lookup === 'key' ? { owner: installationKey(installation) } : { tag_prefix: tagPrefix(installation) }
    yield* this.#pages(type, whose, context)
  }

  create({ type }: Place, order: Order, context: CallContext): Promise<CloudObject> {
    return this.#http.call({ method: 'POST', path: `/${type}`, body: this.#body(order) }, context)
  }

  async change(place: Place, id: string, order: Order, context: CallContext): Promise<void> {
    await this.#http.call({ method: 'PATCH', path: await this.#pathOf(place, id, context), body: this.#body(order) }, context)
  }

  async act({ type }: Place, id: string, verb: string, order: Order, context: CallContext): Promise<void> {
    await this.#http.call({ method: 'POST', path: `/${type}/${id}/${verb}`, body: this.#body(order) }, context)
  }

  async delete(place: Place, id: string, context: CallContext): Promise<void> {
    try {
      const path = await this.#pathOf(place, id, context)
      await orMissing(this.#http.call({ method: 'DELETE', path }, context))
    } catch (thrown) {
      // Whoever uses it may let go at any time, and nobody tells: worth another try.
      if (thrown instanceof HttpFailure && thrown.status === 409) throw new ProviderError('waiting', thrown.message, { cause: thrown })
      throw thrown
    }
  }

  close(): Promise<void> {
    return this.#http.close()
  }

  /** Where it is changed: what lives in a server only there. */
  async #pathOf({ type, parent }: Place, id: string, context: CallContext): Promise<string> {
    if (!this.#lives(type)) return `/${type}/${id}`
    const server = parent ?? parentOf((await this.get({ type }, id, context)) ?? {})
    return server === undefined ? `/${type}/${id}` : `/servers/${encodeURIComponent(server)}/${type}/${id}`
  }

  /** Whether objects of a type live in servers here. */
  #lives(type: string): boolean {
    return this.#taken.parts && type === 'ports'
  }

  async *#pages(type: string, which: Readonly<Record<string, string>>, context: CallContext): AsyncGenerator<CloudObject> {
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const query = { ...which, limit: PAGE_SIZE, cursor: cursor || undefined }
      const page: Page = await this.#http.call<Page>({ method: 'GET', path: `/${type}`, query }, context)
      yield* page.items
      cursor = page.next
    }
  }

  #body({ mark, clientToken, labels, notes, fields, name }: Order): Readonly<Record<string, unknown>> {
    return { name, client_token: clientToken, ...(mark && this.#mark(mark)), labels, metadata: notes, ...fields }
  }

  #mark({ tag, tagKey, installationKey: owner }: Pick<Desired, 'tag' | 'tagKey' | 'installationKey'>) {
    return this.lookup === 'key' ? { key: tagKey, owner } : { tag }
  }
}

function parentOf(object: Readonly<Record<string, unknown>>): string | undefined {
  return typeof object['server'] === 'string' ? object['server'] : undefined
}

function classify(_status: number, body: unknown): FailureClass | undefined {
  const code = (body as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? MEANINGS[code] : undefined
}
