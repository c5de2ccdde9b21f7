import type { Kind } from '../../kinds/kind.ts'
import { forEachParallel } from '../../parallel.ts'
import type { Address } from '../../resolve/address.ts'
import { keyOf } from '../../resolve/names.ts'
import { namespaceOf } from '../../resolve/references.ts'
import type { Context } from '../context.ts'
import type { Attempt, Caller, Decision } from '../contract.ts'
import { Refusal } from '../problem.ts'

interface SightOptions {
  readonly context: Context
  readonly caller: Caller
  readonly kind: Kind
  readonly signal: AbortSignal
}

/** Decisions of one request at the same time, and altogether: behind the aggregated door each may be a call to kube-apiserver. */
const WIDTH = 8
const MAX_DECISIONS = 2_000

/** What the caller of one request may `get`, each target asked once. */
export class Sight {
  readonly #options: SightOptions
  readonly #decisions = new Map<string, Promise<Decision>>()

  constructor(options: SightOptions) {
    this.#options = options
  }

  /** Works through what decisions are needed for, a few at a time. */
  forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    return forEachParallel(items, WIDTH, work)
  }

  /** Whether the caller may `get` what is, or would be, at an address. Throws 422 for more targets than one request may name. */
  of(address: Address): Promise<Decision> {
    const { cache } = this.#options.context
    const { kind, region, tenant, workspace, parent, name } = address
    const namespace = namespaceOf(cache, address)
    const prefix = kind.catalog === true ? `${region}.` : kind.parent === undefined ? '' : `${parent ?? '*'}.`
    return this.#decide({
      verb: 'get',
      kind,
      region,
      name,
      objectName: prefix + name,
      ...(tenant === undefined ? {} : { tenant }),
      ...(workspace === undefined ? {} : { workspace }),
      ...(parent === undefined ? {} : { parent }),
      ...(namespace === undefined ? {} : { namespace }),
    })
  }

  /** Nested in no matter what: the caller must be allowed to get every such target, or the answer would tell where there is one. */
  isOfAnyParent({ kind, parent }: Address): boolean {
    return kind.parent !== undefined && parent === undefined
  }

  /** Whether the caller may `get` the object of this kind and name in another tenant. */
  ofCounterpart(tenant: string, name: string): Promise<Decision> {
    const { context, kind } = this.#options
    const namespace = context.cache.namespaceOf({ tenant })
    const region = context.cache.defaultRegion
    return this.#decide({ verb: 'get', kind, region, tenant, name, objectName: name, ...(namespace === undefined ? {} : { namespace }) })
  }

  #decide(attempt: Attempt): Promise<Decision> {
    const { context, caller, signal } = this.#options
    const { kind, region, tenant, workspace, objectName } = attempt
    const id = keyOf(kind.kind, JSON.stringify([region, tenant, workspace, objectName]))
    const known = this.#decisions.get(id)
    if (known !== undefined) return known
    if (this.#decisions.size >= MAX_DECISIONS)
      throw new Refusal(
        'ValidationFailed',
        `the body names more than ${MAX_DECISIONS} objects that it did not name before; add them in several requests`,
      )
    const decision = context.authorizer.authorize(caller, attempt, signal)
    this.#decisions.set(id, decision)
    return decision
  }
}
