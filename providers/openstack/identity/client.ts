import type { CallContext } from '../../../src/provider/contract.ts'
import { HttpFailure } from '../../../src/provider/http.ts'
import { installationKey, parseTag } from '../../../src/provider/tags.ts'
import type { CloudClient, Facts, Mark, Order, Place } from '../../../src/provider/translation.ts'
import { type Native, textOf } from '../native.ts'
import type { Session } from './session.ts'

const INCARNATION = 'seca.incarnation='
const PROJECTS = '/projects'

/** Keystone's projects: marked by tags, which hold neither slashes nor commas, with the whole ownership tag as description. */
export class ProjectClient implements CloudClient<Native> {
  readonly lookup = 'key'
  readonly keepsNotes = false
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  facts(project: Native): Facts {
    const description = textOf(project, 'description')
    return {
      id: project.id,
      tag: parseTag(description) === undefined ? '' : description,
      incarnation: tagsOf(project)
        .find((tag) => tag.startsWith(INCARNATION))
        ?.slice(INCARNATION.length),
      isGoing: false,
    }
  }

  get(_place: Place, id: string, context: CallContext): Promise<Native | undefined> {
    return this.#session.project(id, context)
  }

  find(_place: Place, { tagKey }: Mark, context: CallContext): Promise<readonly Native[]> {
    return this.#session.projects({ tags: tagKey }, context)
  }

  async *list(_type: string, installation: string | undefined, context: CallContext): AsyncGenerator<Native> {
    const found = await this.#session.projects(installation === undefined ? {} : { tags: installationKey(installation) }, context)
    yield* found.filter((project) => this.facts(project).tag !== '')
  }

  /** The name is unique in its domain and made of the mark: a second creation answers the same project. */
  async create(_place: Place, { mark, fields }: Order, context: CallContext): Promise<Native> {
    const domain_id = await this.#session.domainId(context)
    const project = { domain_id, ...fields, enabled: true, ...(mark === undefined ? {} : marks(mark)) }
    try {
      return (await this.#session.call<{ project: Native }>('identity', { method: 'POST', path: PROJECTS, body: { project } }, context))
        .project
    } catch (thrown) {
      const [same] =
        thrown instanceof HttpFailure && thrown.status === 409 && mark !== undefined ? await this.find(_place, mark, context) : []
      if (same === undefined) throw thrown
      return same
    }
  }

  async change(_place: Place, id: string, { mark, fields = {} }: Order, context: CallContext): Promise<void> {
    const project = { ...fields, ...(mark === undefined ? {} : marks(mark)) }
    await this.#session.call('identity', { method: 'PATCH', path: `${PROJECTS}/${encodeURIComponent(id)}`, body: { project } }, context)
  }

  act(): Promise<void> {
    return Promise.reject(new Error('projects have no actions'))
  }

  async delete(_place: Place, id: string, context: CallContext): Promise<void> {
    await this.#session.callIfThere('identity', { method: 'DELETE', path: `${PROJECTS}/${encodeURIComponent(id)}` }, context)
  }
}

const tagsOf = ({ tags }: Native): readonly string[] => (Array.isArray(tags) ? tags.map(String) : [])

const marks = ({ tag, tagKey, installationKey: owner, incarnation }: Mark) => ({
  description: tag,
  tags: [tagKey, owner, INCARNATION + incarnation],
})
