import type { CallContext } from '../../../src/provider/contract.ts'
import { installationKey } from '../../../src/provider/tags.ts'
import type { CloudClient, Facts, Mark, Order, Place } from '../../../src/provider/translation.ts'
import type { Projects } from '../identity/projects.ts'
import type { Call, Session } from '../identity/session.ts'
import { factsIn, metadataAfter, metadataFor } from '../metadata.ts'
import { NOVA_KEYS } from '../label-keys.ts'
import { listOf, type Native, textOf } from '../native.ts'
import type { NetworkClient } from '../network/client.ts'
import { pagesOf } from '../pages.ts'
import { startOf } from './power.ts'

const PAGE_SIZE = 200

/** Nova's servers: found by short tags (60 characters, no slash), with the whole ownership tag in the metadata; both in the request that makes one. */
export class ServerClient implements CloudClient<Native> {
  readonly lookup = 'key'
  readonly keepsNotes = true
  readonly #session: Session
  readonly #projects: Projects
  readonly #network: NetworkClient

  constructor(session: Session, projects: Projects, network: NetworkClient) {
    this.#session = session
    this.#projects = projects
    this.#network = network
  }

  facts(server: Native): Facts {
    const { tag, ...facts } = factsIn(server, NOVA_KEYS)
    const task = textOf(server, 'OS-EXT-STS:task_state')
    const status = textOf(server, 'status')
    const isGoing = task.includes('deleting') || status === 'DELETED' || status === 'SOFT_DELETED'
    const isFailed = status === 'ERROR' && task === ''
    const { message = `Nova calls it ${status}` } = (server['fault'] ?? {}) as { message?: string }
    return {
      id: server.id,
      ...facts,
      tag: tag || (listOf<string>(server, 'tags').find((one) => one.startsWith('seca-')) ?? ''),
      parent: this.#projects.parentOf(server),
      busy: isGoing || isFailed ? undefined : task || (status === 'BUILD' ? 'building' : undefined),
      failed: isFailed ? message.trim() : undefined,
      isGoing,
    }
  }

  async get(place: Place, id: string, context: CallContext): Promise<Native | undefined> {
    const found = await this.#session.callIfThere<{ server: Native }>('compute', { method: 'GET', path: pathOf(id) }, context, place.parent)
    return found && (await this.#withPorts([found.server], place, context))[0]
  }

  async find(place: Place, { tagKey }: Mark, context: CallContext): Promise<readonly Native[]> {
    const found: Native[] = []
    for await (const page of this.#pages({ tags: tagKey }, place.parent, context)) found.push(...page)
    return this.#withPorts(found, place, context, (server) => this.#isCalm(server))
  }

  /** All servers of the project, whosever they are. */
  async seen(context: CallContext): Promise<readonly Native[]> {
    const pages = await Array.fromAsync(this.#pages({}, undefined, context))
    return this.#withPorts(pages.flat(), { type: 'servers' }, context)
  }

  async *list(type: string, installation: string | undefined, context: CallContext): AsyncGenerator<Native> {
    const query = installation === undefined ? {} : { tags: installationKey(installation) }
    for await (const parent of this.#projects.all(installation, context))
      for await (const page of this.#pages(query, parent, context))
        yield* (await this.#withPorts(page, { type, parent }, context, (server) => this.#isCalm(server))).filter(
          (server) => this.facts(server).tag !== '',
        )
  }

  async create({ parent }: Place, order: Order, context: CallContext): Promise<Native> {
    const { hints, ...fields } = (order.fields ?? {}) as { hints?: object }
    const tags = order.mark === undefined ? {} : { tags: [order.mark.tagKey, order.mark.installationKey] }
    const body = {
      server: { name: order.name, metadata: metadataFor(order, NOVA_KEYS), ...tags, ...fields },
      ...(hints === undefined ? {} : { 'os:scheduler_hints': hints }),
    }
    return (await this.#session.call<{ server: Native }>('compute', { method: 'POST', path: '/servers', body }, context, parent)).server
  }

  /** What can be changed in place is tags and metadata: the rest are actions. */
  async change({ parent }: Place, id: string, order: Order, context: CallContext): Promise<void> {
    const { mark } = order
    if (mark !== undefined)
      for (const tag of [mark.tagKey, mark.installationKey])
        await this.#session.call('compute', { method: 'PUT', path: `${pathOf(id)}/tags/${tag}` }, context, parent)
    if (mark === undefined && order.labels === undefined && order.notes === undefined) return
    const now = await this.#session.callIfThere<{ server: Native }>('compute', { method: 'GET', path: pathOf(id) }, context, parent)
    const body = { metadata: metadataAfter(now?.server ?? { id }, order, NOVA_KEYS) }
    await this.#session.call('compute', { method: 'PUT', path: `${pathOf(id)}/metadata`, body }, context, parent)
  }

  /** An action, and then the notes that it was done: a process that dies between the two does it once more, and never leaves it out. */
  async act(place: Place, id: string, verb: string, order: Order, context: CallContext): Promise<void> {
    const body = { [verb === 'os-start' ? await this.#startOf(place, id, context) : verb]: order.fields ?? null }
    await this.#session.call('compute', { method: 'POST', path: `${pathOf(id)}/action`, body }, context, place.parent)
    if (order.notes !== undefined) await this.change(place, id, { notes: order.notes }, context)
  }

  async delete({ parent }: Place, id: string, context: CallContext): Promise<void> {
    await this.#session.callIfThere('compute', { method: 'DELETE', path: pathOf(id) }, context, parent)
  }

  /** Any other call to Nova. */
  call<T>(call: Call, { parent }: Pick<Place, 'parent'>, context: CallContext): Promise<T | undefined> {
    return this.#session.callIfThere<T>('compute', call, context, parent)
  }

  /** What somebody paused, suspended or shelved is not started. */
  async #startOf({ parent }: Place, id: string, context: CallContext): Promise<string> {
    const found = await this.#session.callIfThere<{ server: Native }>('compute', { method: 'GET', path: pathOf(id) }, context, parent)
    return startOf(textOf(found?.server ?? { id }, 'status'))
  }

  /** While something is under way nothing is compared, and the ports need not be known. */
  #isCalm(server: Native): boolean {
    const { busy, isGoing } = this.facts(server)
    return busy === undefined && !isGoing
  }

  /** Servers do not tell which ports they have, only their addresses. */
  async #withPorts(
    servers: readonly Native[],
    place: Place,
    context: CallContext,
    isAsked: (server: Native) => boolean = () => true,
  ): Promise<readonly Native[]> {
    const ids = servers.filter(isAsked).map(({ id }) => id)
    const ports = await this.#network.among({ ...place, type: 'ports' }, 'device_id', ids, context)
    const of = Map.groupBy(ports, (port) => textOf(port, 'device_id'))
    return servers.map((server) => ({ ...server, ports: (of.get(server.id) ?? []).map(({ id }) => id) }))
  }

  #pages(query: Call['query'], parent: string | undefined, context: CallContext): AsyncGenerator<readonly Native[]> {
    return pagesOf(this.#session, 'compute', { path: '/servers/detail', query, key: 'servers', pageSize: PAGE_SIZE }, context, parent)
  }
}

const pathOf = (id: string) => `/servers/${encodeURIComponent(id)}`
