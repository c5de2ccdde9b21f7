import type { Kind } from '../../kinds/kind.ts'
import type { Resource } from '../../kinds/resource.ts'
import { isNotFound } from '../../kube/errors.ts'
import { forEachParallel } from '../../parallel.ts'
import { type Address, addresser, isNear, outOfReach } from '../../resolve/address.ts'
import { ByReference } from '../../resolve/by-reference.ts'
import { type FoundReference, referencesOf, resolveAddress, valuesAt } from '../../resolve/references.ts'
import type { Issue } from '../../schema/validate.ts'
import type { Context } from '../context.ts'
import type { Caller } from '../contract.ts'
import { inBody, pointerOf, Refusal } from '../problem.ts'
import { Sight } from './sight.ts'

export interface CheckOptions {
  readonly context: Context
  readonly caller: Caller
  readonly kind: Kind
  readonly signal: AbortSignal
}

/** Live look-ups of one request at the same time, and altogether. */
const LOOKUPS = 8
const MAX_LOOKUPS = 64

/** One reference that a PUT brings, with every place that it stands in. */
interface Fresh {
  readonly found: FoundReference
  readonly paths: string[]
  address?: Address
  message?: string
}

/** A target that memory does not have, of a field that needs it. */
interface Absent {
  readonly fresh: Fresh
  readonly key: string | undefined
  readonly message: string
}

/**
 * Checks the references of a PUT that are new (contract §9): they are well formed and in reach, the caller may `get` what they name, and
 * what must exist does. Made once for a request, however often its write is tried: budgets of decisions and look-ups are the request's.
 */
export class ReferenceCheck {
  readonly #options: CheckOptions
  readonly #sight: Sight
  #lookups = MAX_LOOKUPS

  constructor(options: CheckOptions) {
    this.#options = options
    this.#sight = new Sight(options)
  }

  /** What is wrong. Throws 403 for what the caller may not see, whether it is there or not, and 422 for more than one request may name. */
  async issues(candidate: Resource, before: Resource | undefined): Promise<Issue[]> {
    const list = await this.#addressed(candidate, before)
    await this.#see(list)
    await this.#resolve(list)
    const issues = list.flatMap(({ paths, message }) =>
      message === undefined ? [] : paths.map((path) => ({ pointer: pointerOf(`spec.${path}`), message })),
    )
    return [...issues, ...(await this.#tenants(candidate, before))]
  }

  /** The new references, each once, with where they point or why they never can. */
  async #addressed(candidate: Resource, before: Resource | undefined): Promise<Fresh[]> {
    const { context, kind } = this.#options
    const read = addresser(context.cache, kind, candidate)
    const old = new ByReference<true>()
    const groups = new ByReference<Fresh>()
    const list: Fresh[] = []
    const add = (found: FoundReference): Fresh => {
      const addressed = read(found)
      const fresh: Fresh = { found, paths: [] }
      if (addressed.state === 'at') fresh.address = addressed.address
      if (addressed.state === 'invalid') fresh.message = addressed.message
      // An address stands for itself: there is nothing to ask about it.
      if (addressed.state !== 'literal') list.push(fresh)
      return fresh
    }
    await forEachParallel(before === undefined ? [] : referencesOf(kind, before), 1, ({ rule, reference }) => {
      old.of(rule, reference, () => true)
    })
    await forEachParallel(referencesOf(kind, candidate), 1, (found) => {
      const { rule, reference, path } = found
      if (!old.has(rule, reference)) groups.of(rule, reference, () => add(found)).paths.push(path)
    })
    return list
  }

  /** Before existence is told: whoever may not see a target does not learn whether it is there. */
  async #see(list: readonly Fresh[]): Promise<void> {
    await this.#sight.forEach(list, async (fresh) => {
      const { address } = fresh
      if (address === undefined) return
      const decision = await this.#sight.of(address)
      if (decision.isAllowed) return
      // Another tenant that is open to others answers like one that is not, or that does not exist.
      if (address.tenant !== address.own?.tenant && address.kind.scope !== 'cluster') {
        fresh.message = outOfReach(address.text, address.tenant ?? '')
        delete fresh.address
        return
      }
      const pointer = pointerOf(`spec.${fresh.paths[0] ?? ''}`)
      // Why is said only where its words cannot depend on whether there is such a workspace.
      const why = isNear(address) ? ` (${decision.why})` : ''
      const help = this.#sight.isOfAnyParent(address) ? `; name the ${address.kind.parent?.field ?? 'parent'} too` : ''
      const message = `${pointer.slice(1).replaceAll('/', '.')}: you may not get the ${address.kind.secaKind} that it names${why}${help}`
      throw new Refusal('Forbidden', message, { sources: [inBody(pointer)] })
    })
  }

  async #resolve(list: readonly Fresh[]): Promise<void> {
    const absent: Absent[] = []
    await this.#sight.forEach(list, async (fresh) => {
      if (fresh.address === undefined) return
      const lack = await this.#lackOf(fresh, fresh.address)
      if (lack !== undefined) absent.push(lack)
    })
    await this.#lookUp(absent)
  }

  /** What is missing at an address, when that is a reason to refuse; says itself what else is wrong. */
  async #lackOf(fresh: Fresh, address: Address): Promise<Absent | undefined> {
    const resolution = resolveAddress(this.#options.context.cache, address)
    if (resolution.state === 'ambiguous') fresh.message = `${resolution.message}; it is in ${listed(resolution.parents)}`
    if (resolution.state !== 'missing') return undefined
    const { keys, message, region } = resolution
    // That it is in another region is told only to those who may get it there; for everybody else there is nothing.
    if (region !== undefined && (await this.#sight.of({ ...address, region })).isAllowed) {
      fresh.message = `${message}: it is in region ${region}`
      return undefined
    }
    const isNeeded = keys.length === 0 || fresh.found.rule.mustExist.includes(address.kind.kind)
    return isNeeded ? { fresh, key: region === undefined ? keys[0] : undefined, message } : undefined
  }

  /**
   * Memory may be some milliseconds behind, so the cluster is asked before a target is called missing: for a few at a time, until one of
   * them really is not there. Then the PUT is refused anyway, and what memory says of the others will do.
   */
  async #lookUp(absent: readonly Absent[]): Promise<void> {
    const doubtful = absent.filter(({ key }) => key !== undefined && !key.includes('*'))
    let isRefused = doubtful.length < absent.length
    for (let at = 0; at < doubtful.length && !isRefused; at += LOOKUPS) {
      const batch = doubtful.slice(at, at + LOOKUPS)
      if (this.#lookups < batch.length) throw new Refusal('NotReady', 'the API server is still reading what the cluster has; try again')
      this.#lookups -= batch.length
      await forEachParallel(batch, LOOKUPS, async (one) => {
        if (!(await this.#isThere(one))) isRefused = true
      })
    }
    for (const { fresh, message } of isRefused ? absent : []) {
      const { address } = fresh
      if (address === undefined || resolveAddress(this.#options.context.cache, address).state === 'found') continue
      fresh.message = message
    }
  }

  async #isThere({ fresh: { address }, key = '' }: Absent): Promise<boolean> {
    const { context, signal } = this.#options
    if (address === undefined) return false
    const { kind } = address
    const slash = key.indexOf('/')
    try {
      const object = await context.client.get<Resource>(kind.gvr, slash < 0 ? undefined : key.slice(0, slash), key.slice(slash + 1), signal)
      context.cache.store(kind.kind).set(object)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
    return resolveAddress(context.cache, address).state === 'found'
  }

  /** Tenants that a spec names: the own one, all (`*`), and others that exist and are seen by the caller. */
  async #tenants(candidate: Resource, before: Resource | undefined): Promise<Issue[]> {
    const { context, kind } = this.#options
    const namesOf = (object: Resource) => kind.tenantNames.flatMap((path) => valuesAt(object.spec, path))
    const own = context.cache.scopeOf(candidate.metadata.namespace ?? '')?.tenant
    const known = new Set<unknown>(['*', own, ...(before === undefined ? [] : namesOf(before).map(({ value }) => value))])
    const fresh = namesOf(candidate).filter(({ value }) => !known.has(value))
    const hidden = new Set<unknown>()
    await this.#sight.forEach([...new Set(fresh.map(({ value }) => String(value)))], async (tenant) => {
      const { isAllowed } = await this.#sight.ofCounterpart(tenant, candidate.metadata.name)
      if (!isAllowed || context.cache.namespaceOf({ tenant }) === undefined) hidden.add(tenant)
    })
    return fresh
      .filter(({ value }) => hidden.has(value))
      .map(({ path, value }) => ({
        pointer: pointerOf(`spec.${path}`),
        message: `tenant "${String(value)}" does not exist, or you may not read its ${kind.collection}`,
      }))
  }
}

/** A few of many names. */
const listed = (names: readonly string[]): string =>
  names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')} and ${names.length - 8} more`
