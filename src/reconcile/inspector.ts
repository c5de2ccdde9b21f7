import { isFinalized } from '../kinds/kind.ts'
import { FINALIZER } from '../kinds/names.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Connection, Json } from '../provider/contract.ts'
import type { Lookup } from '../resolve/lookup.ts'
import type { Controller, Services, View } from './controller.ts'
import { converge } from './converge.ts'
import type { Identities } from './identity.ts'
import { blank } from './memory.ts'
import { isObserveOnly } from './policy.ts'
import { prerequisites } from './prerequisites.ts'
import { isQuiet } from './schedule.ts'
import { statusAfter, whole } from './verdict.ts'

export interface InspectorOptions {
  readonly lookup: Lookup
  readonly view: View
  readonly services: Services
  readonly identities: Pick<Identities, 'behind'>
  readonly now: () => number
}

/** An object that somebody went through an account's list for. */
export interface Found {
  readonly object: Resource
  /** What the list says of it, {@link Desired.swept}. */
  readonly found: Json
  /** Whose list it is. */
  readonly connection: Connection
  readonly signal: AbortSignal
}

/** A pass that only thinks: what would be done for an object, if the cloud is as a sweep found it. */
export class Inspector {
  readonly #options: InspectorOptions

  constructor(options: InspectorOptions) {
    this.#options = options
  }

  /**
   * Whether a pass would do nothing at all: no call that changes the cloud, no write. Whatever else is so is no finding, since lists
   * lag, only a reason to look at the object itself. Nothing is thrown for the same reason.
   */
  async isInOrder(controller: Controller, { object, found, connection, signal }: Found): Promise<boolean> {
    const { lookup, view, services, identities, now } = this.#options
    const { kind } = controller
    if (isFinalized(kind) && object.metadata.finalizers?.includes(FINALIZER) !== true) return false
    try {
      if ((prerequisites(lookup, kind, object) ?? controller.check?.(object, view)) !== undefined) return false
      const { adapter, capability, desired, link } = await identities.behind(controller, object, { signal, view, services })
      if (link?.connection !== connection) return false
      const outcome = await converge({
        object,
        desired: { ...desired, swept: found },
        capability,
        memory: blank(),
        isObserveOnly: isObserveOnly(object),
        now: () => 0,
        observe: (wanted) => adapter.observe(wanted, { signal, priority: 'low', share: wanted.path.tenant }),
        create: refuse,
        update: refuse,
        delete: refuse,
        unmet: undefined,
        doubtMs: () => 0,
        begin: refuse,
        onDrift: refuse,
        onTwin: refuse,
      })
      const all = whole(lookup, controller, object, view, outcome)
      return isQuiet(all) && statusAfter(controller, object, view, all, now()) === undefined
    } catch {
      return false
    }
  }
}

function refuse(): never {
  throw new Error('a pass that only thinks does nothing')
}
