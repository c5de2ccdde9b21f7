import type { CallContext } from '../../../src/provider/contract.ts'
import { type Native, textOf } from '../native.ts'
import type { Session } from './session.ts'

/** The projects that objects are in: that of the credentials, or one for each workspace. */
export class Projects {
  readonly #session: Session

  constructor(session: Session) {
    this.#session = session
  }

  /** Whether each workspace has a project of its own. */
  get isOwn(): boolean {
    return this.#session.settings.workspaces === 'projects'
  }

  /** Project of an object, where that tells anything. */
  parentOf(object: Native): string | undefined {
    return this.isOwn ? textOf(object, 'project_id') || textOf(object, 'tenant_id') || undefined : undefined
  }

  /** All projects in which objects of an installation may be; undefined = that of the credentials. */
  async *all(_installation: string | undefined, _context: CallContext): AsyncGenerator<string | undefined> {
    yield await Promise.resolve(undefined)
  }
}
