import type { State } from '../src/kinds/common.ts'
import { RouteTable, SecurityGroup } from '../src/kinds/index.ts'
import type { Kind } from '../src/kinds/kind.ts'
import type { Resource } from '../src/kinds/resource.ts'
import { controller, type View } from '../src/reconcile/controller.ts'
import { isDone } from '../src/reconcile/in-step.ts'
import { isUsable, type Outcome } from '../src/reconcile/outcome.ts'
import { ByReference } from '../src/resolve/by-reference.ts'
import { type FoundReference, referencesOf, resolver } from '../src/resolve/references.ts'

interface Item {
  readonly state: State
  readonly reason: string
  readonly message?: string
}

interface ItemStatus {
  readonly state: State
  readonly conditions: readonly {
    readonly state: State
    readonly lastTransitionAt: string
    readonly reason?: string
    readonly message?: string
  }[]
}

const APPLIED: Item = { state: 'active', reason: 'Applied' }

/** How far a reference inside a route or rule has come (contract §5: a target that is not there yet is `pending`, an impossible one `error`). */
function ofReference(resolve: ReturnType<typeof resolver>, found: FoundReference): Item {
  const resolution = resolve(found)
  switch (resolution.state) {
    case 'literal':
      return APPLIED
    case 'found':
      return isUsable(resolution.object)
        ? APPLIED
        : { state: 'pending', reason: 'ReferenceNotReady', message: `${found.reference.resource} is not ready` }
    case 'missing':
      return { state: 'pending', reason: 'ReferenceNotFound', message: resolution.message }
    case 'invalid':
    case 'ambiguous':
      return { state: 'error', reason: 'InvalidReference', message: resolution.message }
    default:
      return resolution satisfies never
  }
}

/** State of every item of a list in the spec, with one condition each; times move only with the state. */
function itemStates(kind: Kind, field: string, object: Resource, view: View, outcome: Outcome): ItemStatus[] {
  const items = ((object.spec as Record<string, unknown>)[field] ?? []) as readonly unknown[]
  const before = ((object.status as Record<string, unknown> | undefined)?.[field] ?? []) as readonly ItemStatus[]
  const references = Map.groupBy(referencesOf(kind, object), ({ path }) => /^[^.]+/.exec(path)?.[0])
  const resolve = resolver(view.lookup, kind, object)
  // Thousands of sources often are the same few.
  const known = new ByReference<Item>()
  const isApplied = isDone(outcome)
  return items.map((_item, index) => {
    const path = `${field}[${index}]`
    const refused = outcome.items?.[path]
    const states = (references.get(path) ?? []).map((found) => known.of(found.rule, found.reference, () => ofReference(resolve, found)))
    const worst = states.find(({ state }) => state === 'error') ?? states.find(({ state }) => state === 'pending')
    const item = refused
      ? { state: refused.state, reason: 'Refused', message: refused.message }
      : (worst ?? (isApplied ? APPLIED : { state: 'pending' as const, reason: 'NotApplied' }))
    return stamped(item, before[index])
  })
}

function stamped({ state, reason, message }: Item, before: ItemStatus | undefined): ItemStatus {
  const old = before?.conditions[0]
  const lastTransitionAt = before?.state === state && old !== undefined ? old.lastTransitionAt : new Date().toISOString()
  return { state, conditions: [{ state, lastTransitionAt, reason, ...(message === undefined ? {} : { message: message.slice(0, 256) }) }] }
}

export const routeTable = controller(RouteTable, {
  derives: ['routes'],
  derive: (object, view, outcome) => ({ routes: itemStates(RouteTable, 'routes', object as Resource, view, outcome) }),
})

export const securityGroup = controller(SecurityGroup, {
  derives: ['rules'],
  derive: (object, view, outcome) => ({ rules: itemStates(SecurityGroup, 'rules', object as Resource, view, outcome) }),
})
