import type { CallContext } from '../../src/provider/contract.ts'
import type { Facts, Fields, Place } from '../../src/provider/translation.ts'

/** An object as a service shows it, with what was looked up elsewhere beside it. */
export type Native = { readonly id: string } & { readonly [field: string]: unknown }

/** A collection of a service, in what differs from the others. */
export interface Collection {
  /** Below the service's root: `networks`. */
  readonly path: string
  /** Key of one object in a body, `network`. */
  readonly singular: string
  /** Key of a list in a body, where it is not the path. */
  readonly plural?: string
  /** Objects have no name of their own. */
  readonly isNameless?: true
  /** What every object is made with, which only the cloud can tell. */
  defaults?(context: CallContext): Promise<Fields>
  /** Adds what other collections tell of the objects (the ports of servers), and makes one object of several where they belong together. */
  enrich?(objects: readonly Native[], place: Place, context: CallContext): Promise<readonly Native[]>
  /** What the object's state means. */
  state?(object: Native): Pick<Facts, 'busy' | 'failed' | 'usedBy'> & { readonly isGoing?: boolean }
}

export const textOf = (object: Native, field: string): string => (typeof object[field] === 'string' ? object[field] : '')

export const listOf = <T = Native>(object: Native, field: string): readonly T[] =>
  Array.isArray(object[field]) ? (object[field] as readonly T[]) : []
