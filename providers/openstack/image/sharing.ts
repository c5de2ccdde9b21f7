import type { CallContext } from '../../../src/provider/contract.ts'
import { HttpFailure } from '../../../src/provider/http.ts'
import { parseTag } from '../../../src/provider/tags.ts'
import type { Projects } from '../identity/projects.ts'
import type { Session } from '../identity/session.ts'
import { listOf, type Native, textOf } from '../native.ts'
import { pagesOf } from '../pages.ts'

/** What everybody sees anyway. */
const OPEN: ReadonlySet<string> = new Set(['public', 'community'])
const ACCEPTED = { visibility: 'shared', member_status: 'accepted' } as const
const PAGE_SIZE = 500

/** Where each workspace has a project: the images of a tenant in the projects of its other workspaces, as members that have accepted. */
export class Sharing {
  readonly #session: Session
  readonly #projects: Projects

  constructor(session: Session, projects: Projects) {
    this.#session = session
    this.#projects = projects
  }

  /** An image with the projects that lack it. */
  async looked(image: Native, context: CallContext): Promise<Native> {
    const wanted = await this.#wanted(image, context)
    if (wanted.length === 0) return image
    const path = `${pathOf(image)}/members`
    const { members } = (await this.#session.callIfThere<{ members: readonly Member[] }>(
      'image',
      { method: 'GET', path },
      context,
      textOf(image, 'owner'),
    )) ?? { members: [] }
    const has = members.filter(({ status }) => status === 'accepted').map(({ member_id: id }) => id)
    return { ...image, lacking: wanted.filter((id) => !has.includes(id)) }
  }

  /** The same of many, by a page or two of each project instead of a request for each image. */
  async swept(images: readonly Native[], installation: string | undefined, context: CallContext): Promise<readonly Native[]> {
    if (!this.#projects.isOwn || images.length === 0) return images
    const accepted = new Set<string>()
    for await (const project of this.#projects.all(installation, context))
      for await (const image of this.#acceptedBy(project, context)) accepted.add(`${image.id} ${project}`)
    const lacking = async (image: Native) =>
      (await this.#wanted(image, context)).filter((project) => !accepted.has(`${image.id} ${project}`))
    return Promise.all(images.map(async (image) => ({ ...image, lacking: await lacking(image) })))
  }

  /** Gives an image to the projects that lack it. One that cannot be entered keeps it from no other. */
  async share(image: Native, context: CallContext): Promise<void> {
    const refused: unknown[] = []
    for (const project of lackingOf(image)) await this.#shareWith(image, project, context).catch((thrown: unknown) => refused.push(thrown))
    if (refused.length > 0) throw refused[0]
  }

  /** For who is about to use an image, and will not wait until the image's own adapter comes by. */
  async shareNow(id: string, owner: string, project: string, context: CallContext): Promise<void> {
    if (!this.#projects.isOwn || owner === project) return
    const path = `/images/${encodeURIComponent(id)}`
    if ((await this.#session.callIfThere('image', { method: 'GET', path }, context, project)) !== undefined) return
    const image = await this.#session.callIfThere<Native>('image', { method: 'GET', path }, context, owner)
    if (image !== undefined && (await this.#wanted(image, context)).includes(project)) await this.#shareWith(image, project, context)
  }

  /** Before a project goes: Glance would keep it as a member. */
  async leave(project: string, context: CallContext): Promise<void> {
    for (const image of await Array.fromAsync(this.#acceptedBy(project, context)))
      if ((await this.#wanted(image, context)).includes(project)) {
        const path = `${pathOf(image)}/members/${project}`
        await this.#session.callIfThere('image', { method: 'DELETE', path }, context, textOf(image, 'owner'))
      }
  }

  /** Projects of the other workspaces that its tenant has in the region. */
  async #wanted(image: Native, context: CallContext): Promise<readonly string[]> {
    const { installation, region, path = '' } = parseTag(textOf(image, 'seca_tag')) ?? {}
    const tenant = /\/tenants\/([^/]+)\//.exec(path)?.[1]
    if (!this.#projects.isOwn || tenant === undefined || OPEN.has(textOf(image, 'visibility'))) return []
    const start = `${installation}/${region}/`
    const isTheirs = (tag: string) => tag.startsWith(start) && tag.includes(`/tenants/${tenant}/workspaces/`)
    const all = await this.#projects.tagged(installation ?? '', context)
    return all.filter(({ id, tag }) => id !== textOf(image, 'owner') && isTheirs(tag)).map(({ id }) => id)
  }

  async #shareWith(image: Native, project: string, context: CallContext): Promise<void> {
    const owner = textOf(image, 'owner')
    const at = pathOf(image)
    if (textOf(image, 'visibility') === 'private') {
      const body = [{ op: 'replace', path: '/visibility', value: 'shared' }]
      const headers = { 'content-type': 'application/openstack-images-v2.1-json-patch' }
      await this.#session.call('image', { method: 'PATCH', path: at, body, headers }, context, owner)
    }
    const member = { method: 'POST', path: `${at}/members`, body: { member: project } } as const
    await this.#session.call('image', member, context, owner).catch((thrown: unknown) => {
      if (!(thrown instanceof HttpFailure) || thrown.status !== 409) throw thrown
    })
    const accept = { method: 'PUT', path: `${at}/members/${project}`, body: { status: 'accepted' } } as const
    await this.#session.call('image', accept, context, project)
  }

  async *#acceptedBy(project: string | undefined, context: CallContext): AsyncGenerator<Native> {
    const list = { path: '/images', query: ACCEPTED, key: 'images', pageSize: PAGE_SIZE }
    for await (const page of pagesOf(this.#session, 'image', list, context, project)) yield* page.filter((one) => one['owner'] !== project)
  }
}

interface Member {
  readonly member_id: string
  readonly status: string
}

/** Ids of the projects that an image ought to be in, and is not. */
export const lackingOf = (image: Native): readonly string[] => listOf<string>(image, 'lacking')

const pathOf = ({ id }: Native) => `/images/${encodeURIComponent(id)}`
