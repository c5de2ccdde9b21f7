import type { CallContext } from '../../../src/provider/contract.ts'
import { type Native, textOf } from '../native.ts'
import { ProjectClient } from './client.ts'
import type { Session } from './session.ts'

/** The projects that objects are in: that of the credentials, or one for each workspace. */
export class Projects {
  readonly #session: Session
  readonly #client: ProjectClient

  constructor(session: Session) {
    this.#session = session
    this.#client = new ProjectClient(session)
  }

  /** Whether each workspace has a project of its own. */
  get isOwn(): boolean {
    return this.#session.settings.workspaces === 'projects'
  }

  /** Project of an object, where that tells anything. */
  parentOf(object: Native): string | undefined {
    if (!this.isOwn) return undefined
    return textOf(object, 'project_id') || textOf(object, 'tenant_id') || textOf(object, 'owner') || undefined
  }

  /** All projects in which objects of an installation (undefined: of any) may be; undefined = that of the credentials. */
  async *all(installation: string | undefined, context: CallContext): AsyncGenerator<string | undefined> {
    if (this.isOwn) for await (const { id } of this.#client.list('projects', installation, context)) yield id
    else yield undefined
  }
}
