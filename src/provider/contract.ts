import type { Dispatcher } from 'undici'
import type * as z from 'zod'
import type { KindDefinition, OwnStatus, Spec } from '../kinds/kind.ts'
import type { Reference } from '../kinds/ref.ts'
import type { Fence } from './fence.ts'

/**
 * The contract between the engine and a cloud (architecture §5). An adapter translates, nothing more: it never sleeps, polls,
 * retries or caches desired state; the engine calls again. All failures are {@link ProviderError}s.
 */

/** Where an object is in SECA terms; its text form is the SECA path in the ownership tag. */
export interface ResourcePath {
  /** API id, `seca.storage/v1`. */
  readonly api: string
  readonly tenant: string
  readonly workspace?: string
  /** Name of the object this one is nested in (network of a subnet). */
  readonly parent?: string
  readonly region: string
  readonly kind: string
  /** SECA name (without the parent's). */
  readonly name: string
}

/** A resolved reference: what the object it names looks like now. */
export interface Target {
  readonly path: ResourcePath
  /** The cloud's id; absent for catalogue kinds and while the cloud object is not there. */
  readonly externalId: string | undefined
  /** SKU numbers, zones: whatever the target's spec says. */
  readonly spec: Readonly<Record<string, unknown>>
  readonly status: Readonly<Record<string, unknown>>
  readonly isReady: boolean
}

/** What the user wants of one object. */
export interface Desired<D extends KindDefinition = KindDefinition> {
  readonly path: ResourcePath
  readonly spec: Spec<D>
  readonly labels: Readonly<Record<string, string>>
  /** The cloud's id as last recorded, or the one to adopt. Only a hint where a tag can be looked up. */
  readonly externalId: string | undefined
  /** Ownership tag `<installation>/<region>/<SECA path>`, at most 255 characters (see tags.ts): what lookup goes by. */
  readonly tag: string
  /** Nonce of this incarnation: same nonce, same cloud object. Give it as client token where the cloud takes one. */
  readonly incarnation: string
  /** An untagged cloud object named by `externalId` may be tagged and taken over. */
  readonly mayAdopt: boolean
  /** Changes when a restart is asked for (instances); absent = never asked. */
  readonly restartRequest: string | undefined
  /** Zone with the default filled in (first zone of the region when the spec's is empty). */
  readonly zone: string | undefined
  /** Object behind a reference of the spec; undefined while it is not there. */
  target(reference: Reference): Target | undefined
  /** The object in whose path this one is nested (network of a subnet). */
  readonly parent: Target | undefined
  readonly workspace: Target | undefined
}

/** What an adapter saw in the cloud. */
export interface Observed<D extends KindDefinition = KindDefinition> {
  readonly externalId: string
  /** The kind's status fields as the cloud has them (assigned addresses, sizes, power). */
  readonly status: Partial<OwnStatus<D>>
  /** Spec paths that differ from the cloud and matter (`sizeGB`, `addresses[0]`, `powerState`): what `update` will put right. */
  readonly drift: readonly string[]
  /** An operation is under way in the cloud, in a person's words (`resizing`); the engine asks again later. */
  readonly busy?: string | undefined
  /** The cloud gave up on the object, in its own words: stalled until something changes. */
  readonly failed?: string | undefined
  /** Items of the spec that the cloud refused or has not applied yet, by path (`routes[3]`). */
  readonly items?: Readonly<Record<string, { readonly state: 'pending' | 'error'; readonly message: string }>>
}

/** One call's surroundings. */
export interface CallContext {
  /** Aborted on shutdown, lost leadership or time-out. Every request must carry it. */
  readonly signal: AbortSignal
}

/** One kind in one cloud. */
export interface ResourceAdapter<D extends KindDefinition = KindDefinition> {
  /** Looks the object up by tag (or by id for adoption). Never mutates. `undefined` = it does not exist. */
  observe(desired: Desired<D>, context: CallContext): Promise<Observed<D> | undefined>
  /** Starts creation, with tag and incarnation in the same call; may return before the object is ready. Calling twice makes one object. */
  create(desired: Desired<D>, context: CallContext): Promise<{ readonly externalId: string }>
  /** Starts to put right what `seen.drift` lists. Absent: every change is `unsupported`. */
  update?(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<void>
  /** Starts deletion of what `observe` saw. Deleting what is gone or going is fine. */
  delete(desired: Desired<D>, seen: Observed<D>, context: CallContext): Promise<void>
}

/** An object in the cloud that carries a tag of ours, for audits. */
export interface InventoryItem {
  readonly kind: string
  readonly externalId: string
  readonly tag: string
}

/** A cloud account, connected. */
export interface Connection {
  /** Adapter by kind name; a kind that is missing is unsupported (or needs nothing here, for kinds with `cloud: 'optional'`). */
  readonly adapters: Readonly<Record<string, ResourceAdapter>>
  /** Resolves when the credentials work; throws `credentials`, `transient`… otherwise. */
  check(context: CallContext): Promise<void>
  /** All objects tagged `<installation>/…` in the account. */
  inventory(installation: string, context: CallContext): AsyncIterable<InventoryItem>
  close(): Promise<void>
}

/** What a provider is able to do with a kind: the capability table is generated from it. */
export interface Capability {
  /** Spec paths that `update` can change; `[]` = create and delete only. */
  readonly updates: readonly string[]
  /** Anything a user should know, in a few words. */
  readonly note?: string
}

/** A cloud provider: `providers/<name>/index.ts` exports one. */
export interface Provider<S extends z.ZodObject = z.ZodObject, C extends z.ZodObject = z.ZodObject> {
  /** `CloudProvider.spec.type` */
  readonly type: string
  readonly capabilities: Readonly<Record<string, Capability>>
  /** Schema of `CloudProvider.spec.settings`. */
  readonly settings: S
  /** Schema of the Secret's keys (all strings). */
  readonly credentials: C
  /** Makes a connection; must not call the cloud yet. */
  connect(account: Account<z.output<S>, z.output<C>>): Connection
}

export interface Account<S, C> {
  /** SECA region that the connection serves. */
  readonly region: string
  readonly settings: S
  readonly credentials: C
  /** Waits for the account's budget (token bucket); call it before every request to the cloud. */
  readonly acquire: (context: CallContext) => Promise<void>
  /** Tells the budget that the cloud throttled: no call of the account leaves for this many milliseconds. */
  readonly pause?: (forMs: number) => void
  /** To be asked last before anything is changed in the cloud; `HttpClient` does. Absent: always. */
  readonly fence?: Fence
  /** The way to the cloud where it is not the network: a cloud in this process. Absent: a pool of connections. */
  readonly dispatcher?: Dispatcher
}
