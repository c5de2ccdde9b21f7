import type { Call, Reply } from './call.ts'
import type { CloudObject, Fields, Find, Refusal } from './model.ts'
import type { CommonSwitches } from './switches.ts'

/** What is a cloud's own in how it is met: by customers, and by its administrator. */
export interface Front<S extends CommonSwitches = CommonSwitches> {
  /** What a customer's call is counted by, and faults are ordered by: `volumes`. */
  typeOf(path: readonly string[]): string
  /** A customer's call. */
  serve(call: Call): Reply
  /** The answer that a refusal is. */
  refused(refusal: Refusal): Reply
  /** An object as its administrator sees it; `find` answers others as they are seen beside it. */
  show(object: CloudObject, find?: Find): Fields
  /** Switches as an administrator asks for them. */
  ordered(order: unknown): S
  /** Makes an object as a stranger would. */
  create(type: string, body: Fields): CloudObject
  /** Changes an object at once and unchecked. */
  change(id: string, body: unknown): CloudObject
}
