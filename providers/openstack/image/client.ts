import type { CallContext } from '../../../src/provider/contract.ts'
import { installationKey, isTagKey, parseTag, tagPrefix } from '../../../src/provider/tags.ts'
import type { CloudClient, Facts, Mark, Order, Place } from '../../../src/provider/translation.ts'
import type { Projects } from '../identity/projects.ts'
import type { Call, Session } from '../identity/session.ts'
import { type Native, textOf } from '../native.ts'
import { pagesOf } from '../pages.ts'
import type { Sharing } from './sharing.ts'

const PAGE_SIZE = 500
const TAG = 'seca_tag'
const INCARNATION = 'seca_incarnation'
const PATCH = { 'content-type': 'application/openstack-images-v2.1-json-patch' }
const FAILED: ReadonlySet<string> = new Set(['killed', 'deactivated'])

/**
 * Glance's images. One that is made of a volume takes nothing but a name at first: keys and incarnation, by which it is found until its own
 * adapter comes by and puts tag and name in their places.
 */
export class ImageClient implements CloudClient<Native> {
  readonly lookup = 'tag'
  readonly keepsNotes = false
  readonly #session: Session
  readonly #projects: Projects
  readonly #sharing: Sharing

  constructor(session: Session, projects: Projects, sharing: Sharing) {
    this.#session = session
    this.#projects = projects
    this.#sharing = sharing
  }

  facts(image: Native): Facts {
    const status = textOf(image, 'status')
    const isGoing = status === 'deleted' || status === 'pending_delete'
    const isFailed = FAILED.has(status)
    return {
      id: image.id,
      ...markOf(image),
      parent: this.#projects.parentOf(image),
      busy: isGoing || isFailed || status === 'active' ? undefined : status,
      failed: isFailed ? `Glance calls it ${status}` : undefined,
      isGoing,
    }
  }

  async get({ parent }: Place, id: string, context: CallContext): Promise<Native | undefined> {
    const found = await this.#session.callIfThere<Native>('image', { method: 'GET', path: pathOf(id) }, context, parent)
    return found && this.#sharing.looked(found, context)
  }

  async find({ parent }: Place, mark: Mark, context: CallContext): Promise<readonly Native[]> {
    const found: Native[] = []
    for (const query of [{ [TAG]: mark.tag }, ...(mark.incarnation === '' ? [] : [{ name: firstName(mark) }])])
      for await (const image of this.pages({ owner: parent ?? (await this.#session.projectId(context)), ...query }, parent, context))
        found.push(image)
    const once = [...new Map(found.map((image) => [image.id, image])).values()]
    return Promise.all(once.map((image) => this.#sharing.looked(image, context)))
  }

  async *list(_type: string, installation: string | undefined, context: CallContext): AsyncGenerator<Native> {
    const ours: Native[] = []
    for await (const parent of this.#projects.all(installation, context)) {
      const owner = parent ?? (await this.#session.projectId(context))
      for await (const image of this.pages({ owner }, parent, context)) {
        const { tag, installationKey: key } = markOf(image)
        const isOurs = installation === undefined || tag.startsWith(tagPrefix(installation)) || key === installationKey(installation)
        if (tag !== '' && isOurs) ours.push(image)
      }
    }
    yield* await this.#sharing.swept(ours, installation, context)
  }

  /** Cinder uploads the volume; what comes of it is Glance's. */
  async create({ parent }: Place, { mark, fields = {} }: Order, context: CallContext): Promise<Native> {
    const { volume } = fields as { volume?: string }
    const visibility = this.#projects.isOwn ? { visibility: 'shared' } : {}
    const upload = { image_name: mark === undefined ? '' : firstName(mark), disk_format: 'raw', container_format: 'bare', ...visibility }
    const call: Call = { method: 'POST', path: `/volumes/${volume ?? ''}/action`, body: { 'os-volume_upload_image': upload } }
    type Answer = { readonly 'os-volume_upload_image': { readonly image_id: string } }
    const { image_id: id } = (await this.#session.call<Answer>('volume', call, context, parent))['os-volume_upload_image']
    return { id, name: upload.image_name, status: 'queued', owner: parent }
  }

  /** With its mark, an image gets to where its tenant is. */
  async change(place: Place, id: string, { mark, fields = {} }: Order, context: CallContext): Promise<void> {
    const { parent } = place
    const marks = mark === undefined ? {} : { [TAG]: mark.tag, [INCARNATION]: mark.incarnation, name: nameOf(mark.tag) }
    const body = Object.entries({ ...fields, ...marks }).map(([key, value]) => ({
      op: key === 'name' ? 'replace' : 'add',
      path: `/${key}`,
      value,
    }))
    if (body.length > 0) await this.#session.call('image', { method: 'PATCH', path: pathOf(id), body, headers: PATCH }, context, parent)
    const image = mark === undefined ? undefined : await this.get(place, id, context)
    if (image !== undefined) await this.#sharing.share(image, context)
  }

  act(): Promise<void> {
    return Promise.reject(new Error('images have no actions'))
  }

  async delete({ parent }: Place, id: string, context: CallContext): Promise<void> {
    await this.#session.callIfThere('image', { method: 'DELETE', path: pathOf(id) }, context, parent)
  }

  async *pages(query: Call['query'], parent: string | undefined, context: CallContext): AsyncGenerator<Native> {
    const list = { path: '/images', query, key: 'images', pageSize: PAGE_SIZE }
    for await (const page of pagesOf(this.#session, 'image', list, context, parent)) yield* page
  }
}

const pathOf = (id: string) => `/images/${encodeURIComponent(id)}`
const firstName = ({ tagKey, installationKey: owner, incarnation }: Mark) => `${tagKey}.${owner}.${incarnation}`
const nameOf = (tag: string) => tag.split('/').at(-1) ?? tag

function markOf(image: Native): Pick<Facts, 'tag' | 'incarnation' | 'installationKey'> {
  const tag = textOf(image, TAG)
  if (parseTag(tag) !== undefined) return { tag, incarnation: textOf(image, INCARNATION) }
  const [key = '', owner, incarnation] = textOf(image, 'name').split('.')
  return isTagKey(key) && incarnation !== undefined ? { tag: key, installationKey: owner, incarnation } : { tag: '' }
}
