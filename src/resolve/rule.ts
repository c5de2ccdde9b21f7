import type { Guard } from '../kinds/guards.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { Lookup } from './lookup.ts'

/** What is wrong with a field. */
export interface Finding {
  /** Below the spec, dotted: `scopes[0].tenants[1]`. */
  readonly path: string
  /**
   * `impossible`: wrong as long as it stands so; `missing`: what it names is not there; `pending`: nothing is wrong, but what it
   * needs is still under way.
   */
  readonly state: 'impossible' | 'missing' | 'pending'
  /** For a person, without the path. */
  readonly message: string
  /** The same without what it tells of the parent, for who may not see that; absent: it tells nothing. */
  readonly discreet?: string
  /** What is missing, where many things can be: `tenant "acme"`. No watch tells of it. */
  readonly missing?: string
  /** Tenants do not know of each other: the API, which knows who asks, looks for itself and tells it in words of its own. */
  readonly isPrivate?: true
}

/** What a rule is evaluated on. */
interface Subject {
  readonly lookup: Lookup
  readonly kind: Kind
  readonly object: Resource
  readonly guard: Guard
}

/** Evaluates one rule on the value of its field; lazily, since who asks may have heard enough. */
export type Rule = (value: unknown, subject: Subject) => Iterable<Finding>
