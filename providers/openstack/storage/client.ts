import type { CallContext } from '../../../src/provider/contract.ts'
import { tagPrefix } from '../../../src/provider/tags.ts'
import type { CloudClient, Facts, Mark, Order, Place } from '../../../src/provider/translation.ts'
import type { Projects } from '../identity/projects.ts'
import type { Call, Session } from '../identity/session.ts'
import { byTag, factsIn, metadataAfter, metadataFor } from '../metadata.ts'
import { CINDER_KEYS } from '../label-keys.ts'
import { listOf, type Native, textOf } from '../native.ts'
import { pagesOf } from '../pages.ts'

const PAGE_SIZE = 500
/** States in which nothing of the volume's own is under way; an attachment is its server's business. */
const CALM: ReadonlySet<string> = new Set(['available', 'in-use', 'reserved', 'attaching', 'detaching', 'maintenance', 'awaiting-transfer'])

/** Cinder's volumes, marked by their metadata. */
export class VolumeClient implements CloudClient<Native> {
  readonly lookup = 'tag'
  readonly keepsNotes = true
  readonly #session: Session
  readonly #projects: Projects

  constructor(session: Session, projects: Projects) {
    this.#session = session
    this.#projects = projects
  }

  facts(volume: Native): Facts {
    const status = textOf(volume, 'status')
    const [attachment] = listOf<{ server_id: string }>(volume, 'attachments')
    const isFailed = status.startsWith('error')
    const project = textOf(volume, 'os-vol-tenant-attr:tenant_id')
    return {
      id: volume.id,
      ...factsIn(volume, CINDER_KEYS),
      parent: this.#projects.parentOf({ ...volume, project_id: project }),
      busy: isFailed || CALM.has(status) || status === 'deleting' ? undefined : status,
      failed: isFailed ? textOf(volume, 'words') || `Cinder calls it ${status}` : undefined,
      isGoing: status === 'deleting',
      usedBy: attachment === undefined ? undefined : `server ${attachment.server_id}`,
    }
  }

  async get({ parent }: Place, id: string, context: CallContext): Promise<Native | undefined> {
    const found = await this.#session.callIfThere<{ volume: Native }>('volume', { method: 'GET', path: pathOf(id) }, context, parent)
    return found && this.#withWords(found.volume, parent, context)
  }

  async find({ parent }: Place, { tag }: Mark, context: CallContext): Promise<readonly Native[]> {
    const found: Native[] = []
    for await (const volume of this.#pages({ metadata: byTag(tag) }, parent, context))
      found.push(await this.#withWords(volume, parent, context))
    return found
  }

  /** All volumes of the project, whosever they are. */
  async seen(context: CallContext): Promise<readonly Native[]> {
    return Array.fromAsync(this.#pages({}, undefined, context))
  }

  async *list(_type: string, installation: string | undefined, context: CallContext): AsyncGenerator<Native> {
    for await (const parent of this.#projects.all(installation, context))
      for await (const volume of this.#pages({}, parent, context)) {
        const { tag } = factsIn(volume, CINDER_KEYS)
        if (tag !== '' && (installation === undefined || tag.startsWith(tagPrefix(installation)))) yield volume
      }
  }

  async create({ parent }: Place, order: Order, context: CallContext): Promise<Native> {
    const body = { volume: { name: order.name, metadata: metadataFor(order, CINDER_KEYS), ...order.fields } }
    return (await this.#session.call<{ volume: Native }>('volume', { method: 'POST', path: '/volumes', body }, context, parent)).volume
  }

  /** A new size is an action of its own; everything else that changes is metadata. */
  async change(place: Place, id: string, order: Order, context: CallContext): Promise<void> {
    const { size } = order.fields ?? {}
    if (size !== undefined) await this.act(place, id, 'os-extend', { fields: { new_size: size } }, context)
    if (order.mark === undefined && order.labels === undefined && order.notes === undefined) return
    const now = await this.get(place, id, context)
    const body = { metadata: metadataAfter(now ?? { id }, order, CINDER_KEYS) }
    await this.#session.call('volume', { method: 'PUT', path: `${pathOf(id)}/metadata`, body }, context, place.parent)
  }

  async act({ parent }: Place, id: string, verb: string, { fields = {} }: Order, context: CallContext): Promise<void> {
    await this.#session.call('volume', { method: 'POST', path: `${pathOf(id)}/action`, body: { [verb]: fields } }, context, parent)
  }

  async delete({ parent }: Place, id: string, context: CallContext): Promise<void> {
    try {
      await this.#session.callIfThere('volume', { method: 'DELETE', path: pathOf(id) }, context, parent)
    } catch (thrown) {
      // One that is going refuses to be deleted again.
      const now = await this.get({ type: 'volumes', parent }, id, context)
      if (now !== undefined && textOf(now, 'status') !== 'deleting') throw thrown
    }
  }

  /** What Cinder told the user about a volume that failed. */
  async #withWords(volume: Native, parent: string | undefined, context: CallContext): Promise<Native> {
    if (!textOf(volume, 'status').startsWith('error')) return volume
    const call: Call = { method: 'GET', path: '/messages', query: { resource_uuid: volume.id, sort: 'created_at:desc', limit: 1 } }
    const { messages } = (await this.#session.callIfThere<{ messages: readonly { user_message: string }[] }>(
      'volume',
      call,
      context,
      parent,
    )) ?? {
      messages: [],
    }
    return { ...volume, words: messages[0]?.user_message }
  }

  async *#pages(query: Call['query'], parent: string | undefined, context: CallContext): AsyncGenerator<Native> {
    const list = { path: '/volumes/detail', query, key: 'volumes', pageSize: PAGE_SIZE }
    for await (const page of pagesOf(this.#session, 'volume', list, context, parent)) yield* page
  }
}

const pathOf = (id: string) => `/volumes/${encodeURIComponent(id)}`
