import type { Kind, KindDefinition } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import type { CallContext, Desired, ResourceAdapter } from '../provider/contract.ts'
import type { Lookup } from '../resolve/lookup.ts'
import type { AccountReport } from './account-check.ts'
import type { Outcome, Problem } from './outcome.ts'

/** What a hook may look at. */
export interface View {
  readonly lookup: Lookup
  /** Objects that name `object` in a field that holds it, for example the instances of a volume. */
  holders(object: Resource, kind: Kind): readonly { readonly kind: string; readonly object: Resource; readonly path: string }[]
  /** Everything of ours in a namespace. */
  contents(namespace: string): readonly { readonly kind: Kind; readonly object: Resource }[]
}

/**
 * How a kind is reconciled where it differs from the default; `controllers/` has one per kind. All hooks are optional,
 * and none may keep state between calls.
 */
export interface Controller<D extends KindDefinition = KindDefinition> {
  readonly kind: Kind<D>
  /** Stands for a cloud account: credentials that stop working are its own trouble, told at once. */
  readonly isAccount?: boolean
  /** Why the object cannot go on yet (or as it is), beyond what its references and guards say. */
  check?(object: Resource<D>, view: View): Problem | undefined
  /** What people should know of an object that is in order: reason and message of its Ready condition. */
  remark?(object: Resource<D>, view: View): { readonly reason: string; readonly message: string } | undefined
  /** Status fields that follow from other objects. `undefined` values clear a field. */
  derive?(object: Resource<D>, view: View, outcome: Outcome): Record<string, unknown>
  /** Fields that {@link derive} answers: what follows from others is no news to others. */
  readonly derives?: readonly string[]
  /** A change of what holds this object is looked at after this long, so that a burst makes one write; absent = at once. */
  readonly settleMs?: number
  /** Stands in for the cloud for kinds that live here alone. */
  adapter?(tools: Tools): ResourceAdapter
  /** Runs before the cloud is asked: whatever must be there first. A problem makes the object wait. */
  prepare?(object: Resource<D>, desired: Desired, tools: Tools): Promise<Problem | undefined>
  /** Runs first when the object is being deleted: may start the deletion of what has to go before it. */
  beforeDelete?(object: Resource<D>, tools: Tools): Promise<void>
  /** Runs when the cloud object is gone, before the finalizer goes. A problem holds the object. */
  afterDelete?(object: Resource<D>, tools: Tools): Promise<Problem | undefined>
}

/** What hooks with side effects get. */
export interface Tools extends CallContext {
  readonly view: View
  readonly services: Services
}

/** A workspace, and the namespace that it was seen to have. */
export interface Home {
  readonly tenant: string
  readonly workspace: string
  readonly recorded?: string | undefined
}

/** Side effects outside the cloud that controllers need; implemented by the wiring. */
export interface Services {
  /** Makes or adopts the namespace of a workspace; answers what it waits for. */
  ensureNamespace(scope: Home, context: CallContext): Promise<Problem | undefined>
  /** Tells the namespace of a workspace to go (made here) or lets go of it (adopted); answers what is still in it. */
  releaseNamespace(scope: Home, context: CallContext): Promise<Problem | undefined>
  isTerminating(namespace: string): boolean
  deleteObject(kind: Kind, object: Resource, context: CallContext): Promise<void>
  /** The objects of a kind in a namespace as the cluster has them now, in pages. */
  listLive(kind: Kind, namespace: string, context: CallContext): AsyncIterable<readonly Resource[]>
  /** Rewrites one field of a spec, whatever else is written to the object meanwhile; see `revise.ts`. */
  reviseField(kind: Kind, object: Resource, path: string, revise: (value: unknown) => unknown, context: CallContext): Promise<void>
  /** Keeps up what the cloud of a region offers, where its CloudProvider says so; answers what went wrong, in a person's words. */
  keepCatalogue(region: Resource, context: CallContext): Promise<string | undefined>
  /** Looks at the accounts of a CloudProvider. Throws what is wrong with the main one. */
  checkAccount(cloudProvider: Resource, context: CallContext): Promise<AccountReport>
}

/** Declares a controller; `extra` only says what differs from the default. */
export function controller<D extends KindDefinition>(kind: Kind<D>, extra: Omit<Controller<D>, 'kind'> = {}): Controller {
  return Object.freeze({ kind, ...extra }) as unknown as Controller
}
