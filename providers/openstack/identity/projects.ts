import type { CallContext } from '../../../src/provider/contract.ts'
import type { Facts } from '../../../src/provider/translation.ts'
import { type Native, textOf } from '../native.ts'
import { ProjectClient } from './client.ts'
import type { Session } from './session.ts'

/** How long a list of projects is good for, in milliseconds, and never longer than reads may lag anyway. */
const KNOWN_MS = 1_000

/** The projects that objects are in: that of the credentials, or one for each workspace. */
export class Projects {
  readonly #session: Session
  readonly #client: ProjectClient
  readonly #knownMs: number
  #known: { readonly installation: string; readonly at: number; readonly found: Promise<readonly Facts[]> } | undefined

  constructor(session: Session) {
    this.#session = session
    this.#client = new ProjectClient(session)
    this.#knownMs = Math.min(KNOWN_MS, session.settings.settleMs)
  }

  /** Whether each workspace has a project of its own. */
  get isOwn(): boolean {
    return this.#session.settings.workspaces === 'projects'
  }

  /** The projects of an installation with their tags; one list for all who ask at about the same time. */
  async tagged(installation: string, context: CallContext): Promise<readonly { readonly id: string; readonly tag: string }[]> {
    if (this.#known === undefined || this.#known.installation !== installation || performance.now() - this.#known.at > this.#knownMs) {
      const found = Array.fromAsync(this.#client.list('projects', installation, context), (one) => this.#client.facts(one))
      this.#known = { installation, at: performance.now(), found }
      found.catch(() => (this.#known = undefined))
    }
    return this.#known.found
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
